"""`postroom check`: whether the store is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import checking
from postroom.app.operations.checking import Check
from postroom.app.operations.office import Finding

app = commands("Check the store.")
FOUND = 3  # the exit code when something is wrong and was not repaired

COLUMNS = (
    Column[Finding]("Kind", lambda one: one.kind),
    Column[Finding]("About", lambda one: one.subject),
    Column[Finding]("What", lambda one: one.words),
    Column[Finding]("Repaired", lambda one: "yes" if one.repaired else "no"),
)


@app.command()
@command(administration)
def check(
    session: Administration,
    repair: Annotated[bool, typer.Option("--repair", help="Rebuild what can be rebuilt.")] = False,
) -> None:
    """Check that nothing is missing, left over or counted wrong."""
    left = 0

    def counted() -> list[Finding]:
        nonlocal left
        found = list(session.perform(checking.CHECK, Check(repair)))
        left = sum(not one.repaired for one in found)
        return found

    number = session.terminal.listing(counted(), COLUMNS)
    if not number:
        session.terminal.say("the store is whole")
    elif left:
        raise CommandFailed(
            f"{left} of {number} findings are not repaired" + ("" if repair else "; try --repair"), FOUND
        )
