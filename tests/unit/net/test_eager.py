"""Coroutines that run at once, and those that have to wait."""

import asyncio

import pytest

from postroom.net import eager


async def test_what_does_not_wait_is_over_at_once() -> None:
    seen = []

    async def work() -> None:
        seen.append(1)

    assert eager.start(work()) is None
    assert seen == [1]


async def test_what_raises_at_once_raises_here() -> None:
    async def work() -> None:
        raise ValueError("at once")

    with pytest.raises(ValueError, match="at once"):
        eager.start(work())


async def test_what_waits_goes_on_in_a_task() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "done"

    task = eager.start(work())
    assert task is not None
    assert await task == "done"


async def test_many_may_wait_for_one_future() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        return await future

    tasks = [eager.start(work()) for _ in range(3)]
    future.set_result(7)
    assert [await task for task in tasks if task] == [7, 7, 7]


async def test_a_future_that_is_ready_before_the_task_begins() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        return await future + await future

    task = eager.start(work())
    future.set_result(1)
    assert task is not None
    assert await task == 2


async def test_a_cancellation_before_the_first_step_reaches_the_coroutine() -> None:
    seen = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cleaned up")

    task = eager.start(work())
    assert task is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cleaned up"]


async def test_a_failure_after_waiting_is_the_tasks() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("later")

    task = eager.start(work())
    assert task is not None
    with pytest.raises(ValueError, match="later"):
        await task
