"""JSON as the Internet exchanges it: UTF-8, no surrogates and noncharacters, no name twice in an object, numbers that everybody can hold.

RFC 7493 (I-JSON), which RFC 8620 §1.5 asks for. msgspec reads what it can; the standard library finds names that are there twice.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from typing import Any, Final

import msgspec

DEPTH: Final = (
    100  # of arrays and objects in each other: a filter of 32 levels, within its call, within the request
)
SAFE: Final = 2**53 - 1  # the largest integer that every reader has exactly, RFC 7493 §2.2
# RFC 7493 §2.1: noncharacters in UTF-8, and what may be the escape of one.
_NONCHARACTER: Final = re.compile(
    rb"\xef\xb7[\x90-\xaf]|\xef\xbf[\xbe\xbf]|[\xf0-\xf4][\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf]"
)
_PERHAPS: Final = (b"\xef\xb7", b"\xef\xbf", b"\xbf\xbe", b"\xbf\xbf")  # found at once, where it is in there
_ESCAPED: Final = re.compile(rb"\\u[dDfF][0-9a-fA-F]{3}")
_STRING: Final = re.compile(rb'"[^"]*+"?+')  # without escapes
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(octet for octet in range(256) if octet not in _STEP)


class NotJson(ValueError):
    """The octets are no I-JSON; the words say why."""


def decode(raw: bytes) -> Any:
    """The value; raises `NotJson`. Linear, and with bounded recursion."""
    if _too_deep(raw):
        raise NotJson(f"arrays and objects lie more than {DEPTH} deep in each other")
    try:
        value = msgspec.json.Decoder(float_hook=_number).decode(raw)
        json.loads(raw, object_pairs_hook=_no_name_twice)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    written = msgspec.json.encode(value) if _ESCAPED.search(raw) else raw
    if _has_noncharacter(written):
        raise NotJson("a text has a noncharacter")
    return value


def encode(value: Any) -> bytes:
    """UTF-8 octets of a value of plain types and structs; a noncharacter becomes U+FFFD."""
    written = msgspec.json.encode(value)
    return _NONCHARACTER.sub(b"\xef\xbf\xbd", written) if _has_noncharacter(written) else written


def _has_noncharacter(octets: bytes) -> bool:
    return any(one in octets for one in _PERHAPS) and _NONCHARACTER.search(octets) is not None


def is_text(octets: bytes) -> bool:
    """Whether octets are a text that can be told as it is."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not _has_noncharacter(octets)


def _number(written: str) -> float:
    """A number with a fraction or an exponent: an integer where it is one."""
    number = float(written)
    if math.isinf(number):
        raise NotJson(f"nobody can hold {written[:40]}")
    return int(number) if number.is_integer() and abs(number) <= SAFE else number


def _no_name_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise NotJson(f"the name {twice[:100]!r} is there twice in an object")


def _too_deep(raw: bytes) -> bool:
    """Whether brackets outside strings go deeper than `DEPTH`; looked at only when there are as many. Behind what is no JSON they do not matter."""
    if raw.count(b"[") + raw.count(b"{") <= DEPTH:
        return False
    plain = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = _STRING.sub(b"", plain).translate(None, _NO_BRACKETS)
    return max(itertools.accumulate(map(_STEP.__getitem__, brackets)), default=0) > DEPTH
