"""The text form of ids: a letter that says what it names, and base32 of the number.

The same form is used on every wire: queue replies, JMAP ids, OBJECTID (RFC 8474 §7 allows exactly such characters). The numbers
are made elsewhere; here is no clock and no counter.
"""

from __future__ import annotations

import enum

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # two digits at a time
_VALUE = {char: value for value, char in enumerate(_ALPHABET)}
_LONGEST = 13


class IdKind(enum.StrEnum):
    """What an id names."""

    JOURNEY = "J"
    ACCOUNT = "A"
    MAILBOX = "F"
    EMAIL = "M"
    THREAD = "T"
    BLOB = "B"
    QUEUE_JOB = "Q"
    RECORD = "R"
    PRINCIPAL = "P"


def id_text(kind: IdKind, number: int) -> str:
    """`J` and the base32 digits of a number from 0 to 2^63 - 1 (no padding, no i, l, o, u)."""
    text = ""
    while number:
        text = _PAIRS[number & 1023] + text
        number >>= 10
    return kind.value + (text.lstrip("0") or "0")


def parse_id(kind: IdKind, text: str) -> int | None:
    """The number of an id of that kind, in any case; None when it is not one."""
    if text[:1].upper() != kind.value or not 2 <= len(text) <= _LONGEST + 1:
        return None
    number = 0
    for char in text[1:].lower():
        value = _VALUE.get(char)
        if value is None:
            return None
        number = number << 5 | value
    return number if number < 1 << 63 else None
