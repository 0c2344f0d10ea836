import asyncio

import pytest

from post import store, store_url
from postroom.app import node
from postroom.app.node import Node, Told

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
