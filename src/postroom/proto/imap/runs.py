"""A set of uids as runs of consecutive ones, with rank and selection: which uid is the n-th, how many lie below one.

RFC 9051 §2.3.1.2 (message sequence numbers). A mailbox from which little was expunged is few runs, however many messages it has. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from postroom.proto.imap.sets import STAR, Ranges, joined


class Runs:
    """Ascending runs (first, last) that do not touch; numbers are counted from 1."""

    __slots__ = ("_below", "_firsts", "_lasts")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._below: list[int] = []  # how many lie in the runs before each; as long as it is valid
        for first, last in ranges:
            self.append(first, last)

    def __len__(self) -> int:
        self._count()
        return self._below[-1] + self._lasts[-1] - self._firsts[-1] + 1 if self._firsts else 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def __contains__(self, uid: int) -> bool:
        at = bisect_right(self._firsts, uid) - 1
        return at >= 0 and uid <= self._lasts[at]

    @property
    def last(self) -> int:
        """The highest uid; 0 when there is none."""
        return self._lasts[-1] if self._lasts else 0

    def rank(self, uid: int) -> int:
        """How many are `uid` or lower: its number, if it is there."""
        self._count()
        at = bisect_right(self._firsts, uid) - 1
        return 0 if at < 0 else self._below[at] + min(uid, self._lasts[at]) - self._firsts[at] + 1

    def at(self, number: int) -> int:
        """The uid with this number; raises IndexError."""
        self._count()
        run = bisect_right(self._below, number - 1) - 1
        if number < 1 or run < 0 or self._firsts[run] + number - 1 - self._below[run] > self._lasts[run]:
            raise IndexError(number)
        return self._firsts[run] + number - 1 - self._below[run]

    def within(self, first: int, last: int) -> Ranges:
        """The runs between two uids, cut to them."""
        at = max(0, bisect_right(self._firsts, first) - 1)
        found: Ranges = []
        while at < len(self._firsts) and self._firsts[at] <= last:
            if self._lasts[at] >= first:
                found.append((max(first, self._firsts[at]), min(last, self._lasts[at])))
            at += 1
        return found

    def append(self, first: int, last: int) -> None:
        """Adds uids above all that are there."""
        if self._lasts and first <= self._lasts[-1]:
            raise ValueError(f"{first} does not lie above {self._lasts[-1]}")
        if self._lasts and first == self._lasts[-1] + 1:
            self._lasts[-1] = last
            return
        self._firsts.append(first)
        self._lasts.append(last)

    def add(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Adds uids anywhere; those that are there stay. What fits between two runs costs nothing for all the others."""
        new = joined(ranges)
        if not new:
            return
        low = high = bisect_right(self._firsts, new[0][0])
        if (low and self._lasts[low - 1] >= new[0][0]) or new[-1][1] >= self._first(high):
            low, high, new = 0, len(self._firsts), joined([*self, *new])
        if low and self._lasts[low - 1] + 1 == new[0][0]:
            low -= 1
            new[0] = (self._firsts[low], new[0][1])
        if new[-1][1] + 1 == self._first(high):
            new[-1] = (new[-1][0], self._lasts[high])
            high += 1
        self._firsts[low:high] = [first for first, _ in new]
        self._lasts[low:high] = [last for _, last in new]
        del self._below[low:]

    def _first(self, at: int) -> int:
        """Where a run begins; behind all of them nothing does."""
        return self._firsts[at] if at < len(self._firsts) else STAR + 1

    def remove(self, uids: Iterable[int]) -> None:
        """Takes ascending uids out; those that are not there are passed over."""
        firsts: list[int] = []
        lasts: list[int] = []
        gone = iter(uids)
        uid = next(gone, 0)
        for first, last in self:
            start = first
            while uid and uid <= last:
                if uid >= start:
                    if uid > start:
                        firsts.append(start)
                        lasts.append(uid - 1)
                    start = uid + 1
                uid = next(gone, 0)
            if start <= last:
                firsts.append(start)
                lasts.append(last)
        self._firsts, self._lasts, self._below = firsts, lasts, []

    def _count(self) -> None:
        below = self._below
        if len(below) == len(self._firsts):
            return
        total = below[-1] + self._lasts[len(below) - 1] - self._firsts[len(below) - 1] + 1 if below else 0
        for at in range(len(below), len(self._firsts)):
            below.append(total)
            total += self._lasts[at] - self._firsts[at] + 1
