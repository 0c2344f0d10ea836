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


async def test_what_was_begun_may_be_over_at_once() -> None:
    async def work() -> int:
        return 7

    begun = eager.Begun(work())
    assert (await begun.result(), await begun.within(0.0)) == (7, 7)


async def test_several_wait_for_what_was_begun() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        return await future

    begun = eager.Begun(work())
    waiting = [asyncio.ensure_future(begun.result()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # who gives up does not take it from the others
    future.set_result(7)
    assert await asyncio.gather(*waiting[1:]) == [7, 7]
    assert await begun.within(0.0) == 7


class Forgotten:
    """Work that never ends; `given_up` says that it was cancelled."""

    given_up = False

    async def work(self) -> int:
        try:
            return await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.given_up = True
            raise


async def test_what_takes_too_long_is_given_up() -> None:
    forgotten = Forgotten()
    assert await eager.Begun(forgotten.work()).within(0.0) is None
    await asyncio.sleep(0)
    assert forgotten.given_up


async def test_what_nobody_holds_is_given_up() -> None:
    forgotten = Forgotten()

    async def holder() -> int | None:
        return await eager.Begun(forgotten.work()).within(60)

    begun = eager.Begun(holder())
    await asyncio.sleep(0)
    assert not forgotten.given_up
    del begun
    for _ in range(5):  # each cancels the next one; nothing waits for the collector
        await asyncio.sleep(0)
    assert forgotten.given_up


async def test_an_exception_comes_out_where_the_result_is_asked_for() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        raise ValueError("late")

    begun = eager.Begun(work())
    with pytest.raises(ValueError, match="late"):
        await begun.within(60)


async def late(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "late"


async def test_waiting_for_a_time_begins_without_a_task() -> None:
    task = eager.start(eager.wait_for(late(0.01), 60))
    assert task is not None
    assert await task == "late"


async def test_what_is_waited_for_too_long_is_given_up() -> None:
    work = asyncio.ensure_future(late(20))
    with pytest.raises(TimeoutError):
        await eager.wait_for(work, 0.01)
    assert work.cancelled()


async def test_who_is_called_off_takes_what_he_waits_for_along() -> None:
    work = asyncio.ensure_future(late(20))
    waiting = asyncio.ensure_future(eager.wait_for(work, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait((work,))
    assert work.cancelled()


async def test_an_error_comes_out() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("at last")

    with pytest.raises(ValueError, match="at last"):
        await eager.wait_for(work(), 60)
