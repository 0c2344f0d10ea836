"""The time, as an argument: the machine's clock, and one that can be moved.

Times are unix microseconds. Sleeps wake with a clock that is moved, so that retries, notices and expiry of RFC 5321 §4.5.4.1 can be seen
without waiting for them. Not here: the ids of the store, which follow real time always.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What everything that needs the time is given."""

    def now(self) -> int:
        """Unix microseconds."""

    def monotonic(self) -> float:
        """Seconds from any fixed point, never going back."""

    async def sleep(self, seconds: float) -> None:
        """Returns when that much of this clock's time has passed."""


class SystemClock:
    """The machine's."""

    monotonic = staticmethod(time.monotonic)  # asked for many times a message

    def now(self) -> int:
        """Unix microseconds."""
        return time.time_ns() // 1000

    async def sleep(self, seconds: float) -> None:
        """As asyncio's."""
        await asyncio.sleep(seconds)


class MovableClock:
    """The machine's clock and an offset that only grows."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._sleepers: set[asyncio.Future[None]] = set()
        self.on_move: list[Callable[[], None]] = []  # called after each move, before anybody wakes

    @property
    def offset(self) -> float:
        """Seconds that this clock is ahead of the machine's."""
        return self._offset

    def now(self) -> int:
        """Unix microseconds."""
        return time.time_ns() // 1000 + round(self._offset * 1_000_000)

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> None:
        """Moves the clock forward and wakes whoever slept until then; raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        self._offset += seconds
        for told in self.on_move:
            told()
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Returns when that much of this clock's time has passed, by waiting or by a move."""
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.add(moved)
            try:
                await asyncio.wait((moved,), timeout=left)
            finally:
                self._sleepers.discard(moved)
