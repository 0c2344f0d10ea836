"""`postroom domain`: the domains that mail is taken for."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import command, commands
from postroom.agent.terminal import Column
from postroom.app.cli.session import Administration, Yes, administration
from postroom.app.dns.forms import explained
from postroom.app.operations import domains
from postroom.app.operations.domains import ChangeDomain, DomainRecord, ListDomains, NamedDomain

app = commands("The domains that mail is taken for.")
Name = Annotated[str, typer.Argument(metavar="DOMAIN", help="Such as example.com.")]

COLUMNS = (
    Column[DomainRecord]("Domain", lambda one: one.domain),
    Column[DomainRecord]("Catch-all", lambda one: one.catch_all),
    Column[DomainRecord]("Postmaster", lambda one: one.postmaster),
    Column[DomainRecord]("Sub-addresses", lambda one: "yes" if one.subaddresses else "no"),
)


@app.command()
@command(administration)
def add(session: Administration, name: Name) -> None:
    """Take mail for a domain, and make the keys that sign what it sends; print the records that it must publish for them."""
    done = session.one(domains.ADD, NamedDomain(name), name)
    session.terminal.record(done)
    session.terminal.say(f"{done.domain} added")
    for key in done.keys:
        session.terminal.say(f"\n{explained(key)}")
    session.terminal.say(
        f"\nAll records that the domain needs: postroom dns records {done.domain}"
        f"\nNext: postroom account add you@{done.domain}"
    )


@app.command("list")
@command(administration)
def list_(session: Administration) -> None:
    """List the domains."""
    if not session.terminal.listing(session.perform(domains.LIST, ListDomains()), COLUMNS):
        session.terminal.note("no domain yet; add one with: postroom domain add example.com")


@app.command()
@command(administration)
def remove(session: Administration, name: Name, yes: Yes = False) -> None:
    """Take no more mail for a domain; its accounts and aliases must be gone."""
    session.agree(f"Take no more mail for {name}?", yes=yes)
    done = session.one(domains.REMOVE, NamedDomain(name), name)
    session.terminal.record(done)
    session.terminal.say(f"{done.domain} removed")


@app.command("set")
@command(administration)
def set_(
    session: Administration,
    name: Name,
    catch_all: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Who gets what no address matches; '' for nobody.")
    ] = None,
    postmaster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Who gets postmaster's and abuse's mail.")
    ] = None,
    subaddresses: Annotated[bool | None, typer.Option(help="Whether bob+x@ is bob@.")] = None,
) -> None:
    """Change what a domain does with mail."""
    done = session.one(domains.CHANGE, ChangeDomain(name, catch_all, postmaster, subaddresses), name)
    session.terminal.listing([done], COLUMNS)
