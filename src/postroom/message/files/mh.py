"""What MH keeps beside messages that are files with numbers for names: the file `.mh_sequences`, a line for each sequence, `unseen: 1-3 7`.

As nmh, Mutt and others write it: `unseen`, `flagged` and `replied` are marks. Values only; not here: files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

import msgspec

from postroom.wire.numbers import decimal

SEQUENCES_FILE: Final = ".mh_sequences"
_DIGITS: Final = 9  # of a number
_LETTERS: Final = {"flagged": "F", "replied": "R"}  # as Maildir has them


class Sequence(msgspec.Struct, frozen=True):
    """Numbers: the starts of spans in ascending order, and for each the greatest end of those so far."""

    starts: list[int]
    ends: list[int]

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.starts, number) - 1
        return at >= 0 and number <= self.ends[at]


def read_sequences(text: str) -> dict[str, Sequence]:
    """The sequences of a folder, by name."""
    found = {}
    for line in text.splitlines():
        name, colon, numbers = line.partition(":")
        if colon:
            found[name.strip().lower()] = _sequence(numbers)
    return found


def flags_of(number: int, sequences: Mapping[str, Sequence]) -> str:
    """The marks of a message, in Maildir's letters."""
    flags = "".join(letter for name, letter in _LETTERS.items() if number in sequences.get(name, ()))
    return flags if number in sequences.get("unseen", ()) else flags + "S"


def _sequence(numbers: str) -> Sequence:
    spans = []
    for span in numbers.split():
        first, _, last = span.partition("-")
        start, end = decimal(first, _DIGITS), decimal(last or first, _DIGITS)
        if start is not None and end is not None:
            spans.append((start, end))
    spans.sort()
    ends: list[int] = []
    for _, end in spans:
        ends.append(max(end, ends[-1] if ends else 0))
    return Sequence([start for start, _ in spans], ends)
