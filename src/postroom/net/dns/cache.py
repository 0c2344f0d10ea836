"""Answers that still hold, absence and failure included.

RFC 1035 §7.4 (TTLs), RFC 2308 §5 (absence is kept too), RFC 9520 §3.2 (a failure is not asked for again within a second). Bounded in number and in
size, since strangers choose which names are asked for and what they answer: what was not asked for longest goes first. Not here: what an answer is worth.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from postroom.proto.dns.answer import Answer, Kind

FAILURE_SECONDS = 1.0
MOST_OCTETS = 16 << 20  # of all answers together
RECORD_OCTETS = 64  # that a record takes beside what is in it

Question = tuple[str, Kind]


class _Kept(msgspec.Struct):
    """An answer, until when it holds, and how many octets it takes."""

    answer: Answer[Any]
    until: float
    octets: int


class AnswerCache:
    """At most `size` answers; `now` gives monotonic seconds."""

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        self._size = size
        self._now = now
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()
        self._octets = 0

    def get(self, question: Question) -> Answer[Any] | None:
        """The answer, if it still holds."""
        kept = self._kept.get(question)
        if kept is None:
            return None
        if self._now() >= kept.until:
            self._forget(question)
            return None
        self._kept.move_to_end(question)
        return kept.answer

    def put(self, question: Question, answer: Answer[Any]) -> None:
        """Keeps an answer for its TTL, a failure for a moment."""
        seconds = FAILURE_SECONDS if answer.failed else answer.ttl
        if seconds <= 0:
            return
        self._forget(question)
        octets = len(msgspec.msgpack.encode(answer)) + RECORD_OCTETS * len(answer.records)
        self._kept[question] = _Kept(answer, self._now() + seconds, octets)
        self._octets += octets
        while len(self._kept) > self._size or self._octets > MOST_OCTETS:
            self._forget(next(iter(self._kept)))

    def clear(self) -> None:
        """Forgets everything."""
        self._kept.clear()
        self._octets = 0

    def _forget(self, question: Question) -> None:
        kept = self._kept.pop(question, None)
        self._octets -= kept.octets if kept is not None else 0
