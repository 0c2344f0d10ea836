"""The lab's clock from outside: how steps are written, and who may move it."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from postroom.app.control import Caller, CallFailed, OperationError, Request, call
from postroom.lab.clock import CLOCK, MOST_AHEAD, BadStep, moved, parse_step
from postroom.lab.control import LabControl
from postroom.net.clock import MovableClock


def control_of(data: Path, clock: MovableClock) -> LabControl:
    return LabControl(data, {CLOCK: partial(moved, clock)})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+5h", 18_000),
        ("5h", 18_000),
        ("+1d12h", 129_600),
        ("+90s", 90),
        ("90", 90),
        ("+2m30s", 150),
        ("+0s", 0),
    ],
)
def test_steps(text: str, seconds: int) -> None:
    assert parse_step(text) == seconds


@pytest.mark.parametrize("text", ["", "+", "-5h", "5x", "h", "5h5h", "1e3", "٣h", "99999999999h"])
def test_what_is_no_step(text: str) -> None:
    with pytest.raises(BadStep, match=r"\+5h"):
        parse_step(text)


async def test_the_clock_moves_and_wakes_who_sleeps(tmp_path: Path) -> None:
    clock = MovableClock()
    control = control_of(tmp_path, clock)
    await control.start()
    sleeper = asyncio.ensure_future(clock.sleep(3600))
    await asyncio.sleep(0)
    found = await asyncio.to_thread(lambda: list(call(control.path, Request(CLOCK, {"seconds": 3600}))))
    await asyncio.wait_for(sleeper, 60)
    assert found[0]["ahead"] == 3600
    await control.stop()


@pytest.mark.parametrize("seconds", [-1, "5", None, 1.5])
async def test_it_never_goes_back(tmp_path: Path, seconds: object) -> None:
    control = control_of(tmp_path, MovableClock())
    await control.start()
    with pytest.raises(CallFailed, match="forward only"):
        await asyncio.to_thread(lambda: list(call(control.path, Request(CLOCK, {"seconds": seconds}))))
    await control.stop()


@pytest.mark.parametrize("steps", [(10**12,), (10**400,), (MOST_AHEAD, 1)])
async def test_it_does_not_go_where_no_date_can_be_written(steps: tuple[int, ...]) -> None:
    clock = MovableClock()
    *first, last = steps
    for seconds in first:
        assert [one["ahead"] async for one in moved(clock, {"seconds": seconds})] == [seconds]
    ahead = clock.offset
    with pytest.raises(OperationError, match="50 years"):
        await anext(moved(clock, {"seconds": last}))
    assert clock.offset == ahead


async def test_a_stranger_may_not_move_it(tmp_path: Path) -> None:
    control = control_of(tmp_path, MovableClock())
    with pytest.raises(Exception, match="may not command"):
        await anext(control._perform(Caller(12_345, 1, "eve"), Request(CLOCK, {"seconds": 1})))
