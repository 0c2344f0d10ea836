"""How many octets of messages may be on their way in at once, over all sessions; whoever comes above it waits his turn.

RFC 5321 §4.2.5 (a failure that passes). Not here: what a session says when its turn does not come.
"""

from __future__ import annotations

import asyncio
from collections import deque

PATIENCE = 30.0  # seconds that a session waits for room; nothing is read from its client meanwhile


class BodyBudget:
    """Counts octets of bodies that are being received now, up to `limit`; `used` is what they come to."""

    __slots__ = ("_patience", "_waiting", "limit", "used")

    def __init__(self, limit: int, patience: float = PATIENCE) -> None:
        self.limit = limit
        self._patience = patience
        self.used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def take(self, octets: int) -> bool:
        """Whether there is room, and nobody waits for it; if so it is taken."""
        if self._waiting or self.used + octets > self.limit:
            return False
        self.used += octets
        return True

    async def wait(self, octets: int, held: int) -> bool:
        """As `take`, when others have given back enough; False: not in time, or never, with the `held` octets of the same message."""
        if held + octets > self.limit:
            return False
        turn = asyncio.get_running_loop().create_future()
        entry = octets, turn
        self._waiting.append(entry)
        self._serve()
        came = False
        try:
            await asyncio.wait((turn,), timeout=self._patience)  # needs no task: none may be at work yet
            came = turn.done()
        finally:
            if not came:
                self._withdraw(entry)
        return came

    def give_back(self, octets: int) -> None:
        """The octets are gone."""
        self.used -= octets
        if self._waiting:
            self._serve()

    def _serve(self) -> None:
        """In their order; one who waits for much is not passed by those who want little."""
        waiting = self._waiting
        while waiting and self.used + waiting[0][0] <= self.limit:
            octets, turn = waiting.popleft()
            self.used += octets
            turn.set_result(None)

    def _withdraw(self, entry: tuple[int, asyncio.Future[None]]) -> None:
        """Whoever gives up makes way for the next; what he was given at the last moment goes back."""
        octets, turn = entry
        if turn.done():
            self.give_back(octets)
        else:
            self._waiting.remove(entry)
            self._serve()
