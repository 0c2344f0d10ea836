"""The sequences of MH: spans in any order, and the marks that they are."""

from __future__ import annotations

import pytest

from postroom.message.files.mh import flags_of, read_sequences

SAID = """cur: 7
unseen: 8-9 1-4 3 20-10 x 5-y -6
Flagged: 9 2
replied: 2-3
nonsense
"""


@pytest.mark.parametrize(
    ("number", "flags"),
    [(1, ""), (2, "FR"), (3, "R"), (4, ""), (5, "S"), (6, "S"), (7, "S"), (8, ""), (9, "F"), (10, "S"), (15, "S")],
)  # fmt: skip
def test_marks(number: int, flags: str) -> None:
    assert flags_of(number, read_sequences(SAID)) == flags


def test_a_span_within_another() -> None:
    sequence = read_sequences("unseen: 1-100 5-6 200")["unseen"]
    assert [number for number in range(1, 300) if number in sequence] == [*range(1, 101), 200]
    assert 0 not in sequence
    assert read_sequences("") == {}
