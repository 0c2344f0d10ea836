"""`postroom lab`: two mail domains on this machine, and what can be done with them while they run.

RFC 6761 §6.2 names, loopback only. Not here: the lab itself (`lab.laboratory`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer
from msgspec import structs

from postroom.agent.invocation import commands
from postroom.agent.runtime import NotOurs
from postroom.lab.classroom.roll import parse_roll
from postroom.lab.classroom.scenarios import SCENARIOS
from postroom.lab.cli import faults as lab_faults
from postroom.lab.cli import starting
from postroom.lab.cli.attendance import show_class
from postroom.lab.cli.capture import capture_lab
from postroom.lab.cli.class_options import Accounts, Bind, Domain, Number, Play
from postroom.lab.cli.clock import move_clock
from postroom.lab.cli.options import (
    Account,
    BasePort,
    BindPage,
    CatchAll,
    Data,
    Enforce,
    Ephemeral,
    Faults,
    Follow,
    Json,
    Pcap,
    ShowSecrets,
)
from postroom.lab.cli.reading_here import read_mail
from postroom.lab.cli.reset import reset_lab
from postroom.lab.cli.screen import Wishes
from postroom.lab.cli.shown import BadChoice, parse_choice
from postroom.lab.cli.slips import print_slips
from postroom.lab.cli.waiting import Timeout, Wait, wait_for_lab
from postroom.lab.cli.watch import Explain, Only, Server, watch
from postroom.lab.dns.notes import furnished
from postroom.lab.faults.mishaps import BadMishap, parse_mishap
from postroom.lab.heard.capture_file import Captured
from postroom.lab.plan import DEFAULT_BASE, BadAccount, BadDomain, House, houses_at, parse_account, residents
from postroom.lab.reachable import BadBind, parse_bind

app = commands("Two mail domains on this machine, with DNS and certificates.")
app.info.no_args_is_help = False
app.info.invoke_without_command = True
app.command("clock")(move_clock)
app.add_typer(lab_faults.app, name="faults")
app.command("capture")(capture_lab)
app.command("slips")(print_slips)
app.command("class")(show_class)
app.command("reset")(reset_lab)
app.command("read")(read_mail)
app.command("watch")(watch)


@app.callback(invoke_without_command=True)
def lab(  # noqa: PLR0917 - a command's parameters are its options
    context: typer.Context,
    json: Json = False,
    ephemeral: Ephemeral = False,
    base_port: BasePort = DEFAULT_BASE,
    account: Account = None,
    data: Data = None,
    fault: Faults = None,
    enforce: Enforce = False,
    domain: Domain = None,
    accounts: Accounts = "",
    bind: Bind = "",
    scenario: Number = None,
    play: Play = False,
    follow: Follow = False,
    only: Only = "",
    server: Server = "",
    explain: Explain = False,
    pcap: Pcap = None,
    show_secrets: ShowSecrets = False,
    catch_all: CatchAll = False,
    bind_page: BindPage = False,
    wait: Wait = False,
    timeout: Timeout = 30.0,
) -> None:
    """Start crepes.test (alice) and hamburger.test (bob) on this machine, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    if wait:
        raise typer.Exit(wait_for_lab(timeout, json=json))
    try:
        if play and (json or not scenario):
            raise BadChoice("--play plays a scenario for people: --scenario 1 --play")
        houses = _houses(domain or (), scenario)
        named = [parse_account(text, houses) for text in account or ()]
        people = [*residents(houses), *named, *(parse_roll(accounts, houses) if accounts else ())]
        kept = not ephemeral and (data is not None or not scenario)  # a scenario needs a lab without others
        wishes = Wishes(
            json,
            base_port,
            people,
            Path(),
            not kept,
            faults=[parse_mishap(text, houses) for text in fault or ()],
            enforce=enforce,
            houses=houses,
            bind=parse_bind(bind, page_too=bind_page),
            page_too=bind_page,
            scenario=scenario or 0,
            play=play,
            watch=parse_choice(only, server, explain=explain) if follow else None,
            captured=Captured(pcap, show_secrets) if pcap is not None else None,
            catch_all=catch_all,
        )
    except (BadAccount, BadMishap, BadDomain, BadBind, BadChoice) as error:
        typer.echo(f"postroom lab: {error}", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(_run(wishes, data, kept=kept))


def _run(wishes: Wishes, data: Path | None, *, kept: bool) -> int:
    try:
        where = data or _home() if kept or data else Path(tempfile.mkdtemp(prefix="postroom-lab-"))
        return _run_at(structs.replace(wishes, data=where.resolve()))
    except NotOurs as error:
        typer.echo(f"postroom lab: {error}", err=True)
        return 1
    except OSError as error:
        if error.filename is None:
            raise  # a reader of standard output who has gone
        typer.echo(f"postroom lab: {error.filename}: {error.strerror}; another place: --data DIR", err=True)
        return 1


def _run_at(wishes: Wishes) -> int:
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
