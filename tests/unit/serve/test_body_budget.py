"""Who gets room for a body, and in which order."""

import asyncio

import pytest

from postroom.net import eager
from postroom.serve.smtp.body_budget import BodyBudget


def test_what_there_is_can_be_taken_and_given_back() -> None:
    budget = BodyBudget(10)
    assert [budget.take(octets) for octets in (6, 5, 4, 1)] == [True, False, True, False]
    budget.give_back(4)
    assert budget.take(3)


async def test_a_waiting_session_goes_on_when_there_is_room() -> None:
    budget = BodyBudget(10)
    budget.take(10)
    waiting = asyncio.create_task(budget.wait(4, 0))
    await asyncio.sleep(0)
    budget.give_back(3)
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.give_back(3)
    assert await waiting
    assert budget.take(2)
    assert not budget.take(1)


async def test_first_come_first_served() -> None:
    budget = BodyBudget(10)
    budget.take(10)
    large, small = (asyncio.create_task(budget.wait(octets, 0)) for octets in (8, 1))
    await asyncio.sleep(0)
    budget.give_back(5)
    assert not budget.take(1)
    budget.give_back(5)
    assert await asyncio.gather(large, small) == [True, True]


async def test_patience_ends() -> None:
    budget = BodyBudget(10, patience=0.0)
    budget.take(10)
    assert not await budget.wait(1, 0)
    budget.give_back(10)
    assert budget.take(10)


async def test_a_message_larger_than_all_room_does_not_wait() -> None:
    budget = BodyBudget(10)
    budget.take(8)
    assert not await budget.wait(3, 8)


async def test_who_gives_up_makes_way_for_the_next() -> None:
    budget = BodyBudget(10)
    budget.take(5)
    large, small = (asyncio.create_task(budget.wait(octets, 0)) for octets in (8, 4))
    await asyncio.sleep(0)
    large.cancel()
    assert await small
    with pytest.raises(asyncio.CancelledError):
        await large
    assert budget.take(1)


async def test_room_that_came_with_the_end_of_a_session_is_not_lost() -> None:
    budget = BodyBudget(10)
    budget.take(10)
    waiting = asyncio.create_task(budget.wait(4, 0))
    await asyncio.sleep(0)
    budget.give_back(10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert budget.take(10)


async def test_a_session_waits_where_no_task_is_at_work_yet() -> None:
    budget = BodyBudget(10)
    budget.take(10)
    begun = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: begun.set_result(eager.start(budget.wait(4, 0))))
    waiting = await begun
    assert waiting is not None
    budget.give_back(10)
    assert await waiting
    assert not budget.take(7)
