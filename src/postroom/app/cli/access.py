"""`postroom account app-password|token|certificate|totp|logins`: what lets programs in beside the password, and who has logged in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column, time_text
from postroom.app.cli.quantities import microseconds
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import access
from postroom.app.operations.access import (
    CertificateIdentity,
    KeyRecord,
    LoginRecord,
    NamedKey,
    NewCertificate,
    NewKey,
    NewTotp,
    OfAccount,
    TotpCode,
    TotpRecord,
    WantedLogins,
)
from postroom.app.operations.office import Operation

Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="Such as bob@example.com.")]
Which = Annotated[str, typer.Argument(metavar="NAME", help="Its name or id, as the listing shows it.")]
Label = Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as the program's name.")]
For = Annotated[
    list[str] | None,
    typer.Option(
        "--for", metavar="PROTOCOL", help=f"{', '.join(access.PROTOCOLS)}; again for more; all without."
    ),
]
Expires = Annotated[str, typer.Option("--expires", metavar="TIME", help="After which it ends, such as 90d.")]
Email = Annotated[str, typer.Option(metavar="ADDRESS", help="An address that stands in the certificate.")]
File = Annotated[Path | None, typer.Option("--file", metavar="PEM", help="A file with the certificate.")]
Called = Annotated[str, typer.Option("--name", metavar="NAME", help="What the listing calls it.")]

app_passwords = commands("Passwords for single programs.")
bearer_tokens = commands("Bearer tokens (OAUTHBEARER, XOAUTH2).")
certificates = commands("Client certificates that log an account in (EXTERNAL).")
one_time = commands("One-time codes (TOTP).")

KEYS = (
    Column[KeyRecord]("Id", lambda one: one.id),
    Column[KeyRecord]("Name", lambda one: one.label),
    Column[KeyRecord]("For", lambda one: ", ".join(one.scopes) or "all"),
    Column[KeyRecord]("Made", lambda one: time_text(one.created)),
    Column[KeyRecord]("Expires", lambda one: time_text(one.expires) if one.expires else "never"),
    Column[KeyRecord]("Last used", lambda one: time_text(one.last_used) if one.last_used else "never"),
)
CERTIFICATES = (
    Column[CertificateIdentity]("Certificate", lambda one: one.identity),
    Column[CertificateIdentity]("Name", lambda one: one.label),
)
LOGINS = (
    Column[LoginRecord]("Last", lambda one: time_text(one.last)),
    Column[LoginRecord]("By", lambda one: one.protocol),
    Column[LoginRecord]("From", lambda one: one.ip or "this machine"),
    Column[LoginRecord]("With", lambda one: f"{one.method} {one.label}".rstrip()),
    Column[LoginRecord]("Result", lambda one: "logged in" if one.good else "refused"),
    Column[LoginRecord]("Times", lambda one: str(one.times), number=True),
)


class Kind(msgspec.Struct, frozen=True):
    """App passwords or tokens: the word for one, what is done with them, and what the commands say of themselves."""

    what: str
    creating: Operation[NewKey, KeyRecord]
    listing: Operation[OfAccount, KeyRecord]
    deleting: Operation[NamedKey, KeyRecord]
    create: str
    list: str
    delete: str


def _add_commands(app: typer.Typer, kind: Kind) -> None:
    what = kind.what

    @app.command("create", help=kind.create)
    @command(administration)
    def create(
        session: Administration, address: Who, label: Label, *, for_: For = None, expires: Expires = ""
    ) -> None:
        new = NewKey(address, label, for_ or [], _lasts(expires) if expires else 0)
        made = session.one(kind.creating, new, address)
        session.terminal.record(made)
        session.terminal.say(f"{what} {made.label!r} of {made.address}, shown only now: {made.secret}")

    @app.command("list", help=kind.list)
    @command(administration)
    def list_(session: Administration, address: Who) -> None:
        if not session.terminal.listing(session.perform(kind.listing, OfAccount(address), address), KEYS):
            session.terminal.note(
                f"no {what}; make one with: postroom account {what.replace(' ', '-')} create {address} NAME"
            )

    @app.command("delete", help=kind.delete)
    @command(administration)
    def delete(session: Administration, address: Who, which: Which) -> None:
        done = session.one(kind.deleting, NamedKey(address, which), address)
        session.terminal.record(done)
        session.terminal.say(f"{what} {done.label!r} of {done.address} deleted")


def _lasts(expires: str) -> int:
    """Microseconds, and not none at all, which the server takes for ever."""
    found = microseconds(expires)
    if not found:
        raise CommandFailed(
            f"--expires {expires}: it has ended already then; leave it out for what never ends", 2
        )
    return found


_add_commands(
    app_passwords,
    Kind(
        "app password",
        access.CREATE_APP_PASSWORD,
        access.LIST_APP_PASSWORDS,
        access.DELETE_APP_PASSWORD,
        "Make a password for one program; it is shown once.",
        "List an account's app passwords.",
        "Delete an app password: the program that has it is out.",
    ),
)
_add_commands(
    bearer_tokens,
    Kind(
        "token",
        access.CREATE_TOKEN,
        access.LIST_TOKENS,
        access.DELETE_TOKEN,
        "Give out a bearer token; it is shown once.",
        "List an account's tokens.",
        "Revoke a token.",
    ),
)


@certificates.command("add")
@command(administration)
def add_certificate(
    session: Administration, address: Who, *, file: File = None, email: Email = "", name: Called = ""
) -> None:
    """Let an account in by a client certificate: by its fingerprint, or by a mail address in it."""
    done = session.one(access.ADD_CERTIFICATE, NewCertificate(address, _identity(file, email), name), address)
    session.terminal.record(done)
    session.terminal.say(f"{done.identity} logs {done.address} in")


@certificates.command("list")
@command(administration)
def list_certificates(session: Administration, address: Who) -> None:
    """List the certificates that log an account in."""
    found = session.perform(access.LIST_CERTIFICATES, OfAccount(address), address)
    if not session.terminal.listing(found, CERTIFICATES):
        session.terminal.note(
            f"no certificate; add one with: postroom account certificate add {address} --file PEM"
        )


@certificates.command("delete")
@command(administration)
def delete_certificate(
    session: Administration,
    address: Who,
    identity: Annotated[str, typer.Argument(metavar="CERTIFICATE", help="As the listing shows it.")],
) -> None:
    """Let an account in by this certificate no more."""
    done = session.one(access.DELETE_CERTIFICATE, NewCertificate(address, identity), address)
    session.terminal.record(done)
    session.terminal.say(f"{done.identity} does not log {done.address} in any more")


def _identity(file: Path | None, email: str) -> str:
    from postroom.net.tls.client_certificate import read_fingerprint

    if (file is None) == (not email):
        raise CommandFailed("say either --file or --email", 2)
    if file is None:
        return f"email:{email}"
    try:
        return read_fingerprint(file)
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise CommandFailed(str(error)) from error


def _say_totp(session: Administration, done: TotpRecord) -> None:
    where = " on the web" if done.web_only else "; mail programs need app passwords"
    words = {
        "on": f"{done.address} needs one-time codes{where}",
        "off": f"{done.address} needs no one-time codes",
        "unconfirmed": f"{done.address} is enrolled, and needs no codes yet: confirm with a first code",
    }
    session.terminal.say(words[done.state])


@one_time.command("enrol")
@command(administration)
def enrol(
    session: Administration,
    address: Who,
    web_only: Annotated[
        bool, typer.Option("--web-only", help="Mail programs may go on with the password alone.")
    ] = False,
) -> None:
    """Make a secret for one-time codes; confirm it with a first code."""
    done = session.one(access.ENROL_TOTP, NewTotp(address, web_only), address)
    session.terminal.record(done)
    session.terminal.say(f"secret, shown only now: {done.secret}")
    session.terminal.say(done.uri)
    session.terminal.say(f"then: postroom account totp confirm {done.address} CODE")


@one_time.command("confirm")
@command(administration)
def confirm(
    session: Administration,
    address: Who,
    code: Annotated[str, typer.Argument(metavar="CODE", help="What the program for codes shows now.")],
) -> None:
    """Have codes asked for from now on."""
    done = session.one(access.CONFIRM_TOTP, TotpCode(address, code), address)
    session.terminal.record(done)
    _say_totp(session, done)


@one_time.command("show")
@command(administration)
def show(session: Administration, address: Who) -> None:
    """Say whether an account needs codes."""
    done = session.one(access.SHOW_TOTP, OfAccount(address), address)
    session.terminal.record(done)
    _say_totp(session, done)


@one_time.command("off")
@command(administration)
def off(session: Administration, address: Who) -> None:
    """Ask for no codes any more."""
    done = session.one(access.END_TOTP, OfAccount(address), address)
    session.terminal.record(done)
    _say_totp(session, done)


@command(administration)
def logins(
    session: Administration,
    address: Who,
    limit: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=access.MOST_LISTED_LOGINS, help="At most so many kinds of logins."
        ),
    ] = access.LISTED_LOGINS,
) -> None:
    """Show who has logged in, from where and how, and who tried (days in UTC)."""
    found = session.perform(access.LOGINS, WantedLogins(address, limit), address)
    if not session.terminal.listing(found, LOGINS):
        session.terminal.note("nobody has logged in or tried in the last 90 days")


def add_to(app: typer.Typer) -> None:
    """Puts the commands below `postroom account`."""
    app.add_typer(app_passwords, name="app-password")
    app.add_typer(bearer_tokens, name="token")
    app.add_typer(certificates, name="certificate")
    app.add_typer(one_time, name="totp")
    app.command("logins")(logins)
