"""Strict decimal numbers from outside.

RFC 5321 §4.1.2, RFC 1939 §3 and RFC 9051 §9 all mean ASCII digits. Python's `int()` also takes `1_0`, `+5`, ` 7` and other scripts'
digits, and `str.isdigit()` what `int()` does not, such as a raised 2: neither may meet the wire alone. Not here: signs, hexadecimal, ranges.
"""

from __future__ import annotations


def decimal(text: bytes | str, most_digits: int = 10) -> int | None:
    """The value of 1 to `most_digits` ASCII digits; None for anything else (no sign, no space, no underscore)."""
    if not 0 < len(text) <= most_digits or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
