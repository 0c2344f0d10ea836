"""Many values in a statement: IN lists of one length, so that a few texts serve any number of them.

Both engines keep a statement that they have prepared by its text. Not here: spans of uids, which need no list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CHUNK: Final = 50  # values in one IN list: statements stay few, and the same text serves every full chunk


def placeholders(count: int, first: int) -> str:
    """`$first, ...`, for an IN list."""
    return ", ".join(f"${first + number}" for number in range(count))


def chunks(values: Iterable[int]) -> list[list[int]]:
    """Sorted distinct values in lists of CHUNK, the last one filled up by repeating its last value."""
    ordered = sorted(set(values))
    parts = [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
    if parts:
        parts[-1] += parts[-1][-1:] * (CHUNK - len(parts[-1]))
    return parts
