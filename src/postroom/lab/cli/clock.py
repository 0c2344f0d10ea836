"""`postroom lab clock`: moves the time of the running lab.

Not here: the operation (`lab.clock`).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command
from postroom.lab.cli.session import LabSession, lab_session


@command(lab_session)
def move_clock(
    session: LabSession,
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="Such as +5h, +30m or +1d12h; +0s only looks.")
    ] = "+0s",
) -> None:
    """Move the clock of the running lab forward: retries, notices and expiry happen now."""
    from postroom.lab.clock import CLOCK, BadStep, parse_step

    try:
        seconds = parse_step(step)
    except BadStep as error:
        raise CommandFailed(str(error), 2) from error
    found = next(iter(session.ask(CLOCK, seconds=seconds)))
    at = dt.datetime.fromtimestamp(found["now"] / 1_000_000, dt.UTC)
    session.terminal.record(found)
    session.terminal.say(
        f"The lab's clock says {at:%Y-%m-%d %H:%M:%S} UTC, {found['ahead']} s ahead of this machine's."
    )
