"""`postroom lab faults`: switches faults of the running lab on and off, and says which there are.

Not here: the operations (`lab.faults.book`), what the faults do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from postroom.agent.invocation import command, commands
from postroom.agent.terminal import Column
from postroom.lab.cli.session import LabSession, lab_session

app = commands("What goes wrong in the running lab.")
_KNOWN = frozenset({"at", "number", "happened", "left", "fault", "words"})


@app.command("add")
@command(lab_session)
def add_fault(  # noqa: PLR0917 - a command's parameters are its options
    session: LabSession,
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT", help="A fault with a name, or a stage: rcpt, banner, 'imap FETCH' ..."
        ),
    ],
    reply: Annotated[
        str, typer.Option(metavar="WORDS", help="What is said instead: '451 4.3.0 Later'.")
    ] = "",
    delay: Annotated[float, typer.Option(metavar="SECONDS", help="Seconds that pass before.")] = 0.0,
    drip: Annotated[float, typer.Option(metavar="SECONDS", help="Seconds between two octets.")] = 0.0,
    drop: Annotated[bool, typer.Option("--drop", help="Cut the connection without a word.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="connect: refuse the connection.")] = False,
    certificate: Annotated[str, typer.Option(metavar="WHICH", help="tls: expired, or 'another name'.")] = "",
    strip: Annotated[
        bool, typer.Option("--strip", help="tls: take STARTTLS out of what is offered.")
    ] = False,
    times: Annotated[int, typer.Option(metavar="N", help="The next N that match; 0: all.")] = 0,
    sender: Annotated[str, typer.Option(metavar="PATTERN", help="Such as '*@crepes.test'.")] = "",
    recipient: Annotated[str, typer.Option(metavar="PATTERN", help="Such as 'bob@*'.")] = "",
    domain: Annotated[str, typer.Option(metavar="DOMAIN", help="Of this domain's server alone.")] = "",
    service: Annotated[str, typer.Option(metavar="PATTERN", help="Such as smtp, 'imap*'.")] = "",
    containing: Annotated[str, typer.Option(metavar="WORDS", help="Must be in the command.")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="dns: this name and all below it.")] = "",
    kind: Annotated[str, typer.Option(metavar="TYPE", help="dns: such as MX.")] = "",
) -> None:
    """Have something go wrong from now on, for example: add rcpt --reply '451 4.3.0 Later' --times 2"""
    from postroom.lab.faults.book import PUT_ON

    terms: dict[str, Any] = {
        "reply": reply,
        "delay": delay,
        "drip": drip,
        "drop": drop,
        "refuse": refuse,
        "certificate": certificate,
        "strip": strip,
        "times": times,
        "sender": sender,
        "recipient": recipient,
        "domain": domain,
        "service": service,
        "containing": containing,
        "name": name,
        "kind": kind,
    }
    given = {key: value for key, value in terms.items() if value}
    for found in session.ask(PUT_ON, what=what, **given):
        session.terminal.record(found)
        session.terminal.say(
            f"From now on: {_what(found)}. Off again: postroom lab faults clear {_called(found)}"
        )


@app.command("list")
@command(lab_session)
def list_faults(session: LabSession) -> None:
    """Show what goes wrong now, and which faults there are: by address, and by name."""
    from postroom.lab.faults.book import LIST

    records = list(session.ask(LIST, known=True))
    if session.terminal.json:
        for record in records:
            session.terminal.record(record)
        return
    on = [one for one in records if "fault" in one or "number" in one]
    if on:
        session.terminal.listing(on, _ON)
    else:
        session.terminal.say("Nothing goes wrong now.")
    session.terminal.say("\nBy address, at hamburger.test and crepes.test:")
    session.terminal.listing([one for one in records if "address" in one], _BY_ADDRESS)
    session.terminal.say("\nBy name (postroom lab faults add NAME[@DOMAIN]):")
    session.terminal.listing([one for one in records if "name" in one and "words" in one], _BY_NAME)


@app.command("clear")
@command(lab_session)
def clear_faults(
    session: LabSession,
    which: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER|NAME", help="Of `list`; without: all.")
    ] = None,
) -> None:
    """Have all be well again, or these faults be over."""
    from postroom.lab.faults.book import CLEAR

    ended = list(session.ask(CLEAR, which=which or []))
    for one in ended:
        session.terminal.record(one)
        session.terminal.say(f"Over: {_what(one)}{_times(one)}.")
    if not ended:
        session.terminal.say("Nothing was wrong.")


def _called(record: Mapping[str, Any]) -> str:
    return str(record.get("fault") or record["number"])


def _what(record: Mapping[str, Any]) -> str:
    if "fault" in record:
        return f"{record['fault']}: {record['words']}"
    terms = [_term(key, value) for key, value in record.items() if key not in _KNOWN]
    left = f", the next {record['left']}" if "left" in record else ""
    return f"at {record['at']}: {', '.join(terms)}{left}"


def _term(key: str, value: Any) -> str:
    return key if value is True else f"{key} {value}"


def _times(record: Mapping[str, Any]) -> str:
    count = record.get("happened")
    return "" if count is None else "; it happened once" if count == 1 else f"; it happened {count} times"


_ON = (
    Column[Mapping[str, Any]]("Which", _called),
    Column[Mapping[str, Any]](
        "What goes wrong", lambda one: str(one["words"]) if "fault" in one else _what(one)
    ),
    Column[Mapping[str, Any]]("Happened", lambda one: str(one.get("happened", "")), number=True),
)
_BY_ADDRESS = (
    Column[Mapping[str, Any]]("Address", lambda one: str(one["address"])),
    Column[Mapping[str, Any]]("What happens", lambda one: str(one["words"])),
)
_BY_NAME = (
    Column[Mapping[str, Any]]("Name", lambda one: str(one["name"])),
    Column[Mapping[str, Any]]("What is wrong", lambda one: str(one["words"])),
)
