"""`postroom spf`: may this client use that name? Of any domain, with all that the answer is based on.

RFC 7208. Not here: the check itself (`mailauth.spf`).
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Terminal
from postroom.app.cli.asking import ResolverAt, Said, asked
from postroom.app.cli.configuration import nowhere
from postroom.app.cli.session import Administration
from postroom.mailauth.spf.check import Terms, check_mail_from
from postroom.mailauth.spf.verdict import Client, Limits, Match, Result, Verdict
from postroom.message.address import Address, parse_mailbox

EXITS: Mapping[Result, int] = MappingProxyType(
    {
        Result.PASS: 0,
        Result.FAIL: 10,
        Result.SOFTFAIL: 11,
        Result.NEUTRAL: 12,
        Result.NONE: 13,
        Result.TEMPERROR: 14,
        Result.PERMERROR: 15,
    }
)

app = commands("SPF.")


class Report(msgspec.Struct, frozen=True):
    """A verdict as it is printed: the inputs, the result and why, and what was asked."""

    result: str
    words: str
    ip: str
    sender: str
    domain: str
    helo: str
    record: str
    path: tuple[Match, ...]
    explanation: str
    lookups: int
    voids: int
    asked: list[Said]


@app.command()
@command(nowhere)
def spf(
    session: Administration,
    sender: Annotated[
        str, typer.Argument(metavar="DOMAIN|ADDRESS", help="Of MAIL FROM; <> is the null sender.")
    ],
    ip: Annotated[str, typer.Argument(metavar="IP", help="The client's address.")],
    helo: Annotated[
        str, typer.Option(metavar="NAME", help="What it said with HELO; of the null sender this is checked.")
    ] = "",
    resolver: ResolverAt = "",
) -> None:
    """Check whether a client may send as a domain (SPF), and say why.

    The exit code is the verdict: 0 pass, 10 fail, 11 softfail, 12 neutral, 13 none, 14 temperror, 15 permerror.
    """
    address = _sender(sender)
    if address is None and not helo:
        raise CommandFailed("the null sender is checked by the name of HELO: give it with --helo NAME", 2)
    client = Client(_address(ip), helo, now=int(time.time()))
    verdict, said = asked(
        resolver,
        lambda asking: check_mail_from(asking, client, address, Terms(expired=asking.expired)),
    )
    _print(session.terminal, verdict, said)
    if verdict.result is not Result.PASS:
        raise typer.Exit(EXITS[verdict.result])


def _sender(text: str) -> Address | None:
    if text == "<>":
        return None
    address = parse_mailbox(text) if "@" in text else Address("", text)
    if address is None:
        raise CommandFailed(f"{text} is no address; write a domain, local@domain, or <>", 2)
    return address


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise CommandFailed(
            f"{text!r} is no IP address; the client's comes after the domain, e.g. 192.0.2.1", 2
        ) from error


def _print(terminal: Terminal, verdict: Verdict, said: list[Said]) -> None:
    identity = verdict.identity
    terminal.record(
        Report(
            verdict.result.value,
            verdict.words,
            verdict.client.ip,
            identity.sender,
            identity.domain,
            verdict.client.helo,
            verdict.record,
            verdict.path,
            verdict.explanation,
            verdict.lookups,
            verdict.voids,
            said,
        )
    )
    terminal.say(f"{verdict.result}: {verdict.words}")
    if verdict.explanation:
        terminal.say(f"{identity.domain} says: {verdict.explanation}")
    for one in said:
        terminal.say(f"  {one}")
    most = Limits()
    terminal.say(f"  {verdict.lookups} of {most.lookups} lookups, {verdict.voids} of {most.voids} void")
