"""SASLprep: how names and passwords are made alike before they are compared, and what may not be in them.

RFC 4013 §2 (mapping, normalisation, prohibited output, bidirectional characters), as a profile of RFC 3454 §3 to §6 over the tables of the
standard library. A text is bounded, and each of the characters that are in it is looked at once. Not here: which mechanisms ask for it.
"""

from __future__ import annotations

import stringprep
import unicodedata

MAX_TEXT = 1024  # characters of a name or a password; NFKC makes at most 18 times as many of it

_PROHIBITED = (  # RFC 4013 §2.3
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class Unprepared(ValueError):
    """The text has no prepared form; the words say why without showing it."""


def saslprep(text: str, *, stored: bool = False) -> str:
    """The prepared text. `stored`: it will be kept, so characters that Unicode 3.2 did not assign are refused (RFC 3454 §7).

    Raises `Unprepared`.
    """
    if len(text) > MAX_TEXT:
        raise Unprepared(f"longer than {MAX_TEXT} characters")
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    for char in dict.fromkeys(prepared):
        if any(prohibits(char) for prohibits in _PROHIBITED):
            raise Unprepared(f"U+{ord(char):04X} may not be in it (RFC 4013 §2.3)")
        if stored and stringprep.in_table_a1(char):
            raise Unprepared(f"U+{ord(char):04X} is not assigned in Unicode 3.2 (RFC 4013 §2.5)")
    check_directions(prepared)
    return prepared


def check_directions(text: str) -> None:
    """RFC 3454 §6: right-to-left text stands alone, and from end to end."""
    chars = frozenset(text)
    if not any(map(stringprep.in_table_d1, chars)):
        return
    if any(map(stringprep.in_table_d2, chars)):
        raise Unprepared("it mixes directions of writing (RFC 3454 §6)")
    if not (stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise Unprepared("right-to-left text must begin and end with such a character (RFC 3454 §6)")
