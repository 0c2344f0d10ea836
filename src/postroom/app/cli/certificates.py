"""`postroom certificates`: which there are, new ones from the authority, and having new files used."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column, time_text
from postroom.app.cli.session import Administration, Yes, administration
from postroom.app.operations import certificates
from postroom.app.operations.certificates import (
    REASONS,
    CertificateOutcome,
    CertificateRecord,
    CertificateState,
    ListCertificates,
    ReloadCertificates,
    RenewCertificates,
    RevokeCertificates,
)

app = commands("Certificates.")

COLUMNS = (
    Column[CertificateState]("Names", lambda one: " ".join(one.names)),
    Column[CertificateState]("Key", lambda one: one.kind),
    Column[CertificateState](
        "From", lambda one: one.issuer if one.source == "authority" and one.issuer else one.source
    ),
    Column[CertificateState]("Ends", lambda one: time_text(one.not_after)),
    Column[CertificateState]("Next", lambda one: time_text(one.renew_at)),
    Column[CertificateState]("Trouble", lambda one: f"{one.error} (tries: {one.tries})" if one.tries else ""),
)
OUTCOMES = (
    Column[CertificateOutcome]("Certificate", lambda one: one.name),
    Column[CertificateOutcome]("Key", lambda one: one.kind),
    Column[CertificateOutcome]("Outcome", lambda one: one.error or "issued"),
)


@app.callback()
def group() -> None:
    """Certificates."""


@app.command()
@command(administration)
def status(session: Administration) -> None:
    """List the certificates: whose they are, when they end, when the next ones are asked for."""
    if not session.terminal.listing(session.perform(certificates.STATUS, ListCertificates()), COLUMNS):
        session.terminal.note("none from an authority; a server that runs has self-signed ones")


@app.command()
@command(administration)
def renew(
    session: Administration,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The first name of a certificate; all without.")
    ] = "",
    now: Annotated[bool, typer.Option("--now", help="Also those that are good for long.")] = False,
) -> None:
    """Ask the authority for what is due: new certificates, or those that failed."""
    found = list(session.perform(certificates.RENEW, RenewCertificates(name, now or bool(name))))
    if not session.terminal.listing(found, OUTCOMES):
        session.terminal.note(
            "nothing is due, or another process of this server asks; see: postroom certificates status"
        )
    if any(one.error for one in found):
        raise CommandFailed("not all were issued; what the authority said stands above")


@app.command()
@command(administration)
def revoke(
    session: Administration,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The first name of a certificate.")],
    reason: Annotated[str, typer.Option(metavar="WHY", help=f"One of {', '.join(REASONS)}.")] = "unspecified",
    yes: Yes = False,
) -> None:
    """Have the authority call certificates off, and ask for new ones."""
    if reason not in REASONS:
        raise CommandFailed(f"{reason!r} is no reason: use one of {', '.join(REASONS)}", 2)
    session.agree(f"Call off the certificates of {name}?", yes=yes)
    missing = False
    for done in session.perform(certificates.REVOKE, RevokeCertificates(name, REASONS[reason])):
        missing = missing or bool(done.error)
        session.terminal.record(done)
        became = f"has no successor yet: {done.error}" if done.error else "is called off"
        session.terminal.say(f"{done.name} ({done.kind}) {became}")
    if missing:
        raise CommandFailed("the server asks again by itself; see: postroom certificates status")


@app.command()
@command(administration)
def reload(session: Administration) -> None:
    """Have the running server read its certificates and keys again."""
    columns = (Column[CertificateRecord]("Certificate for", lambda one: one.name),)
    session.terminal.listing(session.perform(certificates.RELOAD, ReloadCertificates()), columns)
