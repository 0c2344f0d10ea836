"""What a search found, as IMAP writes it: SEARCH, SORT, THREAD and ESEARCH responses.

RFC 9051 §7.3.4 (ESEARCH), RFC 3501 §7.2.5 (SEARCH), RFC 4731 §3.1 and §3.2 (MODSEQ), RFC 5256 §4 (SORT), RFC 5267 §3.2 (ranges of a sorted result), RFC
7162 §3.1.6, RFC 7377 §2.1, RFC 9394 §3.1. A result is a list of numbers in its order. Long ones are rendered in pieces. Not here: finding anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from postroom.proto.imap.commands.searching import Returns
from postroom.proto.imap.rendering import string
from postroom.proto.imap.sets import Ranges, count, joined, render

AT_ONCE: Final = 5_000  # numbers, or ranges, that are rendered in one piece


class Correlation(msgspec.Struct, frozen=True):
    """To what an ESEARCH response belongs: the command, and with ESEARCH the mailbox, its name as it is written (RFC 7377 §2.1)."""

    tag: bytes
    by_uid: bool
    mailbox: bytes = b""
    uidvalidity: int = 0

    def render(self) -> bytes:
        """`ESEARCH (TAG "a" …) UID`."""
        place = b" MAILBOX %b UIDVALIDITY %d" % (self.mailbox, self.uidvalidity) if self.mailbox else b""
        return b"ESEARCH (TAG %b%b)%b" % (string(self.tag), place, b" UID" if self.by_uid else b"")


class Result(msgspec.Struct, frozen=True):
    """What was found, in its order: as ranges that are to be counted through one after the other, upwards.

    Of a search they ascend; of a sort they do not. `modseq` 0: not asked for. `scores`: of each, in its order.
    """

    ranges: Ranges
    modseq: int = 0
    scores: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """How many."""
        return count(self.ranges)

    def part(self, first: int, last: int) -> Ranges:
        """The results from the `first`-th to the `last`-th, counted from 1, or with negative numbers from the end."""
        if first < 0:
            total = self.total
            first, last = total + 1 + first, total + 1 + last
        return window(self.ranges, min(first, last), max(first, last))


def in_order(numbers: Iterable[int]) -> Ranges:
    """Numbers in any order as ranges that ascend within themselves (RFC 5267 §3.2)."""
    found: Ranges = []
    first = last = 0
    for number in numbers:
        if last and number == last + 1:
            last = number
            continue
        if last:
            found.append((first, last))
        first = last = number
    if last:
        found.append((first, last))
    return found


def window(ranges: Sequence[tuple[int, int]], first: int, last: int) -> Ranges:
    """The `first`-th to the `last`-th number of ranges, in their order; what there is of them."""
    found: Ranges = []
    before = 0
    for low, high in ranges:
        if before >= last:
            break
        size = high - low + 1
        start, end = max(first - before, 1), min(last - before, size)
        if start <= end:
            found.append((low + start - 1, low + end - 1))
        before += size
    return found


def returned(result: Result, returns: Returns) -> Ranges:
    """Which of a result the options tell of, ascending: what `$` stands for after a search that saves (RFC 9051 §6.4.4.1, RFC 9394 §3.2), and what
    MODSEQ is of (RFC 4731 §3.2)."""
    options = returns.options
    if "ALL" in options or "COUNT" in options or (returns.partial is None and not options & {"MIN", "MAX"}):
        return joined(result.ranges)
    found: Ranges = [] if returns.partial is None else result.part(*returns.partial)
    if result.ranges and "MIN" in options:
        found = [*found, (result.ranges[0][0], result.ranges[0][0])]
    if result.ranges and "MAX" in options:
        found = [*found, (result.ranges[-1][1], result.ranges[-1][1])]
    return joined(found)


def extended(correlation: Correlation, result: Result, returns: Returns) -> Iterator[bytes]:
    """An ESEARCH response in pieces, line end included."""
    ranges = result.ranges
    yield b"* " + correlation.render()
    if ranges and "MIN" in returns.options:
        yield b" MIN %d" % ranges[0][0]
    if ranges and "MAX" in returns.options:
        yield b" MAX %d" % ranges[-1][1]
    if "COUNT" in returns.options:
        yield b" COUNT %d" % result.total
    if ranges and returns.all:
        yield from _set(b" ALL ", ranges)
    if returns.partial is not None:
        part = result.part(*returns.partial)
        yield b" PARTIAL (%d:%d" % returns.partial
        yield from _set(b" ", part) if part else (b" NIL",)
        yield b")"
    if "RELEVANCY" in returns.options:
        yield b" RELEVANCY (%b)" % b" ".join(b"%d" % score for score in result.scores)
    if result.modseq:
        yield b" MODSEQ %d" % result.modseq
    yield b"\r\n"


def _set(start: bytes, ranges: Ranges) -> Iterator[bytes]:
    for at in range(0, len(ranges), AT_ONCE):
        yield (b"," if at else start) + render(ranges[at : at + AT_ONCE])


def plain(word: bytes, result: Result) -> Iterator[bytes]:
    """`* SEARCH 1 2 3` or `* SORT 3 1 2`, with the modseq where it was asked for and something was found; in pieces."""
    yield b"* " + word
    yield from _numbers(result.ranges)
    if result.modseq:
        yield b" (MODSEQ %d)" % result.modseq
    yield b"\r\n"


def one_by_one(word: bytes, numbers: Sequence[int], modseq: int = 0) -> Iterator[bytes]:
    """The same of numbers in any order, of which few follow each other."""
    yield b"* " + word
    for at in range(0, len(numbers), AT_ONCE):
        yield (" " + " ".join(map(str, numbers[at : at + AT_ONCE]))).encode()
    if modseq:
        yield b" (MODSEQ %d)" % modseq
    yield b"\r\n"


def _numbers(ranges: Ranges) -> Iterator[bytes]:
    """Each number behind a space, at most twice AT_ONCE in one piece."""
    words: list[str] = []
    room = AT_ONCE
    for first, last in ranges:
        for start in range(first, last + 1, AT_ONCE):
            end = min(last, start + AT_ONCE - 1)
            words.append(" " + " ".join(map(str, range(start, end + 1))) if end > start else f" {start}")
            room -= end - start + 1
            if room <= 0:
                yield "".join(words).encode()
                words.clear()
                room = AT_ONCE
    yield "".join(words).encode()
