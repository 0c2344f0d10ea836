"""Clocks: the machine's and the one that is moved."""

import asyncio

import pytest

from postroom.net.clock import MovableClock, SystemClock


async def test_moving_wakes_sleepers() -> None:
    clock = MovableClock()
    before = clock.now()
    sleepers = [asyncio.ensure_future(clock.sleep(seconds)) for seconds in (10, 3600, 10_000)]
    await asyncio.sleep(0)
    clock.advance(3600)
    done, waiting = await asyncio.wait(sleepers, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 2:
        done, waiting = await asyncio.wait(sleepers, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert sleepers[2] in waiting
    assert clock.now() - before >= 3600 * 1_000_000
    sleepers[2].cancel()


async def test_a_short_sleep_ends_by_itself() -> None:
    await MovableClock().sleep(0.001)
    await SystemClock().sleep(0)


def test_it_does_not_move_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        MovableClock().advance(-1)


def test_monotonic_moves_too() -> None:
    clock = MovableClock()
    before = clock.monotonic()
    clock.advance(5)
    assert clock.monotonic() - before >= 5
    assert clock.offset == 5


def test_the_system_clock_counts_microseconds() -> None:
    clock = SystemClock()
    assert 1_700_000_000_000_000 < clock.now() < 10_000_000_000_000_000
    assert clock.monotonic() <= clock.monotonic()
