"""Whether others have their turn while something goes on: how often a task beside it comes to run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """How many others have had so far."""

    def __init__(self) -> None:
        self.had = 0

    async def take(self) -> None:
        """Takes one after the other, until it is cancelled."""
        while True:
            self.had += 1
            await asyncio.sleep(0)


@asynccontextmanager
async def others_turns() -> AsyncIterator[Turns]:
    """Counts them within it."""
    turns = Turns()
    beside = asyncio.create_task(turns.take())
    try:
        yield turns
    finally:
        beside.cancel()
