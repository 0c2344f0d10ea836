"""Open sessions by what their users have logged in with, so that a session ends when its login does.

An administrator who disables an account, or a user who takes an app password away from a telephone that was lost, means the connections that are
open, too. They are looked at now and then: whatever way and process the change came by. One per process, for all protocols. Not here: when a login
has ended (`store.login.standing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from postroom.store.login.standing import Ground


class Standing:
    """All sessions of a process that are logged in."""

    def __init__(self) -> None:
        self._open: dict[Ground, set[Stay]] = {}

    def enter(self, ground: Ground, stay: Stay) -> None:
        """Somebody is in."""
        self._open.setdefault(ground, set()).add(stay)

    def leave(self, ground: Ground, stay: Stay) -> None:
        """He is not any more."""
        self._open[ground].discard(stay)
        if not self._open[ground]:
            del self._open[ground]

    async def look(self, holds: Callable[[Ground], Awaitable[bool]]) -> None:
        """Asks of each login whether it holds, and ends the sessions of those that do not."""
        for ground in tuple(self._open):
            if ground in self._open and not await holds(ground):
                for stay in tuple(self._open.get(ground, ())):
                    stay.end()
            await asyncio.sleep(0)


class Stay:
    """One session's part in it. `ended` says that it is over since the login is: the last word of a session that is dismissed depends on it."""

    __slots__ = ("_ground", "_on_end", "_standing", "ended")

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._ground: Ground | None = None
        self._on_end: Callable[[], None] | None = None
        self.ended = False

    def begin(self, ground: Ground | None, on_end: Callable[[], None]) -> None:
        """Somebody has logged in; `on_end` is called when he would not be let in any more. None is not looked at."""
        self.leave()
        self._ground, self._on_end = ground, on_end
        if ground is not None:
            self._standing.enter(ground, self)

    def leave(self) -> None:
        """Nobody is logged in any more, or ever was."""
        if self._ground is not None:
            self._standing.leave(self._ground, self)
        self._ground = self._on_end = None

    def end(self) -> None:
        """The login holds no more."""
        self.ended = True
        if self._on_end is not None:
            self._on_end()
