"""The lab's clock from outside: `postroom lab clock +5h` moves the time of a running lab, and what waited for it happens now.

Retries, delay notices and expiry (RFC 5321 §4.5.4.1) follow it; ids do not. Not here: the clock (`net.clock`), the socket (`lab.control`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from postroom.app.control import OperationError
from postroom.net.clock import MovableClock

CLOCK = "clock"
MOST_AHEAD: Final = (
    50 * 365 * 86_400
)  # seconds that the clock can be ahead: dates of DNSSEC have 32 bits (RFC 4034 §3.1.5)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_STEP = re.compile(r"\+?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s?)?", re.ASCII)


class BadStep(Exception):
    """No step of time, or one too far; the text says how one is written."""


def parse_step(text: str) -> int:
    """Seconds of `+5h`, `+1d12h`, `90s`, `+30m`; raises `BadStep`."""
    matched = _STEP.fullmatch(text)
    if not matched or not any(matched.groups()):
        raise BadStep(f"{text!r} is no step of time: write it as +5h, +30m, +1d12h or +90s")
    days, hours, minutes, seconds = (int(part or 0) for part in matched.groups())
    return days * _UNITS["d"] + hours * _UNITS["h"] + minutes * _UNITS["m"] + seconds


def move(clock: MovableClock, seconds: int) -> None:
    """Moves it forward; raises `BadStep` for a step that leads too far."""
    if seconds > MOST_AHEAD - clock.offset:
        raise BadStep("the lab's clock can be 50 years ahead, and no more: start another lab")
    clock.advance(seconds)


async def moved(clock: MovableClock, arguments: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """The operation: `seconds` forward. Gives `ahead` of this machine's clock, in seconds, and `now` in unix microseconds."""
    seconds = arguments.get("seconds", 0)
    if not isinstance(seconds, int) or seconds < 0:
        raise OperationError("the clock moves forward only")
    try:
        move(clock, seconds)
    except BadStep as error:
        raise OperationError(str(error)) from error
    yield {"ahead": round(clock.offset), "now": clock.now()}
