"""How long the writer of SQLite waits after a commit before the next one begins.

In the pause those who were answered bring more: a busy loop then does fewer commits, and each of them costs it a fight for the interpreter's
lock as well as pages. But whoever waits for a commit brings nothing, so with too many in one the loop has nothing to do meanwhile. The pause
is therefore as long as leaves it enough. Not here: batches (`group_commit`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PAUSE: Final = 0.000_25  # seconds after a commit for each piece of it: less than the loop is busy with them
LONGEST_PAUSE: Final = 0.005  # seconds after a commit, at most, before the next one begins
SHORTEST_LIMIT: Final = 0.001  # seconds, to which a loop with nothing to do brings that down
IDLE: Final = 0.2  # of a commit's time: a loop that has nothing to do for longer had too many wait for it
SHORTER: Final = 0.85  # what the limit is multiplied by then
LONGER: Final = 1.1  # and when the loop had enough to do


class Pace:
    """The pauses of one writer. All of it is called on the loop's thread; `worked` is that thread's processor time, in seconds as `clock` is."""

    __slots__ = ("_begun", "_begun_work", "_clock", "_limit", "_worked")

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, worked: Callable[[], float] = time.thread_time
    ) -> None:
        self._clock = clock
        self._worked = worked
        self._limit = LONGEST_PAUSE
        self._begun = self._begun_work = 0.0

    def begun(self) -> None:
        """A batch is with the writer; the loop goes on with other things."""
        self._begun, self._begun_work = self._clock(), self._worked()

    def over(self) -> None:
        """The batch is committed."""
        took = self._clock() - self._begun
        idle = took - (self._worked() - self._begun_work)
        if idle > IDLE * took:
            self._limit = max(self._limit * SHORTER, SHORTEST_LIMIT)
        else:
            self._limit = min(self._limit * LONGER, LONGEST_PAUSE)

    def pause(self, size: int) -> float:
        """Seconds to wait after a commit for `size` pieces."""
        return min(size * PAUSE, self._limit)
