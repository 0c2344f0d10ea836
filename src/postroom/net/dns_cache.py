"""Answers that still hold, absence and failure included.

RFC 1035 §7.4 (TTLs), RFC 2308 §5 (absence is kept too), RFC 9520 §3.2 (a failure is not asked for again within a second). Bounded: what was
not asked for longest goes first. Not here: what an answer is worth.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from postroom.proto.dns.answer import Answer, Kind

FAILURE_SECONDS = 1.0

Question = tuple[str, Kind]


class AnswerCache:
    """At most `size` answers; `now` gives monotonic seconds."""

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        self._size = size
        self._now = now
        self._kept: OrderedDict[Question, tuple[float, Answer[Any]]] = OrderedDict()

    def get(self, question: Question) -> Answer[Any] | None:
        """The answer, if it still holds."""
        kept = self._kept.get(question)
        if kept is None:
            return None
        until, answer = kept
        if self._now() >= until:
            del self._kept[question]
            return None
        self._kept.move_to_end(question)
        return answer

    def put(self, question: Question, answer: Answer[Any]) -> None:
        """Keeps an answer for its TTL, a failure for a moment."""
        seconds = FAILURE_SECONDS if answer.failed else answer.ttl
        if seconds <= 0:
            return
        self._kept[question] = (self._now() + seconds, answer)
        self._kept.move_to_end(question)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        self._kept.clear()
