"""FETCH responses that were rendered before, kept as whole slices: a mailbox that has not changed is answered from here.

Lines belong to a mailbox, to whoever reads it, and to a list of attributes; they are as the mailbox was at a modseq. What came or changed since takes
only its slices with it, what vanished takes all that follows, since numbers move up. Shared by all sessions of a service, bounded in octets, the
longest unused goes first. Not here: how a line is rendered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

MAX_RENDERED: Final = 32 << 20  # octets of rendered lines that a service keeps
MAX_SLICE: Final = 1 << 20  # octets of one slice that is kept
_OVERHEAD: Final = 200  # octets that a slice costs besides its lines


class Slice(NamedTuple):
    """Lines of the messages from one uid to `end`; `full`: there may be more behind. `recent`: the first \\Recent uid, 0 when none is."""

    end: int
    full: bool
    last: int
    recent: int
    data: bytes


class Lines:
    """The slices of one mailbox and one list of attributes, by the uid at which they begin; valid at `modseq`."""

    __slots__ = ("key", "modseq", "octets", "slices")

    def __init__(self, key: Hashable, octets: int) -> None:
        self.key = key
        self.modseq = 0
        self.octets = octets
        self.slices: dict[int, Slice] = {}


class Rendered:
    """All lines of a service. `octets` is what is kept."""

    def __init__(self, most: int = MAX_RENDERED) -> None:
        self._most = most
        self._lines: dict[Hashable, Lines] = {}
        self.octets = 0

    def lines(self, key: Hashable, size: int) -> Lines:
        """The lines of a mailbox and a list of attributes, perhaps none yet; `size` is that of the key in octets."""
        found = self._lines.pop(key, None)
        if found is None:
            found = Lines(key, size + _OVERHEAD)
            self.octets += found.octets
        self._lines[key] = found  # the last one is the last to go
        self._make_room()
        return found

    def forget(self, lines: Lines, changed: Sequence[int] = (), vanished: Sequence[int] = ()) -> None:
        """Forgets the slices in which uids came or changed, and all from the first vanished one on; without either, all."""
        lowest = min(vanished, default=0 if changed else 1)
        ordered = sorted(changed)
        for start, kept in list(lines.slices.items()):
            at = bisect_left(ordered, start)
            hit = at < len(ordered) and ordered[at] <= kept.end
            if hit or (lowest and kept.end >= lowest):
                self._drop(lines, start)

    def put(self, lines: Lines, start: int, rendered: Slice) -> None:
        """Keeps a slice, if there is room for it."""
        cost = len(rendered.data) + _OVERHEAD
        if self._lines.get(lines.key) is not lines or len(rendered.data) > MAX_SLICE:
            return
        if start in lines.slices:
            self._drop(lines, start)
        if lines.octets + cost > self._most // 2:
            return
        lines.slices[start] = rendered
        self._add(lines, cost)
        self._make_room()

    def _drop(self, lines: Lines, start: int) -> None:
        self._add(lines, -len(lines.slices.pop(start).data) - _OVERHEAD)

    def _add(self, lines: Lines, octets: int) -> None:
        lines.octets += octets
        if self._lines.get(lines.key) is lines:
            self.octets += octets

    def _make_room(self) -> None:
        while self.octets > self._most:
            self.octets -= self._lines.pop(next(iter(self._lines))).octets
