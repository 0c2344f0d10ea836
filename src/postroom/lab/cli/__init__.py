"""`postroom lab`: two mail domains on this machine, and what can be done with them while they run.

RFC 6761 §6.2 names, loopback only. Not here: the lab itself (`lab.laboratory`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from postroom.agent.invocation import commands
from postroom.lab.cli import faults as lab_faults
from postroom.lab.cli import starting
from postroom.lab.cli.clock import move_clock
from postroom.lab.cli.screen import Wishes
from postroom.lab.mishaps import MISHAPS, BadMishap, parse_mishap
from postroom.lab.plan import DEFAULT_BASE, BadAccount, parse_account, residents

app = commands("Two mail domains on this machine, with DNS and certificates.")
app.info.no_args_is_help = False
app.info.invoke_without_command = True
app.command("clock")(move_clock)
app.add_typer(lab_faults.app, name="faults")


@app.callback(invoke_without_command=True)
def lab(  # noqa: PLR0917 - a command's parameters are its options
    context: typer.Context,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON line on standard output when it is ready.")
    ] = False,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Keep nothing when it stops.")] = False,
    base_port: Annotated[
        int, typer.Option(min=0, max=60_000, help="All ports follow from it; 0: any free ones.")
    ] = DEFAULT_BASE,
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDR:PASSWORD", help="A further account of one of the two domains."),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the lab keeps its things.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[@DOMAIN]", help=f"Something that is wrong: {', '.join(MISHAPS)}."),
    ] = None,
    enforce: Annotated[
        bool, typer.Option("--enforce", help="Refuse what fails SPF and DMARC, as a server does.")
    ] = False,
    catch_all: Annotated[
        bool, typer.Option("--catch-all", help="One mailbox gets what has no other, of any domain.")
    ] = False,
) -> None:
    """Start crepes.test (alice) and hamburger.test (bob) on this machine, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    try:
        people = [*residents(), *(parse_account(text) for text in account or ())]
        faults = [parse_mishap(text) for text in fault or ()]
    except (BadAccount, BadMishap) as error:
        typer.echo(f"postroom lab: {error}", err=True)
        raise typer.Exit(2) from error
    where = Path(tempfile.mkdtemp(prefix="postroom-lab-")) if ephemeral and data is None else data or _home()
    wishes = Wishes(json, base_port, people, where.resolve(), ephemeral, faults, enforce, catch_all)
    try:
        code = starting.run(wishes)
    finally:
        if ephemeral:
            shutil.rmtree(where, ignore_errors=True)
    raise typer.Exit(code)


def _home() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "postroom" / "lab"
