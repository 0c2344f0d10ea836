from __future__ import annotations

import pytest

from post import store, store_url
from postroom.app import shifts
from postroom.app.shifts import SHORTEST, Shifts

__all__ = ["store", "store_url"]

DAY = 86_400.0


class Time:
    """The machine's, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_750_000_000.0

    def monotonic(self) -> float:
        return self.seconds

    def time_ns(self) -> int:
        return int(self.seconds * 1_000_000_000)


@pytest.fixture
def time(monkeypatch):
    moved = Time()
    monkeypatch.setattr(shifts, "time", moved)
    return moved


@pytest.fixture
def two(store, time):
    return Shifts(store.engine, 1), Shifts(store.engine, 2)


async def test_only_one_does_it(two):
    here, there = two
    assert await here.mine("prune", DAY)
    assert not await there.mine("prune", DAY)
    assert await here.mine("prune", DAY)
    assert await there.mine("sweep", DAY)


async def test_whoever_does_it_goes_on_doing_it(two, time):
    here, there = two
    for _ in range(20):
        assert await here.mine("index", 1.0)
        assert not await there.mine("index", 1.0)
        time.seconds += SHORTEST / 2


async def test_it_is_not_done_over_again_within_its_pace(two, time):
    here, there = two
    assert await here.mine("prune", DAY)
    time.seconds += 0.8 * DAY
    assert not await there.mine("prune", DAY)
    time.seconds += 0.3 * DAY
    assert await there.mine("prune", DAY)
    assert not await here.mine("prune", DAY)


async def test_another_goes_on_when_it_is_given_back_or_its_holder_is_gone(two, time):
    here, there = two
    assert await here.mine("index", 1.0)
    await here.end()
    assert await there.mine("index", 1.0)
    time.seconds += SHORTEST + 1  # `there` has died
    assert await here.mine("index", 1.0)


async def test_asking_costs_a_commit_now_and_then_only(store, time, monkeypatch):
    commits = []
    write = store.engine.write

    async def counted(*arguments):
        commits.append(arguments)
        return await write(*arguments)

    monkeypatch.setattr(store.engine, "write", counted)
    here, there = Shifts(store.engine, 1), Shifts(store.engine, 2)
    for _ in range(600):
        await here.mine("index", 1.0)
        await there.mine("index", 1.0)
        time.seconds += 0.1
    assert len(commits) <= 7
