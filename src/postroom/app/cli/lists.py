"""`postroom list`: mailing lists, with an owner who gets the reports on their mail (RFC 5321 §3.9.2)."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column
from postroom.app.cli.aliases import tell
from postroom.app.cli.removing import tell_removed
from postroom.app.cli.session import Administration, Yes, administration
from postroom.app.operations import aliases
from postroom.app.operations.aliases import AliasRecord, ChangeMembers, ListAliases, NamedAlias, NewList

app = commands("Mailing lists.")
members = commands("Who is on a list.")
app.add_typer(members, name="members")
Who = Annotated[str, typer.Argument(metavar="LIST", help="The list's address.")]
Members = Annotated[list[str], typer.Argument(metavar="ADDRESS", help="Members.")]

COLUMNS = (
    Column[AliasRecord]("List", lambda one: one.address),
    Column[AliasRecord]("Owner", lambda one: one.owner),
    Column[AliasRecord]("Members", lambda one: str(len(one.targets)), number=True),
)


@app.command()
@command(administration)
def add(
    session: Administration,
    address: Who,
    owner: Annotated[str, typer.Option(metavar="ADDRESS", help="Who gets reports on the list's mail.")],
    member: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="May be given again.")] = None,
) -> None:
    """Add a list."""
    done = session.one(aliases.ADD_LIST, NewList(address, owner, member or []), address)
    tell(session, done, COLUMNS)


@app.command("list")
@command(administration)
def list_(
    session: Administration,
    domain: Annotated[str, typer.Option(metavar="DOMAIN", help="Of this domain only.")] = "",
) -> None:
    """List the lists."""
    if not session.terminal.listing(
        session.perform(aliases.LIST_LISTS, ListAliases(domain), domain), COLUMNS
    ):
        session.terminal.note(
            "no list; add one with: postroom list add all@example.com --owner you@example.com"
        )


@app.command()
@command(administration)
def remove(session: Administration, address: Who, yes: Yes = False) -> None:
    """Remove a list; its members keep their own mail."""
    found = _list(session, address)
    session.agree(f"Remove the list {found.address} with {len(found.targets)} members?", yes=yes)
    done = session.one(aliases.REMOVE, NamedAlias(address), address)
    session.terminal.record(done)
    tell_removed(session, found.address, done.named_by)


@app.command()
@command(administration)
def owner(
    session: Administration,
    address: Who,
    new: Annotated[str, typer.Argument(metavar="ADDRESS", help="The owner from now on.")],
) -> None:
    """Change a list's owner."""
    _list(session, address)
    done = session.one(aliases.CHANGE, ChangeMembers(address, owner=new), address)
    tell(session, done, COLUMNS)


@members.command("list")
@command(administration)
def list_members(session: Administration, address: Who) -> None:
    """List the members of a list."""
    column = Column[dict[str, str]]("Member", lambda one: one["member"])
    session.terminal.listing(({"member": one} for one in _list(session, address).targets), (column,))


@members.command("add")
@command(administration)
def add_members(session: Administration, address: Who, who: Members) -> None:
    """Put somebody on a list."""
    _list(session, address)
    done = session.one(aliases.CHANGE, ChangeMembers(address, add=who), address)
    tell(session, done, COLUMNS)


@members.command("remove")
@command(administration)
def remove_members(session: Administration, address: Who, who: Members) -> None:
    """Take somebody off a list."""
    _list(session, address)
    done = session.one(aliases.CHANGE, ChangeMembers(address, remove=who), address)
    tell(session, done, COLUMNS)


def _list(session: Administration, address: str) -> AliasRecord:
    found = session.one(aliases.SHOW, NamedAlias(address), address)
    if found.kind != "list":
        raise CommandFailed(f"{address} is an alias; use: postroom alias")
    return found
