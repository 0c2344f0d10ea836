"""`postroom check`: whether the store is whole; and `postroom check message`: all that would be said of a message, whoever brings it.

Not here: how a message is written (`writing`), what is wrong with a store (`app.operations.checking`), the checks of a message (`intake.examiner`), the decision (`mailauth.decision`).
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, Json, NoColor, command, commands
from postroom.agent.terminal import Column, count_text
from postroom.app.authenticating import policy
from postroom.app.cli.asking import Asking, ResolverAt, Said, asked, once
from postroom.app.cli.configuration import nowhere
from postroom.app.cli.dmarc import EXITS
from postroom.app.cli.session import Administration, At, Config, administration
from postroom.app.cli.signatures import File, message_of
from postroom.app.cli.writing import writing
from postroom.app.operations import checking
from postroom.app.operations.checking import Check
from postroom.app.operations.office import Finding
from postroom.app.settings import AuthenticationSettings
from postroom.intake.examiner import Examined, Examiner, Examining
from postroom.mailauth.decision import Action
from postroom.message.address import Address, parse_mailbox
from postroom.message.header import Header
from postroom.proto.smtp.reply import Reply

app = commands("Check the store, or a message.")
app.info.no_args_is_help = False
app.command()(writing)
FOUND = 3  # the exit code when something is wrong and was not repaired

COLUMNS = (
    Column[Finding]("Kind", lambda one: one.kind),
    Column[Finding]("About", lambda one: one.subject),
    Column[Finding]("What", lambda one: one.words),
    Column[Finding]("Repaired", lambda one: "yes" if one.repaired else "no"),
)
_DONE = {
    Action.ACCEPT: "it would be accepted",
    Action.JUNK: "it would be put into Junk",
    Action.REFUSE: "it would be refused",
    Action.DEFER: "it would be refused for now",
}


@app.callback(invoke_without_command=True)
def check(
    context: typer.Context,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Rebuild what can be rebuilt.")] = False,
    json: Json = False,
    no_color: NoColor = False,
    config: Config = None,
    at: At = "",
) -> None:
    """Check that nothing is missing, left over or counted wrong in the store; or check a message."""
    if context.invoked_subcommand is None:
        _store(repair=repair, json=json, no_color=no_color, config=config, at=at)


@command(administration)
def _store(session: Administration, repair: bool) -> None:
    found = list(session.perform(checking.CHECK, Check(repair)))
    session.terminal.listing(found, COLUMNS)
    left = [one for one in found if not one.repaired]
    if not found:
        session.terminal.say("the store is whole")
    elif left:
        raise CommandFailed(
            f"{count_text(len(found), 'finding')}, {len(left)} of them not repaired; {_remedy(left, repair)}",
            FOUND,
        )


def _remedy(left: Sequence[Finding], repair: bool) -> str:
    if all(one.kind == checking.DEAD_END for one in left):
        return "they say themselves what to do"
    return "what is lost is in a backup: postroom restore" if repair else "try --repair"


class Verdict(msgspec.Struct, frozen=True):
    """One check: what was looked at, the word for what came of it, and why."""

    what: str
    result: str
    why: str


class Report(msgspec.Struct, frozen=True):
    """What is printed of a message. `reply` is "" when it would be taken; `fields` would stand on top of it."""

    action: str
    because: str
    reply: str
    author: str
    verdicts: tuple[Verdict, ...]
    fields: str
    asked: list[Said]


class Bringer(msgspec.Struct, frozen=True):
    """Who brings the message; `sender` is None for a null one."""

    ip: str
    helo: str
    sender: Address | None


@app.command()
@command(nowhere)
def message(
    session: Administration,
    file: File,
    *,
    ip: Annotated[
        str, typer.Option(metavar="IP", help="The client's address; without it SPF is not checked.")
    ] = "",
    helo: Annotated[str, typer.Option(metavar="NAME", help="What it said with HELO.")] = "",
    mail_from: Annotated[
        str,
        typer.Option("--from", metavar="ADDRESS", help="MAIL FROM, <> for none; else Return-Path says it."),
    ] = "",
    resolver: ResolverAt = "",
) -> None:
    """Say all that would be said of a message that another server brings: SPF, DKIM, ARC, DMARC, and what would be done.

    The exit code is the verdict of DMARC: 0 pass, 10 fail, 13 none, 14 temperror, 15 permerror.
    """
    raw = message_of(file)
    bringer = _bringer(ip, helo, mail_from, raw) if ip else None
    examined, said = asked(resolver, lambda asking: _examined(asking, bringer, raw))
    report = _report(examined, said)
    session.terminal.record(report)
    for line in _lines(report):
        session.terminal.say(line)
    found = examined.verdicts.dmarc
    code = EXITS[found.result] if found else 0
    if code:
        raise typer.Exit(code)


async def _examined(asking: Asking, bringer: Bringer | None, raw: bytes) -> Examined:
    terms = policy(AuthenticationSettings())
    examiner = Examiner(
        Examining(asking, socket.gethostname(), terms, lambda: time.time_ns() // 1000, _fault)
    )
    if bringer is None:
        return await examiner.examine(None, raw, utf8=True)
    host = examiner.greeted(bringer.ip, bringer.helo)
    opening = examiner.opened(host, bringer.sender)
    return await examiner.examine(opening, raw, utf8=True)


def _fault(event: str, **facts: object) -> None:
    raise CommandFailed(f"{event}: {facts}")


def _bringer(ip: str, helo: str, mail_from: str, raw: bytes) -> Bringer:
    try:
        address = str(ipaddress.ip_address(ip))
    except ValueError as error:
        raise CommandFailed(f"--ip {ip} is no IP address; write e.g. 192.0.2.1", 2) from error
    said = mail_from or (Header.parse(raw).get("Return-Path") or b"").decode("utf-8", "replace")
    if not said:
        raise CommandFailed("the message has no Return-Path: say who sent it with --from ADDRESS, or <>", 2)
    if said == "<>":
        if not helo:
            raise CommandFailed("the null sender is checked by the name of HELO: give it with --helo NAME", 2)
        return Bringer(address, helo, None)
    sender = parse_mailbox(said.strip().removeprefix("<").removesuffix(">"))
    if sender is None:
        raise CommandFailed(f"--from {said} is no address; write local@domain, or <>", 2)
    return Bringer(address, helo, sender)


def _report(examined: Examined, said: list[Said]) -> Report:
    decision, found = examined.decision, examined.verdicts.dmarc
    reply = ""
    if decision.words:
        code = 451 if decision.action is Action.DEFER else 550
        reply = str(Reply.failure(code, decision.error(decision.words)))
    return Report(
        decision.action.value,
        decision.because,
        reply,
        found.author if found else "",
        tuple(Verdict(*one) for one in examined.verdicts.explained()),
        examined.fields.decode("utf-8", "replace"),
        once(said),
    )


def _lines(report: Report) -> Sequence[str]:
    done = _DONE[Action(report.action)]
    return [
        *(f"{one.what}={one.result}" + (f": {one.why}" if one.why else "") for one in report.verdicts),
        done + (f": {report.reply or report.because}" if report.reply or report.because else ""),
        "",
        *report.fields.replace("\t", "    ").splitlines(),
        "",
        *(f"  {one}" for one in report.asked),
    ]
