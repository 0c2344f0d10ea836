"""What a lab says when it is ready: a page for people, or one JSON line for programs.

Not here: starting it (`lab.cli.starting`).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from postroom.lab.cli.shown import Choice
from postroom.lab.faults.mishaps import Chosen
from postroom.lab.heard.capture_file import Captured
from postroom.lab.plan import HOUSES, House, Person

if TYPE_CHECKING:
    from postroom.lab.laboratory import Laboratory


SHOWN = 6  # accounts of a domain on the screen
FAULTS_SHOWN = ("tempfail", "slow")  # of the addresses that ask for faults


class Wishes(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    json: bool
    base: int
    people: Sequence[Person]
    data: Path
    ephemeral: bool
    faults: Sequence[Chosen] = ()
    enforce: bool = False
    houses: Sequence[House] = HOUSES
    bind: str = ""
    scenario: int = 0
    play: bool = False
    watch: Choice | None = None
    captured: Captured | None = None
    catch_all: bool = False
    page_too: bool = False


def announce(running: Laboratory, wishes: Wishes) -> None:
    if wishes.json:
        sys.stdout.write(msgspec.json.encode(running.describe()).decode() + "\n")
        sys.stdout.flush()
        return
    for line in screen(running, wishes):
        typer.echo(line)


def screen(running: Laboratory, wishes: Wishes) -> list[str]:
    """What a person reads: who is who, what is where, and what to type next."""
    us = program()
    where = "on this machine" if wishes.bind else "on this machine only"
    lines = [f"Postroom lab: two mail servers with DNS and certificates, {where}."]
    passwords = {one.address: one.password for one in running.inhabitants}
    for domain, ports in sorted(running.ports.items()):
        here = [address for address in passwords if address.endswith(f"@{domain}")]
        more = here[SHOWN:]
        here = here[:SHOWN] if more else here
        lines.append(f"  {domain} (mail.{domain})  web mail http://127.0.0.1:{ports['http']}/mail/")
        lines += [f"    {address:<24} password {passwords[address]}" for address in here]
        lines += [f"    and {len(more)} more: {us} lab slips"] if more else []
        lines += [f"    {row}" for row in _rows(_services(ports))]
        further = next((house.further for house in wishes.houses if house.domain == domain), ())
        lines.append(f"    also {' '.join(further)} (course notes)" if further else "")
    lines += [
        f"  DNS 127.0.0.1 port {running.names.port}   data {wishes.data}{' (gone when it stops)' if wishes.ephemeral else ''}",
        f"  certificate authority {running.ca.path}",
        "",
        f"Next: read and watch mail at {running.front.url}, or, in a second terminal:",
        "  echo 'Do you like ketchup?' |",
        f"    {us} mail --as alice send bob@{wishes.houses[0].domain} --subject Hello",
        f"  {us} mail --as bob list",
        f"  {us} journey --last",
        f"  {us} lab clock +5h   # what is due until then happens now",
        f"Faults: to {'@ or '.join(FAULTS_SHOWN)}@{wishes.houses[0].domain}; {us} lab faults list",
        *(["Mail to anybody else, of any domain, is in catch-all's mailbox."] if wishes.catch_all else []),
        *(f"Wrong on purpose: {chosen}" for chosen in wishes.faults),
        *_capture_lines(wishes.captured),
        *([f"WARNING: open to others at {wishes.bind}."] if wishes.bind else []),
        "Ctrl-C stops the lab.",
    ]
    return lines


def _capture_lines(captured: Captured | None) -> list[str]:
    if captured is None:
        return []
    secrets = "passwords as they go" if captured.show_secrets else "passwords as asterisks"
    return [f"What goes over the connections is written to {captured.file}, {secrets}."]


def warning(address: str, *, page_too: bool = False) -> str:
    """What whoever opens a lab to others should know."""
    page = "\n  Its page is open to them as well: they read all mail and all passwords, and switch what they like."
    return (
        f"WARNING: others can reach this lab at {address}. There passwords need TLS, those of the course notes are\n"
        "  good for nothing, and nothing is relayed for strangers. But anybody there may claim any sender and send\n"
        "  without limit, and who takes over the lab's authority (ca.pem) trusts this machine: use a network that you trust."
        + page
        * page_too
    )


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


def program() -> str:
    """How this program can be called from where the user is."""
    name = Path(sys.argv[0])
    if name.name == "__main__.py":  # python -m
        return f"{Path(sys.executable).name} -m postroom"
    if shutil.which("postroom") is not None and name.name == "postroom" and not name.is_absolute():
        return "postroom"
    found = Path(shutil.which(sys.argv[0]) or sys.argv[0])
    here = Path.cwd()
    return str(found.relative_to(here)) if found.is_relative_to(here) else str(found)
