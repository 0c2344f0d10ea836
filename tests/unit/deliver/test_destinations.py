"""Connections to a next hop: what is done while the last message is being written down, and when they end."""

import asyncio
from collections.abc import Sequence

import pytest

from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.destinations import Destination
from postroom.message.address import Address
from postroom.store.spool.jobs import Job
from postroom.store.spool.spool import Copy, Lease, Spooled, Terms


def job(number: int) -> Job:
    letter = Spooled(number, number, 0, None, 1, b"x", Terms())
    return Job(letter, 0, "r.test", Lease(1, 0, 1), 1, 0, 0, 1, 1, [Copy(0, 0, Address("eve", "r.test"))])


class World:
    """One connection; messages of `failing` are delayed; nothing is written down while the gate is shut."""

    usable = True

    def __init__(self, failing: Sequence[int] = ()) -> None:
        self.failing = failing
        self.sent: list[int] = []
        self.settled: list[int] = []
        self.faults: list[BaseException] = []
        self.broken: set[int] = set()
        self.gate = asyncio.Event()
        self.destination = Destination(self, self.settle, 1, self.faults.append)

    async def open(self, job: Job) -> "World":
        return self

    def forget(self) -> None: ...

    def suits(self, job: Job) -> bool:
        return True

    async def deliver(self, job: Job) -> Attempt:
        self.sent.append(job.spool_id)
        await asyncio.sleep(0)
        return Attempt(0, delayed={0: Deferral("450 4.2.0 Later")} if job.spool_id in self.failing else {})

    async def quit(self) -> None: ...

    async def settle(self, job: Job, attempt: Attempt) -> None:
        await self.gate.wait()
        if job.spool_id in self.broken:
            raise RuntimeError("a fault of ours")
        self.settled.append(job.spool_id)

    async def has_sent(self, *wanted: int) -> bool:
        for _ in range(50):
            await asyncio.sleep(0)
        return self.sent == list(wanted)


async def test_the_next_message_goes_while_the_last_is_written_down() -> None:
    world = World()
    for number in (1, 2, 3, 4):
        world.destination.offer(job(number))
    assert await world.has_sent(1, 2)  # and no third: a crash would make three duplicates
    world.gate.set()
    assert await world.has_sent(1, 2, 3, 4)
    await world.destination.stop(1)
    assert world.settled == [1, 2, 3, 4]


async def test_a_failure_is_written_down_before_anything_else_is_sent() -> None:
    world = World(failing=[1])
    world.destination.offer(job(1))
    world.destination.offer(job(2))
    assert await world.has_sent(1)
    world.gate.set()
    assert await world.has_sent(1, 2)
    await world.destination.stop(1)


async def test_stopping_waits_for_what_is_written_down() -> None:
    world = World()
    world.destination.offer(job(1))
    assert await world.has_sent(1)
    stopping = asyncio.ensure_future(world.destination.stop(10))
    await asyncio.sleep(0.01)
    assert not stopping.done()
    world.gate.set()
    await stopping
    assert world.settled == [1]
    assert world.destination.at_rest


class Unreachable(World):
    """A next hop, or its DNS, that says nothing."""

    called_off = False

    async def open(self, job: Job) -> "World":
        try:
            await asyncio.sleep(60)
        finally:
            self.called_off = True
        return self


async def test_stopping_does_not_wait_for_connections_that_do_not_stand_yet() -> None:
    world = Unreachable()
    world.gate.set()
    world.destination.offer(job(1))
    world.destination.offer(job(2))
    assert await world.has_sent()
    async with asyncio.timeout(60):
        await world.destination.stop(30)
    assert world.called_off
    assert sorted(world.settled) == [1, 2]  # given back: somebody else may try at once
    assert world.destination.at_rest
    assert world.faults == []


async def test_a_message_that_cannot_be_written_down_does_not_take_the_next_with_it() -> None:
    world = World()
    world.broken.add(1)
    world.gate.set()
    for number in (1, 2, 3):
        world.destination.offer(job(number))
    assert await world.has_sent(1, 2, 3)
    await world.destination.stop(1)
    assert world.settled == [2, 3]
    assert [str(fault) for fault in world.faults] == ["a fault of ours"]


@pytest.mark.parametrize("grace", [0.0, 0.01])
async def test_grace_that_ends_before_the_writing_does(grace: float) -> None:
    world = World()
    for number in (1, 2):
        world.destination.offer(job(number))
    assert await world.has_sent(1, 2)
    stopping = asyncio.ensure_future(world.destination.stop(grace))
    await asyncio.sleep(0.05)
    world.gate.set()
    await asyncio.wait_for(stopping, 60)
    assert world.destination.at_rest


async def test_a_worker_that_is_called_off_writes_down_what_was_sent() -> None:
    world = World()
    for number in (1, 2):
        world.destination.offer(job(number))
    assert await world.has_sent(1, 2)
    stopping = asyncio.ensure_future(world.destination.stop(0.01))
    await asyncio.sleep(0.05)
    world.gate.set()  # the store is back, a moment too late
    await stopping
    assert world.settled == [1, 2]


class Closing(World):
    """A next hop that ends the connection after each message."""

    usable = False


async def test_a_connection_that_ends_leaves_no_more_unwritten_than_one_that_stands() -> None:
    world = Closing()
    for number in range(1, 7):
        world.destination.offer(job(number))
        await world.has_sent()
    assert world.sent == [1]
    world.gate.set()
    assert await world.has_sent(1, 2, 3, 4, 5, 6)
    await world.destination.stop(1)
    assert world.settled == [1, 2, 3, 4, 5, 6]


class OneAtATime(World):
    """A next hop that refuses a second connection, which is known before the first one stands; `opened` tells of the first."""

    def __init__(self) -> None:
        super().__init__()
        self.gate.set()
        self.opened = asyncio.Event()
        self.asked = 0
        self.down: list[str] = []
        self.destination = Destination(self, self.settle, 5, self.faults.append)

    async def open(self, job: Job) -> "World | Attempt":  # type: ignore[override]
        self.asked += 1
        if self.asked > 1:
            return Attempt(0, hop_down="421 too many connections")
        await self.opened.wait()
        return self

    async def settle(self, job: Job, attempt: Attempt) -> None:
        await super().settle(job, attempt)
        self.down.append(attempt.hop_down)


async def test_a_hop_is_not_dead_while_a_connection_is_about_to_stand() -> None:
    world = OneAtATime()
    for number in (1, 2, 3, 4):
        world.destination.offer(job(number))
    assert await world.has_sent()
    world.opened.set()
    for _ in range(3):
        await world.has_sent()
    await world.destination.stop(1)
    assert sorted(world.settled) == [1, 2, 3, 4]
    assert world.down == [""] * 4


class SlowToTake(World):
    """A next hop that does not answer to a message."""

    async def deliver(self, job: Job) -> Attempt:
        await asyncio.sleep(60)
        return Attempt(0)


async def test_what_is_put_back_while_it_stops_is_given_back() -> None:
    world = SlowToTake()
    world.gate.set()
    world.destination.offer(job(1))
    assert await world.has_sent()
    stopping = asyncio.ensure_future(world.destination.stop(0.05))
    await asyncio.sleep(0.01)
    world.destination._queue.appendleft(job(2))
    await stopping
    assert 2 in world.settled
