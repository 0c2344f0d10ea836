"""`postroom dns`: the records that a domain needs, and whether they are there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column
from postroom.app.cli.asking import Asking, ResolverAt, asked
from postroom.app.cli.session import Administration, administration
from postroom.app.dns.check import check as check_records
from postroom.app.dns.forms import explained, in_zone_file
from postroom.app.dns.verdicts import Checked, Verdict, exit_code
from postroom.app.operations import dns
from postroom.app.operations.dns import WantedRecords
from postroom.deliver.tls.sts import fetch
from postroom.net.https import Web
from postroom.net.tls.certificates import CertificateError, verified
from postroom.proto.http.mta_sts import Policy

FETCH_SECONDS = 15.0  # that the policy of MTA-STS may take

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
        session.terminal.say(in_zone_file(record) if zone else f"{explained(record)}\n")
    session.terminal.note(f"When they are published: postroom dns check {domain}")


COLUMNS = (
    Column[Checked]("Record", lambda one: one.topic),
    Column[Checked]("Verdict", lambda one: one.verdict.value + (" (optional)" if one.optional else "")),
    Column[Checked]("Name", lambda one: one.name),
    Column[Checked]("Reason", lambda one: one.reason),
)


@app.command()
@command(administration)
def check(
    session: Administration,
    domain: Domain,
    address: Addresses = None,
    resolver: ResolverAt = "",
    *,
    authorities: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Trust these authorities (PEM), not the system's.")
    ] = None,
    https_port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65_535, help="Where the web server is; 443, unknown in a lab."
        ),
    ] = 0,
) -> None:
    """Look for the records of a domain: a verdict and a reason for each, and what is to be done.

    Exit codes: 0 all is well, 10 something is to be done, 14 the name servers did not answer.
    """
    wanted = list(session.perform(dns.RECORDS, WantedRecords(domain, address or []), domain))

    world = session.dns(domain)
    port = https_port or (0 if world else 443)
    try:
        context = verified(authorities)
    except CertificateError as error:
        raise CommandFailed(f"--authorities {error}", 2) from error

    async def look(asking: Asking) -> list[Checked]:
        web = Web(asking, lambda: context, lambda _: port, seconds=FETCH_SECONDS)

        async def policy(name: str) -> Policy:
            return (await fetch(web, name))[1]

        return await check_records(wanted, asking, policy if port else None)

    found, _ = asked(resolver or world, look)
    session.terminal.listing(found, COLUMNS)
    for one in found:
        if one.fix and one.verdict is not Verdict.OK:
            session.terminal.say(f"\n{one.topic} {one.name}: {one.reason}\n    {one.fix}")
    code = exit_code(found)
    if code:
        raise typer.Exit(code)
