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
from postroom.lab.capture_file import Captured
from postroom.lab.cli import starting
from postroom.lab.cli.attendance import show_class
from postroom.lab.cli.capture import capture_lab
from postroom.lab.cli.clock import move_clock
from postroom.lab.cli.reset import reset_lab
from postroom.lab.cli.screen import Wishes
from postroom.lab.cli.slips import print_slips
from postroom.lab.mishaps import MISHAPS, BadMishap, parse_mishap
from postroom.lab.notes import furnished
from postroom.lab.plan import DEFAULT_BASE, BadAccount, BadDomain, houses_at, parse_account, residents
from postroom.lab.reachable import BadBind, parse_bind
from postroom.lab.roll import parse_roll

Pcap = Annotated[
    Path | None,
    typer.Option(
        "--pcap", metavar="FILE", help="Write what goes over its connections as a capture for Wireshark."
    ),
]
ShowSecrets = Annotated[
    bool, typer.Option("--show-secrets", help="In that file, passwords as they go, not as asterisks.")
]

app = commands("Two mail domains on this machine, with DNS and certificates.")
app.info.no_args_is_help = False
app.info.invoke_without_command = True
app.command("clock")(move_clock)
app.command("capture")(capture_lab)
app.command("slips")(print_slips)
app.command("class")(show_class)
app.command("reset")(reset_lab)


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
    pcap: Pcap = None,
    show_secrets: ShowSecrets = False,
    domain: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name for the first domain; once more: for the second."),
    ] = None,
    accounts: Annotated[
        str, typer.Option(metavar="N|FILE", help="Accounts for a class: student01 ..., or an address a line.")
    ] = "",
    bind: Annotated[
        str, typer.Option(metavar="ADDR", help="Let others reach it at this address of this machine.")
    ] = "",
) -> None:
    """Start crepes.test (alice) and hamburger.test (bob) on this machine, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    try:
        houses = furnished(houses_at(domain or ()))
        named = [parse_account(text, houses) for text in account or ()]
        people = [*residents(houses), *named, *(parse_roll(accounts, houses) if accounts else ())]
        faults = [parse_mishap(text, houses) for text in fault or ()]
        reachable = parse_bind(bind) if bind else ""
    except (BadAccount, BadMishap, BadDomain, BadBind) as error:
        typer.echo(f"postroom lab: {error}", err=True)
        raise typer.Exit(2) from error
    where = Path(tempfile.mkdtemp(prefix="postroom-lab-")) if ephemeral and data is None else data or _home()
    captured = Captured(pcap, show_secrets) if pcap is not None else None
    wishes = Wishes(
        json, base_port, people, where.resolve(), ephemeral, faults, enforce, houses, reachable, captured
    )
    try:
        code = starting.run(wishes)
    finally:
        if ephemeral:
            shutil.rmtree(where, ignore_errors=True)
    raise typer.Exit(code)


def _home() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "postroom" / "lab"
