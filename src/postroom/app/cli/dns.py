"""`postroom dns`: the records that a domain needs."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import command, commands
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import dns
from postroom.app.operations.dns import WantedRecords, zone_line

app = commands("DNS records.")


@app.callback()
def group() -> None:
    """DNS records."""


@app.command()
@command(administration)
def records(
    session: Administration,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="One of this system's.")],
    address: Annotated[
        list[str] | None, typer.Option(metavar="IP", help="Where the host is reached.")
    ] = None,
) -> None:
    """Print the records that a domain needs, as lines of a zone file."""
    for record in session.perform(dns.RECORDS, WantedRecords(domain, address or []), domain):
        session.terminal.record(record)
        session.terminal.say(f"; {record.why}\n{zone_line(record)}")
