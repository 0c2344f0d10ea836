"""Work that waits for a transaction which is not committed yet, as it does over PostgreSQL; over SQLite nobody can hold a lock for long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from postroom.store.engine.transaction import Engine, Transaction

WAITING = (
    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def behind(
    engine: Engine, first: Callable[[Transaction], Awaitable[Any]], *later: Callable[[], Awaitable[Any]]
) -> list[Any]:
    """What became of each of `later`, its exception too. Each is begun once the one before it waits, or is done; `first` is committed behind all that."""
    held, free = asyncio.Event(), asyncio.Event()

    async def linger(tx: Transaction) -> None:
        await first(tx)
        held.set()
        await free.wait()

    lingering = asyncio.create_task(engine.write(linger))
    begun: list[asyncio.Future[Any]] = []
    async with asyncio.timeout(20):
        await held.wait()
        for one in later:
            begun.append(asyncio.ensure_future(one()))
            while sum(not task.done() for task in begun) > await _waiting(engine):
                await asyncio.sleep(0.01)
    free.set()
    await lingering
    return await asyncio.gather(*begun, return_exceptions=True)


async def _waiting(engine: Engine) -> int:
    return int((await engine.reading().fetch(WAITING))[0][0])
