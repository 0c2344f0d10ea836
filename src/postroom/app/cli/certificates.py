"""`postroom certificates`: have new certificates used."""

from __future__ import annotations

from postroom.agent.invocation import command, commands
from postroom.agent.terminal import Column
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import certificates
from postroom.app.operations.certificates import CertificateRecord, ReloadCertificates

app = commands("Certificates.")


@app.callback()
def group() -> None:
    """Certificates."""


@app.command()
@command(administration)
def reload(session: Administration) -> None:
    """Have the running server read its certificates and keys again."""
    columns = (Column[CertificateRecord]("Certificate for", lambda one: one.name),)
    session.terminal.listing(session.perform(certificates.RELOAD, ReloadCertificates()), columns)
