"""`postroom alias`: addresses that stand for others, one by one or from an alias file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column
from postroom.app.cli.alias_files import included_files
from postroom.app.cli.removing import tell_removed
from postroom.app.cli.session import Administration, Yes, administration
from postroom.app.operations import aliases
from postroom.app.operations.aliases import (
    AliasRecord,
    ChangeMembers,
    ImportAliases,
    ListAliases,
    NamedAlias,
    NewAlias,
)

app = commands("Addresses that stand for others.")
Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="Such as info@example.com.")]
Domain = Annotated[str, typer.Option(metavar="DOMAIN", help="Of this domain only.")]
MAX_FILE = 16 << 20  # octets of an alias file

COLUMNS = (
    Column[AliasRecord]("Alias", lambda one: one.address),
    Column[AliasRecord]("Stands for", lambda one: ", ".join(one.targets)),
)


def tell(session: Administration, done: AliasRecord, columns: Sequence[Column[AliasRecord]]) -> None:
    """What it is now, and what is wrong with it: perhaps a slip of the pen."""
    session.terminal.listing([done], columns)
    for one in done.unknown:
        session.terminal.note(f"nobody here has the address {one}: what goes to it does not arrive")
    if done.leads_nowhere:
        session.terminal.note(f"nobody is behind {done.address} yet: mail for it is refused")


@app.command()
@command(administration)
def add(
    session: Administration,
    address: Who,
    targets: Annotated[list[str], typer.Argument(metavar="TARGET", help="Who gets its mail.")],
) -> None:
    """Add an alias for one or more addresses, here or elsewhere."""
    tell(session, session.one(aliases.ADD, NewAlias(address, targets), address), COLUMNS)


@app.command("list")
@command(administration)
def list_(session: Administration, domain: Domain = "") -> None:
    """List the aliases."""
    if not session.terminal.listing(session.perform(aliases.LIST, ListAliases(domain), domain), COLUMNS):
        session.terminal.note("no alias; add one with: postroom alias add info@example.com you@example.com")


@app.command("set")
@command(administration)
def set_(
    session: Administration,
    address: Who,
    add: Annotated[list[str] | None, typer.Option(metavar="TARGET", help="A further target.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="TARGET", help="A target no more.")] = None,
) -> None:
    """Change whom an alias stands for."""
    tell(
        session,
        session.one(aliases.CHANGE, ChangeMembers(address, add or [], remove or []), address),
        COLUMNS,
    )


@app.command()
@command(administration)
def remove(session: Administration, address: Who, yes: Yes = False) -> None:
    """Remove an alias."""
    found = session.one(aliases.SHOW, NamedAlias(address), address)
    if found.kind != "alias":
        raise CommandFailed(f"{address} is a list; use: postroom list remove {address}")
    session.agree(f"Remove the alias {found.address} for {', '.join(found.targets[:5])}?", yes=yes)
    done = session.one(aliases.REMOVE, NamedAlias(address), address)
    session.terminal.record(done)
    tell_removed(session, found.address, done.named_by)


@app.command("import")
@command(administration)
def import_(
    session: Administration,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As /etc/aliases is written.")],
    domain: Annotated[str, typer.Option(metavar="DOMAIN", help="For names without a domain.")] = "",
) -> None:
    """Import an alias file; what was imported before is replaced."""
    text = _text(file)
    included = included_files(text, file.parent)
    wanted = ImportAliases(text, domain, included.texts, str(file), included.unread)
    done = session.one(aliases.IMPORT, wanted, domain)
    session.terminal.record(done)
    session.terminal.say(
        f"{file}: {done.aliases} aliases, {done.lists} lists, {done.forwards} forwards for {done.domain}"
    )
    for complaint in done.complaints:
        session.terminal.note(complaint)
    if done.complaints and not (done.aliases or done.lists or done.forwards):
        raise CommandFailed(f"nothing of {file} could be imported")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_FILE:
            raise CommandFailed(f"{file} has more than {MAX_FILE >> 20} MiB: that is no alias file")
        return file.read_text("utf-8")
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{file} is not UTF-8 ({error.reason} at octet {error.start})") from error
