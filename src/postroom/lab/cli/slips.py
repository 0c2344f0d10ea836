"""`postroom lab slips`: what each account of the running lab needs, for paper.

Not here: what a slip says (`lab.classroom.slips`).
"""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import command
from postroom.lab.cli.session import LabSession, lab_session


@command(lab_session)
def print_slips(
    session: LabSession,
    *,
    html: Annotated[
        bool,
        typer.Option("--html", help="A page for a browser's printer: postroom lab slips --html > slips.html"),
    ] = False,
) -> None:
    """Print a slip for each account of the running lab: address, password, servers, ports."""
    from postroom.lab.classroom.slips import SLIPS, Slip, as_html, as_text

    found = [msgspec.convert(record, Slip) for record in session.ask(SLIPS)]
    if html:
        sys.stdout.write(as_html(found))
        return
    for slip in found:
        session.terminal.record(slip)
    session.terminal.say(as_text(found))
