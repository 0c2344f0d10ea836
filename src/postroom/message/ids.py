"""The text form of ids: a letter that says what it names, and base32 of the number.

The same form is used on every wire: queue replies, JMAP ids, OBJECTID (RFC 8474 §7 allows exactly such characters). The numbers
are made elsewhere; here is no clock and no counter.
"""

from __future__ import annotations

import enum

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # two digits at a time
_NOT_OURS = frozenset("ilou")
_AS_PYTHON = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_LONGEST = 13


class IdKind(enum.StrEnum):
    """What an id names."""

    JOURNEY = "J"
    ACCOUNT = "A"
    MAILBOX = "F"
    EMAIL = "M"
    THREAD = "T"
    BLOB = "B"
    RECORD = "R"
    PRINCIPAL = "P"


def id_text(kind: IdKind, number: int) -> str:
    """`J` and the base32 digits of a number from 0 to 2^63 - 1 (no padding, no i, l, o, u)."""
    pairs = _PAIRS  # a list of fifty has three hundred ids
    upper = f"{pairs[number >> 60]}{pairs[number >> 50 & 1023]}{pairs[number >> 40 & 1023]}{pairs[number >> 30 & 1023]}"
    lower = f"{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"
    return kind + ((upper + lower).lstrip("0") or "0")


def parse_id(kind: IdKind, text: str) -> int | None:
    """The number of an id of that kind, in any case; None when it is not one."""
    if text[:1].upper() != kind or not 2 <= len(text) <= _LONGEST + 1:
        return None
    digits = text[1:].lower()
    if not (digits.isascii() and digits.isalnum()) or not _NOT_OURS.isdisjoint(digits):
        return None
    number = int(digits.translate(_AS_PYTHON), 32)
    return number if number < 1 << 63 else None


def is_own_form(kind: IdKind, text: str) -> bool:
    """Whether an id that `parse_id` reads is written as `id_text` does it: small letters, and no zero in front."""
    return text[0] == kind and text[1:].lower() == text[1:] and (text[1] != "0" or len(text) == 2)
