"""`postroom lab watch`: follows the running lab, a line for everything that happens.

Not here: the operation (`lab.heard.watching`), lines (`lab.cli.shown`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command
from postroom.app.control import CallFailed, OperationError
from postroom.lab.cli.session import LabSession, lab_session
from postroom.lab.cli.shown import FAMILIES, BadChoice, Shown, parse_choice

Only = Annotated[
    str,
    typer.Option(
        "--only", metavar="LIST", help=f"Of {', '.join(FAMILIES)}, or all; without: no web, no log."
    ),
]
Server = Annotated[str, typer.Option("--server", metavar="DOMAIN", help="Only what is about this one.")]
Explain = Annotated[bool, typer.Option("--explain", help="What each line means, with its RFC section.")]


@command(lab_session)
def watch(
    session: LabSession,
    only: Only = "",
    server: Server = "",
    explain: Explain = False,
    past: Annotated[bool, typer.Option("--past", help="What has happened before, too.")] = False,
) -> None:
    """Follow the running lab: dialogues, DNS questions, checks and steps of messages, as they happen."""
    from postroom.lab.clock import CLOCK
    from postroom.lab.heard.watching import WATCH

    try:
        choice = parse_choice(only, server, explain=explain)
    except BadChoice as error:
        raise CommandFailed(str(error), 2) from error
    list(session.ask(CLOCK, seconds=0))  # raises where no lab runs
    since = {"since": 0} if past else {}
    shown = Shown(choice, color=session.terminal.color, json=session.terminal.json)
    try:
        for record in session.ask(WATCH, follow=True, explain=explain, **since):
            shown.show((record,))
    except CallFailed:
        raise
    except OperationError:
        session.terminal.note("The lab has stopped.")
