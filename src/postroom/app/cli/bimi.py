"""`postroom bimi`: the picture by which a domain wants its mail to be known. Of any domain.

draft-brand-indicators-for-message-identification. Not here: the lookup (`mailauth.bimi`); nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import command, commands
from postroom.app.cli.asking import Asking, AuthorIn, ResolverAt, Said, asked, author_domain, once
from postroom.app.cli.configuration import nowhere
from postroom.app.cli.session import Administration
from postroom.mailauth.bimi import DEFAULT, Indicator, Result, indicator
from postroom.mailauth.dmarc.discovery import Discovery

EXITS: Mapping[Result, int] = MappingProxyType(
    {
        Result.PASS: 0,
        Result.SKIPPED: 10,
        Result.NONE: 13,
        Result.DECLINED: 13,
        Result.TEMPERROR: 14,
        Result.PERMERROR: 15,
    }
)

app = commands("BIMI.")


class Checked(msgspec.Struct, frozen=True):
    """What is printed."""

    domain: str
    selector: str
    indicator: Indicator
    asked: list[Said]


@app.callback()
def group() -> None:
    """BIMI: pictures of senders."""


@app.command()
@command(nowhere)
def check(
    session: Administration,
    domain: AuthorIn,
    *,
    selector: Annotated[
        str, typer.Option(metavar="NAME", help="As the message's BIMI-Selector names it.")
    ] = DEFAULT,
    resolver: ResolverAt = "",
) -> None:
    """Show a domain's BIMI record, and whether its DMARC policy earns it.

    The exit code is 0 when there is an indicator, 10 when DMARC's policy is too weak, 13 when there is none, 14 temperror, 15 permerror.
    """
    author = author_domain(domain)

    async def work(asking: Asking) -> Indicator:
        return await indicator(asking, Discovery(asking), author, selector)

    found, said = asked(resolver, work)
    session.terminal.record(Checked(author, selector, found, once(said)))
    session.terminal.say(f"{found.result}: {found.words}")
    for name, value in (("record", found.record), ("picture", found.location), ("evidence", found.evidence)):
        if value:
            session.terminal.say(f"  {name}: {value}")
    for one in once(said):
        session.terminal.say(f"  {one}")
    if EXITS[found.result]:
        raise typer.Exit(EXITS[found.result])
