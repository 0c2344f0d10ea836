"""The lab's clock from outside: `postroom lab clock +5h` moves the time of a running lab, and what waited for it happens now.

Retries, delay notices and expiry (RFC 5321 §4.5.4.1) follow it; ids do not. The lab listens at a control socket of its own beside its
servers'. Not here: the clock (`net.clock`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from postroom.app.control import Caller, ControlServer, OperationError, Request
from postroom.net.clock import MovableClock

CLOCK = "clock"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_STEP = re.compile(r"\+?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s?)?", re.ASCII)


class BadStep(Exception):
    """No step of time; the text says how one is written."""


def parse_step(text: str) -> int:
    """Seconds of `+5h`, `+1d12h`, `90s`, `+30m`; raises `BadStep`."""
    matched = _STEP.fullmatch(text)
    if not matched or not any(matched.groups()):
        raise BadStep(f"{text!r} is no step of time: write it as +5h, +30m, +1d12h or +90s")
    days, hours, minutes, seconds = (int(part or 0) for part in matched.groups())
    return days * _UNITS["d"] + hours * _UNITS["h"] + minutes * _UNITS["m"] + seconds


class LabControl:
    """The socket of one lab, at `DATA/lab`."""

    def __init__(self, data: Path, clock: MovableClock) -> None:
        self.path = data / "lab"
        self._clock = clock
        self._server = ControlServer(self.path, self._perform)

    async def start(self) -> None:
        """Listens."""
        await self._server.start()

    async def stop(self) -> None:
        """Ends."""
        await self._server.stop()

    async def _perform(self, caller: Caller, request: Request) -> AsyncIterator[dict[str, Any]]:
        if not caller.is_administrator:
            raise OperationError(f"{caller.name} may not move this lab's clock: it is somebody else's")
        if request.operation != CLOCK:
            raise OperationError(f"a lab knows no {request.operation}")
        seconds = request.arguments.get("seconds", 0)
        if not isinstance(seconds, int) or seconds < 0:
            raise OperationError("the clock moves forward only")
        self._clock.advance(seconds)
        yield {"ahead": round(self._clock.offset), "now": self._clock.now()}
