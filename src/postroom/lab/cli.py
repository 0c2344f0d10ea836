"""`postroom lab`: starts the lab, says what is where, and stops on Ctrl-C.

RFC 6761 §6.2 names, loopback only. Not here: the lab itself (`lab.laboratory`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from postroom.agent import runtime
from postroom.agent.accounts import Account, AccountsFile, Endpoint, dump
from postroom.agent.invocation import commands
from postroom.lab.mishaps import MISHAPS, BadMishap, Chosen, parse_mishap
from postroom.lab.plan import DEFAULT_BASE, BadAccount, Person, parse_account, residents

if TYPE_CHECKING:
    from postroom.lab.laboratory import Laboratory

app = commands("Two mail domains on this machine, with DNS and certificates.")
app.info.no_args_is_help = False
app.info.invoke_without_command = True


LAB = "lab"  # the file that names the lab's own control socket


class Wishes(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    json: bool
    base: int
    people: Sequence[Person]
    data: Path
    ephemeral: bool
    faults: Sequence[Chosen] = ()
    enforce: bool = False


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
    wishes = Wishes(json, base_port, people, where.resolve(), ephemeral, faults, enforce)
    try:
        code = _run(wishes)
    finally:
        if ephemeral:
            shutil.rmtree(where, ignore_errors=True)
    raise typer.Exit(code)


@app.command("clock")
def move_clock(
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="Such as +5h, +30m or +1d12h; +0s only looks.")
    ] = "+0s",
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Move the clock of the running lab forward: retries, notices and expiry happen now."""
    from postroom.app.control import NotRunning, OperationError, Request, call
    from postroom.lab.clock import CLOCK, BadStep, parse_step

    word = runtime.find(LAB)
    try:
        seconds = parse_step(step)
        if word is None:
            raise OperationError("no lab of this user is running: start one with postroom lab")
        found = next(iter(call(Path(word.read_text("utf-8")), Request(CLOCK, {"seconds": seconds}))))
    except (BadStep, OperationError, NotRunning) as error:
        typer.echo(f"postroom lab clock: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, BadStep) else 1) from error
    if json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    at = dt.datetime.fromtimestamp(found["now"] / 1_000_000, dt.UTC)
    typer.echo(
        f"The lab's clock says {at:%Y-%m-%d %H:%M:%S} UTC, {found['ahead']} s ahead of this machine's."
    )


def _home() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "postroom" / "lab"


def _run(wishes: Wishes) -> int:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_live(wishes))


async def _live(wishes: Wishes) -> int:
    from postroom.app.logs import make_log
    from postroom.app.settings import SettingsError
    from postroom.lab.laboratory import Laboratory, LabSettings
    from postroom.net.sockets import CannotListen
    from postroom.store.refused import StoreRefused

    stop = _stop_signal()
    log = make_log("auto", "warning" if not wishes.json else "info")
    running = Laboratory(
        LabSettings(wishes.data, wishes.base, wishes.people, log, wishes.faults, wishes.enforce)
    )
    try:
        await running.start()
    except (CannotListen, StoreRefused, SettingsError) as error:
        hint = "" if wishes.base == 0 else "; other ports: --base-port 0"
        typer.echo(f"postroom lab: {error}{hint}", err=True)
        return 1
    directory = runtime.lab_directory()
    try:
        runtime.publish(_word(running), directory)
        _announce(running, wishes)
        await _first(stop, running.failed)
    finally:
        runtime.retract(directory)
        await running.stop()
    return 1 if running.failed.is_set() else 0


def _stop_signal() -> asyncio.Event:
    """Set by Ctrl-C and its relatives, from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _word(running: Laboratory) -> dict[str, str]:
    """The files that tell other commands of this user about the lab."""
    servers = "".join(
        f'[servers."{domain}"]\ncontrol = {msgspec.json.encode(str(control)).decode()}\n'
        f'dns = "127.0.0.1:{running.names.port}"\n'
        for domain, control in running.controls().items()
    )
    people: dict[str, Account] = {}
    for one in running.inhabitants:
        name, _, domain = one.address.partition("@")
        ports = running.ports[domain]
        people[name if name not in people else one.address] = Account(
            one.address,
            Endpoint("127.0.0.1", ports["submission"], "starttls", f"mail.{domain}"),
            Endpoint("127.0.0.1", ports["pop3"], "starttls", f"mail.{domain}"),
            Endpoint("127.0.0.1", ports["imap"], "starttls", f"mail.{domain}"),
            name=name.capitalize(),
            password=one.password,
            authorities=str(running.ca.path),
            insecure_loopback=True,
            control=str(running.controls()[domain]),
        )
    return {
        runtime.SERVERS: servers,
        runtime.ACCOUNTS: dump(AccountsFile(people, "alice")),
        LAB: str(running.control.path),
    }


def _announce(running: Laboratory, wishes: Wishes) -> None:
    if wishes.json:
        sys.stdout.write(msgspec.json.encode(running.describe()).decode() + "\n")
        sys.stdout.flush()
        return
    for line in _screen(running, wishes):
        typer.echo(line)


def _screen(running: Laboratory, wishes: Wishes) -> list[str]:
    """What a person reads: who is who, what is where, and what to type next."""
    from postroom.lab.faults import FAULTS

    us = _program()
    lines = ["Postroom lab: two mail servers with DNS and certificates, on this machine only."]
    passwords = {one.address: one.password for one in running.inhabitants}
    for domain, ports in sorted(running.ports.items()):
        here = [address for address in passwords if address.endswith(f"@{domain}")]
        lines.append(f"  {domain} (mail.{domain})  web mail http://127.0.0.1:{ports['http']}/mail/")
        lines += [f"    {address:<24} password {passwords[address]}" for address in here]
        lines += [f"    {row}" for row in _rows(_services(ports))]
        lines.append("")
    lines += [
        f"  DNS 127.0.0.1 port {running.names.port}   data {wishes.data}{' (until it stops)' if wishes.ephemeral else ''}",
        f"  certificate authority {running.ca.path}",
        "",
        "Next: open a web mail and sign in, or, in a second terminal:",
        "  echo 'Do you like ketchup?' |",
        f"    {us} mail --as alice send bob@hamburger.test --subject Hello",
        f"  {us} mail --as bob list",
        f"  {us} journey --last",
        f"  {us} lab clock +5h   # what is due until then happens now",
        f"Faults: write to {'@ '.join(FAULTS)}@hamburger.test",
        *(f"Wrong on purpose: {chosen}" for chosen in wishes.faults),
        "Ctrl-C stops the lab.",
    ]
    return lines


def _rows(services: list[str]) -> list[str]:
    """Where mail is given, and where it is read."""
    reading = [one for one in services if one.startswith(("pop3", "imap"))]
    giving = [one for one in services if one not in reading and not one.startswith("http")]
    return ["  ".join(giving), "  ".join(reading)]


def _services(ports: Mapping[str, int]) -> list[str]:
    """Each service with its port, and that where it speaks TLS from the first byte beside it."""
    return [
        f"{name} {port}" + (f" (TLS {ports[name + 's']})" if name + "s" in ports else "")
        for name, port in ports.items()
        if not (name.endswith("s") and name[:-1] in ports)
    ]


def _program() -> str:
    """How this program can be called from where the user is."""
    name = Path(sys.argv[0])
    if shutil.which("postroom") is not None and name.name == "postroom" and not name.is_absolute():
        return "postroom"
    found = Path(shutil.which(sys.argv[0]) or sys.argv[0])
    here = Path.cwd()
    return str(found.relative_to(here)) if found.is_relative_to(here) else str(found)
