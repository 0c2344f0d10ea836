"""Open sessions by what their users have logged in with, so that a session ends when its login does.

An administrator who disables an account, or a user who takes an app password away from a telephone that was lost, means the connections that are
open, too. They are looked at now and then: whatever way and process the change came by. One per process, for all protocols. Not here: when a login
has ended (`store.standing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from postroom.store.standing import Ground

End = Callable[[], None]


class Standing:
    """All sessions of a process that are logged in."""

    def __init__(self) -> None:
        self._open: dict[Ground, set[End]] = {}

    def enter(self, ground: Ground | None, end: End) -> None:
        """Somebody is in; `end` is called when he would not be let in any more. None is not looked at."""
        if ground is not None:
            self._open.setdefault(ground, set()).add(end)

    def leave(self, ground: Ground | None, end: End) -> None:
        """The session is over; nothing happens when it had not entered."""
        if ground is not None and ground in self._open:
            self._open[ground].discard(end)
            if not self._open[ground]:
                del self._open[ground]

    async def look(self, holds: Callable[[Ground], Awaitable[bool]]) -> None:
        """Asks of each login whether it holds, and ends the sessions of those that do not."""
        for ground in tuple(self._open):
            if ground in self._open and not await holds(ground):
                for end in tuple(self._open.get(ground, ())):
                    end()
            await asyncio.sleep(0)
