"""How fast something comes. Not here: what may wait meanwhile (`app.chores`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SPAN: Final = 0.5  # seconds at least over which is counted
_AT_LEAST: Final = 0.001  # seconds: two looks in one moment


class Pace:
    """The pace at which what `count` gives grows; `clock` is in seconds."""

    def __init__(self, count: Callable[[], int], clock: Callable[[], float]) -> None:
        self._count = count
        self._clock = clock
        self._counted = 0
        self._looked = 0.0

    def per_second(self) -> float:
        """Since a look that is `SPAN` ago, or, of looks that come more slowly, since the last one."""
        count, now = self._count(), self._clock()
        pace = (count - self._counted) / max(now - self._looked, _AT_LEAST)
        if now - self._looked >= SPAN:
            self._counted, self._looked = count, now
        return pace
