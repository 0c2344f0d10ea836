"""`postroom lab`: two mail domains on this machine, and what can be done with them while they run.

RFC 6761 §6.2 names, loopback only. Not here: the lab itself (`lab.laboratory`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from postroom.agent.invocation import commands
from postroom.lab.capture_file import Captured
from postroom.lab.cli import faults as lab_faults
from postroom.lab.cli import starting
from postroom.lab.cli.attendance import show_class
from postroom.lab.cli.capture import capture_lab
from postroom.lab.cli.class_options import Accounts, Bind, Domain, Number, Play
from postroom.lab.cli.clock import move_clock
from postroom.lab.cli.reading_here import read_mail
from postroom.lab.cli.reset import reset_lab
from postroom.lab.cli.screen import Wishes
from postroom.lab.cli.shown import BadChoice, parse_choice
from postroom.lab.cli.slips import print_slips
from postroom.lab.cli.start_options import Account, BindPage, CatchAll, Enforce, Pcap, ShowSecrets
from postroom.lab.cli.waiting import Timeout, Wait, wait_for_lab
from postroom.lab.cli.watch import Explain, Only, Server, watch
from postroom.lab.mishaps import MISHAPS, BadMishap, parse_mishap
from postroom.lab.notes import furnished
from postroom.lab.plan import DEFAULT_BASE, BadAccount, BadDomain, House, houses_at, parse_account, residents
from postroom.lab.reachable import BadBind, parse_bind
from postroom.lab.roll import parse_roll
from postroom.lab.scenarios import SCENARIOS

app = commands("Two mail domains on this machine, with DNS and certificates.")
app.info.no_args_is_help = False
app.info.invoke_without_command = True
app.command("clock")(move_clock)
app.command("capture")(capture_lab)
app.command("watch")(watch)
app.command("slips")(print_slips)
app.command("class")(show_class)
app.command("reset")(reset_lab)
app.command("read")(read_mail)
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
    account: Account = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the lab keeps its things.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[@DOMAIN]", help=f"Something that is wrong: {', '.join(MISHAPS)}."),
    ] = None,
    enforce: Enforce = False,
    pcap: Pcap = None,
    show_secrets: ShowSecrets = False,
    wait: Wait = False,
    timeout: Timeout = 30.0,
    bind_page: BindPage = False,
    follow: Annotated[
        bool, typer.Option("--watch", help="Show everything that happens, as it happens.")
    ] = False,
    only: Only = "",
    server: Server = "",
    explain: Explain = False,
    domain: Domain = None,
    accounts: Accounts = "",
    bind: Bind = "",
    scenario: Number = None,
    play: Play = False,
    catch_all: CatchAll = False,
) -> None:
    """Start crepes.test (alice) and hamburger.test (bob) on this machine, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    if wait:
        raise typer.Exit(wait_for_lab(timeout, json=json))
    if play and (json or not scenario):
        typer.echo("postroom lab: --play plays a scenario for people: --scenario 1 --play", err=True)
        raise typer.Exit(2)
    try:
        houses = _houses(domain or (), scenario)
        named = [parse_account(text, houses) for text in account or ()]
        people = [*residents(houses), *named, *(parse_roll(accounts, houses) if accounts else ())]
        faults = [parse_mishap(text, houses) for text in fault or ()]
        reachable = parse_bind(bind, page_too=bind_page)
        choice = parse_choice(only, server, explain=explain) if follow else None
    except (BadAccount, BadMishap, BadDomain, BadBind, BadChoice) as error:
        typer.echo(f"postroom lab: {error}", err=True)
        raise typer.Exit(2) from error
    kept = not ephemeral and (data is not None or not scenario)  # a scenario needs a lab without others
    where = (data or _home() if kept or data else Path(tempfile.mkdtemp(prefix="postroom-lab-"))).resolve()
    captured = Captured(pcap, show_secrets) if pcap is not None else None
    terms = (faults, enforce, houses, reachable, scenario or 0, play, choice, captured, catch_all, bind_page)
    raise typer.Exit(_run(Wishes(json, base_port, people, where, not kept, *terms)))


def _run(wishes: Wishes) -> int:
    try:
        return starting.run(wishes)
    finally:
        if wishes.ephemeral:
            shutil.rmtree(wishes.data, ignore_errors=True)


def _houses(domains: Sequence[str], scenario: int | None) -> tuple[House, ...]:
    """The lab's, or those that a scenario needs. Raises `BadDomain`."""
    usual = houses_at(domains)
    return furnished(SCENARIOS[scenario].houses(usual) if scenario else usual)


def _home() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "postroom" / "lab"
