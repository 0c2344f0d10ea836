"""Sizes and spans of time as people type them on a command line."""

from __future__ import annotations

import re

from postroom.agent.invocation import CommandFailed

_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([a-z]*)", re.IGNORECASE)
_OCTETS = {"": 1, "b": 1, "k": 1000, "kb": 1000, "kib": 1 << 10, "m": 10**6, "mb": 10**6, "mib": 1 << 20}
_OCTETS |= {"g": 10**9, "gb": 10**9, "gib": 1 << 30, "t": 10**12, "tb": 10**12, "tib": 1 << 40}
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


_MOST = 1 << 62  # octets or microseconds: what the store can hold, with room for a sum


def octets(text: str) -> int:
    """`500MB`, `2GiB`, `1048576`; raises `CommandFailed`."""
    return _whole(text, _quantity(text, _OCTETS, "a size; one looks like 500MB or 2GB"))


def microseconds(text: str) -> int:
    """`30min`, `4h`, `2d`; raises `CommandFailed`."""
    return _whole(text, _quantity(text, _SECONDS, "a time; one looks like 30min, 4h or 2d") * 1_000_000)


def _quantity(text: str, units: dict[str, int], what: str) -> float:
    matched = _QUANTITY.fullmatch(text.strip())
    unit = units.get(matched[2].lower()) if matched else None
    if matched is None or unit is None:
        raise CommandFailed(f"{text!r} is not {what}", 2)
    return float(matched[1]) * unit


def _whole(text: str, found: float) -> int:
    if found > _MOST:
        raise CommandFailed(f"{text!r} is too much; a quantity ends at {_MOST}, in octets or microseconds", 2)
    return int(found)
