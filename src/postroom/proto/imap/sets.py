"""Sets of messages as clients write them, and as they are worked with: ranges that ascend and do not touch.

RFC 9051 §9 (sequence-set), RFC 5182 §2.1 (`$`, the saved result), RFC 9394 §3.1 (partial ranges). A set of 60 KB or up to 4294967295 costs what
its text costs, never what it counts. Not here: which messages there are (`proto.imap.runs`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.proto.imap.grammar import ImapCursor, nz_number

STAR: Final = 1 << 32  # stands for the largest number in use; no message has it
MAX_RANGES: Final = 50_000  # of one set of messages

Ranges = list[tuple[int, int]]


class SequenceSet(msgspec.Struct, frozen=True):
    """`ranges` in the order and direction in which they came, STAR in them; `saved`: `$` was among them."""

    ranges: tuple[tuple[int, int], ...] = ()
    saved: bool = False

    def resolve(self, largest: int) -> Ranges:
        """Ascending ranges that do not touch; `largest` is what `*` stands for, 0 in an empty mailbox."""
        if largest == 0:
            return joined((a, b) for a, b in self.ranges if STAR not in (a, b))
        return joined(
            (min(a, b), max(a, b))
            for a, b in (
                (largest if first == STAR else first, largest if last == STAR else last)
                for first, last in self.ranges
            )
        )


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Ranges in ascending order; those that overlap or touch become one."""
    found: Ranges = []
    for first, last in sorted((min(a, b), max(a, b)) for a, b in ranges):
        if found and first <= found[-1][1] + 1:
            if last > found[-1][1]:
                found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def intersection(one: Ranges, other: Ranges) -> Ranges:
    """What lies in both; both ascend and do not touch."""
    found: Ranges = []
    i = j = 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first <= last:
            found.append((first, last))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def ranges_of(numbers: Iterable[int]) -> Ranges:
    """Ascending numbers as ranges."""
    found: Ranges = []
    for value in numbers:
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def count(ranges: Iterable[tuple[int, int]]) -> int:
    """How many numbers lie in them."""
    return sum(last - first + 1 for first, last in ranges)


def render(ranges: Iterable[tuple[int, int]]) -> bytes:
    """`1:3,5`; b"" for none."""
    return b",".join(b"%d:%d" % (a, b) if a != b else b"%d" % a for a, b in ranges)


def sequence_set(c: ImapCursor) -> SequenceSet:
    """`2,4:7,9,12:*` or `$` (RFC 5182 §2.1)."""
    if c.accept(b"$"):
        return SequenceSet((), saved=True)
    return SequenceSet(tuple(_ranges(c)))


def uid_set(c: ImapCursor) -> Ranges:
    """A set of uids without `*` or `$`, ascending (uid-set of RFC 4315 §4)."""
    start = c.position
    found = _ranges(c)
    if any(STAR in one for one in found):
        c.position = start
        raise c.error("a set of uids without *")
    return joined(found)


def partial_range(c: ImapCursor) -> tuple[int, int]:
    """`1:500`, or `-1:-500` from the end (RFC 9394 §4); as it was written."""
    sign = -1 if c.accept(b"-") else 1
    first = nz_number(c, "a range such as 1:500 or -1:-500")
    c.expect(b":")
    if sign < 0:
        c.expect(b"-", "two numbers of one sign")
    return sign * first, sign * nz_number(c, "a range such as 1:500 or -1:-500")


def _ranges(c: ImapCursor) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while True:
        first = _number(c)
        found.append((first, _number(c)) if c.accept(b":") else (first, first))
        if not c.accept(b","):
            return found
        if len(found) >= MAX_RANGES:
            raise c.error(f"at most {MAX_RANGES} ranges in one set")


def _number(c: ImapCursor) -> int:
    return STAR if c.accept(b"*") else nz_number(c, "a set of messages, such as 1:3,5,7:*,")
