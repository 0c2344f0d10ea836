"""Both engines serve a handler that was begun outside of any task, as the pump begins them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from postroom.net import eager
from postroom.store.engine.transaction import Engine, Transaction


async def one(tx: Transaction) -> int:
    row = await tx.fetchrow("SELECT 1")
    assert row is not None
    return int(row[0])


async def run_outside_of_tasks(work: Callable[[], Awaitable[int]]) -> int:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()

    async def handler() -> None:
        done.set_result(await work())

    tasks: list[asyncio.Task[None] | None] = []
    loop.call_soon(lambda: tasks.append(eager.start(handler())))
    return await asyncio.wait_for(done, 60)


async def test_reading(engine: Engine) -> None:
    assert await run_outside_of_tasks(lambda: one(engine.reading())) == 1


async def test_writing(engine: Engine) -> None:
    assert await run_outside_of_tasks(lambda: engine.write(one)) == 1


async def test_a_snapshot(engine: Engine) -> None:
    assert await run_outside_of_tasks(lambda: engine.snapshot(one)) == 1
