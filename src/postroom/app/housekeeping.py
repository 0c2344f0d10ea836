"""What a server does when nobody asks: fill the search index, sweep, prune, pick up dropped mail, look at certificates.

Each job has its own pace and survives its errors, which are told. RFC 5321 §4.5.4.1 keeps the queue; it is not here but the runner's.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable

import msgspec

from postroom.app.logs import Log

FAILED_SECONDS = 60.0  # that a chore with a short pace rests at most while it fails, so that the log does not fill the disk
NOT_MINE_SECONDS = 3600.0  # after which a process looks again at the latest whether a chore is its own now


class Whose(enum.Enum):
    """Who does a chore where a server has several processes."""

    EACH = "each process, for itself"
    MACHINE = "one process of each machine"
    STORE = "one of all processes that use the store"


class Chore(msgspec.Struct, frozen=True):
    """`work` says whether it may go on at once (there is more), else it rests for `seconds`."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[bool]]
    whose: Whose = Whose.EACH


class Housekeeping:
    """Runs chores until it is stopped. `mine` says whether this process does a chore now; `sleep` is the clock's by which they rest."""

    def __init__(
        self,
        log: Log,
        mine: Callable[[Chore], Awaitable[bool]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._log = log
        self._mine = mine
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *chores: Chore) -> None:
        """Begins with each of them."""
        self._tasks += [asyncio.get_running_loop().create_task(self._run(chore)) for chore in chores]

    async def stop(self) -> None:
        """Ends them, wherever they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, chore: Chore) -> None:
        failed = 0  # times in a row
        while True:
            more, rest = False, chore.seconds
            try:
                if await self._mine(chore):
                    more = await chore.work()
                else:
                    rest = min(rest, NOT_MINE_SECONDS)
                failed = 0
            except Exception:  # noqa: BLE001 - told, and tried again
                failed += 1
                rest = after_failures(chore.seconds, failed)
                self._log.exception("housekeeping.failed", chore=chore.name, again_in=rest)
            await self._sleep(0.01 if more else rest)


def after_failures(pace: float, failed: int) -> float:
    """Seconds until a chore with this pace, which has failed so many times in a row, is tried again."""
    return max(pace, min(pace * (1 << min(failed, 10)), FAILED_SECONDS))
