"""Switches of the lab over HTTP: faults, the clock, a fresh start.

Not here: what they do (`lab.faults.book`, `lab.clock`, `lab.resetting`).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from postroom.app.control import OperationError
from postroom.lab.api import values
from postroom.lab.api.desk import Call, Desk
from postroom.lab.api.problems import not_found, unfit
from postroom.lab.clock import BadStep, move, parse_step
from postroom.lab.faults.book import FaultBook


async def list_faults(desk: Desk, _: Call) -> values.Faults:
    """Faults that are on: those with names, then those at stages in the order in which they have their turn."""
    return values.Faults([_fault(record) for record in desk.running.switches.described()])


async def add_fault(desk: Desk, call: Call) -> values.Fault:
    """Has something go wrong from now on, for example the next two RCPT commands: {"at": "rcpt", "reply": "451 4.2.1 Busy", "times": 2}."""
    terms: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(call.body).items() if value
    }
    if ("at" in terms) == ("fault" in terms):
        raise unfit("a fault is at a stage (at), or has a name (fault)")
    what = terms.pop("at", "") or terms.pop("fault", "")
    try:
        (record,) = [record async for record in _book(desk).put_on({"what": what, **terms})]
    except OperationError as error:
        raise unfit(str(error)) from error
    return _fault(record)


async def clear_faults(desk: Desk, _: Call) -> None:
    """Ends all faults."""
    async for _ended in _book(desk).cleared({}):
        pass


async def end_fault(desk: Desk, call: Call) -> None:
    """Ends a fault, by its id."""
    try:
        async for _ended in _book(desk).cleared({"which": [call.path["id"]]}):
            pass
    except OperationError as error:
        raise not_found(str(error)) from error


async def show_clock(desk: Desk, _: Call) -> values.Time:
    """What time it is in the lab."""
    clock = desk.running.clock
    now = dt.datetime.fromtimestamp(clock.now() / 1_000_000, dt.UTC)
    return values.Time(now.isoformat(timespec="milliseconds"), round(clock.offset, 3))


async def move_clock(desk: Desk, call: Call) -> values.Time:
    """Moves the clock forward: retries, notices and expiry that are due until then happen now."""
    try:
        move(desk.running.clock, parse_step(call.body.step))
    except BadStep as error:
        raise unfit(str(error)) from error
    return await show_clock(desk, call)


async def reset_lab(desk: Desk, _: Call) -> values.Removed:
    """A fresh start: no mail, no queue, no journeys, no faults. The accounts stay, and so does the clock."""
    return msgspec.convert(await desk.running.reset(), values.Removed)


def _book(desk: Desk) -> FaultBook:
    return FaultBook(desk.running.switches, desk.running.rules)


def _fault(record: dict[str, Any]) -> values.Fault:
    told = dict(record)
    number, name = told.pop("number", None), told.pop("fault", "")
    at, words, hits, left = (
        told.pop("at", ""), told.pop("words", ""), told.pop("happened", 0), told.pop("left", None),
    )  # fmt: skip
    return values.Fault(name if number is None else str(number), at, name, told, hits, left, words)
