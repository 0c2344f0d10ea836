"""Switches of the lab over HTTP: faults, the clock, a fresh start.

Not here: what they do (`lab.fault_rules`, `lab.clock`, `lab.resetting`).
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import msgspec

from postroom.lab.api import values
from postroom.lab.api.desk import Call, Desk
from postroom.lab.api.problems import not_found, unfit
from postroom.lab.clock import BadStep, parse_step
from postroom.lab.fault_rules import BadFault, FaultRule

MOST_AHEAD: Final = 50 * 365 * 86_400  # seconds that the clock can be ahead


async def list_faults(desk: Desk, _: Call) -> values.Faults:
    """Faults that are on, in the order in which they have their turn."""
    return values.Faults([_fault(rule) for rule in desk.running.rules])


async def add_fault(desk: Desk, call: Call) -> values.Fault:
    """Has something go wrong from now on, for example the next two RCPT commands: {"at": "rcpt", "reply": "451 4.2.1 Busy", "times": 2}."""
    terms: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(call.body).items() if value
    }
    try:
        return _fault(desk.running.switches.add(FaultRule(terms.pop("at", ""), **terms)))
    except BadFault as error:
        raise unfit(str(error)) from error


async def clear_faults(desk: Desk, _: Call) -> None:
    """Ends all faults."""
    await desk.running.switches.clear()


async def end_fault(desk: Desk, call: Call) -> None:
    """Ends a fault."""
    for rule in desk.running.rules:
        if str(rule.number) == call.path["id"]:
            await desk.running.switches.remove(rule)
            return
    raise not_found(f"there is no fault {call.path['id']}")


async def show_clock(desk: Desk, _: Call) -> values.Time:
    """What time it is in the lab."""
    clock = desk.running.clock
    now = dt.datetime.fromtimestamp(clock.now() / 1_000_000, dt.UTC)
    return values.Time(now.isoformat(timespec="milliseconds"), round(clock.offset, 3))


async def move_clock(desk: Desk, call: Call) -> values.Time:
    """Moves the clock forward: retries, notices and expiry that are due until then happen now."""
    try:
        seconds = parse_step(call.body.step)
    except BadStep as error:
        raise unfit(str(error)) from error
    if desk.running.clock.offset + seconds > MOST_AHEAD:
        raise unfit("the lab's clock can be 50 years ahead, and no more: start another lab")
    desk.running.clock.advance(seconds)
    return await show_clock(desk, call)


async def reset_lab(desk: Desk, _: Call) -> values.Removed:
    """A fresh start: no mail, no queue, no journeys, no faults. The accounts stay, and so does the clock."""
    return msgspec.convert(await desk.running.reset(), values.Removed)


def _fault(rule: FaultRule) -> values.Fault:
    return values.Fault(rule.number, rule.at, rule.hits, str(rule))
