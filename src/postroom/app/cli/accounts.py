"""`postroom account`: who has a mailbox here."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column, size_text
from postroom.app.cli import access, grants, passkeys
from postroom.app.cli.passwords import FromStdin, Prompt, generated, new_password
from postroom.app.cli.quantities import octets
from postroom.app.cli.removing import tell_removed
from postroom.app.cli.session import Administration, Yes, administration
from postroom.app.operations import accounts
from postroom.app.operations.accounts import (
    AccountRecord,
    ChangeAccount,
    ChangePassword,
    ListAccounts,
    NamedAccount,
    NewAccount,
)

app = commands("Who has a mailbox here.")
access.add_to(app)
app.add_typer(grants.app, name="grant")
app.add_typer(passkeys.app, name="passkey")
Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="Such as bob@example.com.")]
Quota = Annotated[
    str | None, typer.Option(metavar="SIZE", help="What the account may hold, such as 2GB; 0 for any amount.")
]


def _forwards(one: AccountRecord) -> str:
    if not one.forwards:
        return ""
    return ", ".join(one.forwards) + (" (and keeps a copy)" if one.keeps_copy else "")


COLUMNS = (
    Column[AccountRecord]("Address", lambda one: one.address),
    Column[AccountRecord]("Used", lambda one: size_text(one.used), number=True),
    Column[AccountRecord]("Quota", lambda one: size_text(one.quota) if one.quota else "-", number=True),
    Column[AccountRecord]("State", lambda one: "active" if one.enabled else "disabled"),
    Column[AccountRecord]("Forwards to", _forwards),
)


@app.command()
@command(administration)
def add(
    session: Administration,
    address: Who,
    *,
    password_stdin: FromStdin = False,
    prompt: Prompt = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="Nobody can log in yet.")] = False,
    name: Annotated[str, typer.Option(metavar="NAME", help="The name that people see.")] = "",
    quota: Quota = None,
) -> None:
    """Add an account; without a password given, one is made up and shown once."""
    without = "--no-password" if no_password else ""
    given = new_password(from_stdin=password_stdin, prompt=prompt, without=without)
    made = generated() if given is None and not no_password else ""
    size = accounts.DEFAULT_QUOTA if quota is None else octets(quota)
    new = NewAccount(address, given or made, name, size)
    done = session.one(accounts.ADD, new, address)
    session.terminal.record({**_fields(done), **({"password": made} if made else {})})
    session.terminal.say(
        f"{done.address} added" + (f"; its password, shown only now: {made}" if made else "")
    )


@app.command("list")
@command(administration)
def list_(
    session: Administration,
    domain: Annotated[str, typer.Option(metavar="DOMAIN", help="Of this domain only.")] = "",
) -> None:
    """List the accounts."""
    if not session.terminal.listing(session.perform(accounts.LIST, ListAccounts(domain), domain), COLUMNS):
        session.terminal.note("no account; add one with: postroom account add you@example.com")


@app.command()
@command(administration)
def show(session: Administration, address: Who) -> None:
    """Show an account."""
    session.terminal.listing(session.perform(accounts.SHOW, NamedAccount(address), address), COLUMNS)


@app.command()
@command(administration)
def remove(session: Administration, address: Who, yes: Yes = False) -> None:
    """Remove an account and all its mail."""
    found = session.one(accounts.SHOW, NamedAccount(address), address)
    session.agree(
        f"Remove {found.address} and its mail ({size_text(found.used)})? This cannot be undone.", yes=yes
    )
    done = session.one(accounts.REMOVE, NamedAccount(address), address)
    session.terminal.record(done)
    tell_removed(session, done.address, done.named_by)


@app.command()
@command(administration)
def password(
    session: Administration,
    address: Who,
    *,
    password_stdin: FromStdin = False,
    prompt: Prompt = False,
    apop: Annotated[
        bool, typer.Option("--apop", help="The shared secret of APOP, CRAM-MD5 and DIGEST-MD5 instead.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="With --apop: none any more.")] = False,
) -> None:
    """Change a password; without one given, one is made up and shown once."""
    if off and not apop:
        raise CommandFailed("--off goes with --apop; to keep somebody out: postroom account set --disable", 2)
    given = new_password(from_stdin=password_stdin, prompt=prompt, without="--off" if off else "")
    made = generated() if given is None and not off else ""
    done = session.one(accounts.PASSWORD, ChangePassword(address, given or made, apop), address)
    session.terminal.record({**_fields(done), **({"password": made} if made else {})})
    what = "APOP secret" if apop else "password"
    session.terminal.say(f"{what} of {done.address} {'removed' if off else 'changed'}")
    if made:
        session.terminal.say(f"it is, shown only now: {made}")


@app.command("set")
@command(administration)
def set_(
    session: Administration,
    address: Who,
    *,
    quota: Quota = None,
    forward: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Pass mail on; may be given again.")
    ] = None,
    no_forward: Annotated[bool, typer.Option("--no-forward", help="Pass no mail on.")] = False,
    keep_copy: Annotated[bool | None, typer.Option(help="Keep forwarded mail here too.")] = None,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Let it log in and get mail.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The name that people see.")] = None,
) -> None:
    """Change an account."""
    if forward and no_forward:
        raise CommandFailed("--forward and --no-forward exclude each other", 2)
    forwards = [] if no_forward else forward or None
    size = None if quota is None else octets(quota)
    wanted = ChangeAccount(address, size, forwards, keep_copy, enable, name)
    session.terminal.listing([session.one(accounts.CHANGE, wanted, address)], COLUMNS)


def _fields(record: AccountRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__struct_fields__}
