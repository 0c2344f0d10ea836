import asyncio
import time

import pytest

from post import store, store_url
from postroom.app import node
from postroom.app.node import MOST_APART, Node, Told
from postroom.store.engine.refused import ClockApart

__all__ = ["store", "store_url"]


class Ears:
    def __init__(self):
        self.errors, self.lost = [], []
        self.told = Told(self.errors.append, self.lost.append)


@pytest.fixture
def ears(monkeypatch):
    monkeypatch.setattr(node, "BEAT_SECONDS", 0.01)
    return Ears()


async def test_a_successor_at_the_same_place_has_the_number_and_higher_ids(store, ears):
    before = await Node.join(store.engine, ears.told, "place 1")
    given = [before.ids.next() for _ in range(10_000)]
    elsewhere = await Node.join(store.engine, ears.told, "place 2")
    after = await Node.join(store.engine, ears.told, "place 1")
    assert after.ids.node == before.ids.node != elsewhere.ids.node
    assert after.ids.next() > given[-1]


async def test_whoever_has_lost_its_number_is_told_to_end(store, ears):
    before = await Node.join(store.engine, ears.told, "place 1")
    before.start()
    await Node.join(store.engine, ears.told, "place 1")
    async with asyncio.timeout(60):
        while not ears.lost:
            await asyncio.sleep(0.01)
    await before.leave()
    assert not ears.errors


async def test_processes_without_a_place_do_not_take_each_others_number(store, ears):
    first, second = [await Node.join(store.engine, ears.told) for _ in range(2)]
    assert first.ids.node != second.ids.node


def of_a_machine(monkeypatch, seconds):
    """This machine's clock differs from the database's by so much."""
    real = time.time_ns
    monkeypatch.setattr(node.time, "time_ns", lambda: real() + round(seconds * 1_000_000_000))


YEARS = 5 * 365 * 86_400


@pytest.mark.parametrize("seconds", [MOST_APART + 1, -MOST_APART - 1, YEARS, -YEARS])
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_machine_whose_clock_is_wrong_gets_no_number(store, ears, monkeypatch, seconds):
    """Its leases would outlive it for years, and the others' seem ended to it."""
    with monkeypatch.context() as patched:
        of_a_machine(patched, seconds)
        with pytest.raises(ClockApart, match=r"this machine's clock says .* the database's .*: set it right"):
            await Node.join(store.engine, ears.told, "place 1")
    assert await store.engine.reading().fetch("SELECT node FROM nodes") == []


@pytest.mark.parametrize("seconds", [MOST_APART - 1, -MOST_APART + 1])
async def test_a_clock_may_differ_a_little(store, ears, monkeypatch, seconds):
    of_a_machine(monkeypatch, seconds)
    assert (await Node.join(store.engine, ears.told, "place 1")).ids.next()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_a_machine_alone_has_no_other_clock(store, ears, monkeypatch):
    of_a_machine(monkeypatch, YEARS)
    assert (await Node.join(store.engine, ears.told, "place 1")).ids.next()


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_whose_clock_becomes_wrong_is_told_to_end_and_leases_nothing_more(store, ears, monkeypatch):
    held = await Node.join(store.engine, ears.told, "place 1")
    before = await store.engine.reading().fetch("SELECT until FROM nodes")
    of_a_machine(monkeypatch, YEARS)
    held.start()
    async with asyncio.timeout(60):
        while not ears.lost:
            await asyncio.sleep(0.01)
    assert isinstance(ears.lost[0], ClockApart)
    assert await store.engine.reading().fetch("SELECT until FROM nodes") == before
    await held.leave()
