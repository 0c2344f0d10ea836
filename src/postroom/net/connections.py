"""All connections of a service: who is connected, one look at each of them every second, and the end of the service.

RFC 5321 §4.5.3.2.7 (a server waits five minutes for a command) needs a deadline for each connection; one sweep over all costs less than a
timer for each read. Not here: what a deadline is (`Session.deadline`) and what happens to who missed it (`Pump.check`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

SWEEP_SECONDS = 1.0


class Watched(Protocol):
    """A connection as its watch sees it."""

    def check(self, now: float) -> None:
        """Ends the connection if its time is over."""

    def dismiss(self) -> None:
        """Lets it come to its end: the service stops."""

    def cancel(self) -> None:
        """Ends it now."""


class Connections:
    """A set of connections with one sweep a second while there are any. `now` gives monotonic seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._open: set[Watched] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Watched) -> None:
        """A connection begins."""
        self._open.add(connection)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def remove(self, connection: Watched) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        if not self._open:
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
            if self._empty is not None:
                self._empty.set()

    def check(self) -> None:
        """Looks at each connection once."""
        now = self.now()
        for connection in tuple(self._open):
            connection.check(now)

    async def drain(self, grace: float) -> None:
        """Ends all connections: what has begun may go on for `grace` seconds, then it is cut. New ones must not come any more."""
        for connection in tuple(self._open):
            connection.dismiss()
        if await self._emptied(grace):
            return
        for connection in tuple(self._open):
            connection.cancel()
        await self._emptied(SWEEP_SECONDS)

    async def _emptied(self, seconds: float) -> bool:
        if self._open:
            self._empty = asyncio.Event()
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                pass
        return not self._open

    def _sweep(self) -> None:
        self._sweeper = None
        self.check()
        if self._open and self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
