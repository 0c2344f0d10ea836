"""`postroom dns`: the records that a domain needs, and whether they are there."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import command, commands
from postroom.app.cli.session import Administration, administration
from postroom.app.dns.forms import explained
from postroom.app.operations import dns
from postroom.app.operations.dns import WantedRecords

app = commands("DNS records.")

Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="One of this system's.")]
Addresses = Annotated[
    list[str] | None, typer.Option("--address", metavar="IP", help="Where the host is reached.")
]


@app.callback()
def group() -> None:
    """DNS records."""


@app.command()
@command(administration)
def records(
    session: Administration,
    domain: Domain,
    address: Addresses = None,
    *,
    dmarc: Annotated[
        str, typer.Option(metavar="none|quarantine|reject", help="What others are to do with forgeries.")
    ] = "none",
    zone: Annotated[bool, typer.Option("--zone", help="Lines of a zone file alone.")] = False,
) -> None:
    """Print the records that a domain needs: for a web form, as one string, and as a line of a zone file."""
    wanted = WantedRecords(domain, address or [], dmarc)
    for record in session.perform(dns.RECORDS, wanted, domain):
        session.terminal.record(record)
        session.terminal.say(f"; {record.why}\n{record.zone_file}" if zone else f"{explained(record)}\n")
    session.terminal.note(f"When they are published: postroom dns check {domain}")
