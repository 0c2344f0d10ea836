"""JSON as the Internet exchanges it: UTF-8, no lone surrogates, no name twice in an object, numbers that everybody can hold.

RFC 7493 (I-JSON), which RFC 8620 §1.5 asks for. msgspec reads what it can; the standard library finds names that are there twice.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any, Final

import msgspec

DEPTH: Final = (
    100  # of arrays and objects in each other: a filter of 32 levels, within its call, within the request
)
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(octet for octet in range(256) if octet not in _STEP)


class NotJson(ValueError):
    """The octets are no I-JSON; the words say why."""


def decode(raw: bytes) -> Any:
    """The value; raises `NotJson`. Linear, and with bounded recursion."""
    if _too_deep(raw):
        raise NotJson(f"arrays and objects lie more than {DEPTH} deep in each other")
    try:
        value = msgspec.json.decode(raw)
        json.loads(raw, object_pairs_hook=_no_name_twice)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    return value


def encode(value: Any) -> bytes:
    """UTF-8 octets of a value of plain types and structs."""
    return msgspec.json.encode(value)


def _no_name_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotJson(f"the name {twice[:100]!r} is there twice in an object")


def _too_deep(raw: bytes) -> bool:
    """Whether brackets outside strings go deeper than `DEPTH`; looked at only when there are as many."""
    if raw.count(b"[") + raw.count(b"{") <= DEPTH:
        return False
    brackets = _STRING.sub(b"", raw).translate(None, _NO_BRACKETS)
    return max(itertools.accumulate(map(_STEP.__getitem__, brackets)), default=0) > DEPTH
