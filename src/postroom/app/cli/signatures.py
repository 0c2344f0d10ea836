"""`postroom dkim` and `postroom arc`: the signatures and the chain of a message in a file, whoever's it is.

The exit code is the verdict (RFC 8601 §2.7): of several signatures the best one counts. Not here: messages of the store.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.app.cli.asking import ResolverAt, Said, asked
from postroom.app.cli.configuration import nowhere
from postroom.app.cli.session import Administration
from postroom.mailauth.arc.validation import validate
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.verification import verify

EXITS: Mapping[Verdict, int] = MappingProxyType(
    {  # from the best to the worst
        Verdict.PASS: 0,
        Verdict.TEMPERROR: 14,
        Verdict.POLICY: 16,
        Verdict.FAIL: 10,
        Verdict.NEUTRAL: 12,
        Verdict.PERMERROR: 15,
        Verdict.NONE: 13,
    }
)
File = Annotated[Path, typer.Argument(metavar="FILE|-", help="A message; - is the standard input.")]

dkim = commands("DKIM: keys and signatures.")
arc = commands("Authenticated Received Chains.")


@dkim.callback()
def dkim_group() -> None:
    """DKIM: keys and signatures."""


@arc.callback()
def arc_group() -> None:
    """Authenticated Received Chains."""


@dkim.command("verify")
@command(nowhere)
def dkim_verify(session: Administration, file: File, resolver: ResolverAt = "") -> None:
    """Verify each DKIM signature of a message, and say why.

    The exit code is the best verdict: 0 pass, 10 fail, 12 neutral, 13 none, 14 temperror, 15 permerror, 16 policy.
    """
    raw = message_of(file)
    results, said = asked(resolver, lambda asking: verify(raw, asking, int(time.time())))
    for result in results:
        session.terminal.record(result)
        session.terminal.say(result.explained())
    if not results:
        session.terminal.note("dkim=none: the message has no signature")
    _say(session, said)
    leave(result.verdict for result in results)


@arc.command("verify")
@command(nowhere)
def arc_verify(session: Administration, file: File, resolver: ResolverAt = "") -> None:
    """Validate the ARC chain of a message, and say why.

    The exit code is the verdict: 0 pass, 10 fail, 13 none.
    """
    raw = message_of(file)
    result, said = asked(resolver, lambda asking: validate(raw, asking, int(time.time())))
    session.terminal.record(result)
    session.terminal.say(result.explained())
    _say(session, said)
    leave([result.verdict])


def message_of(file: Path) -> bytes:
    """The octets of a message; one whose lines end with LF alone, as files do, gets CRLF. Raises CommandFailed."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    return raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")


def _say(session: Administration, said: list[Said]) -> None:
    for one in said:
        session.terminal.say(f"  {one}")


def leave(verdicts: Iterable[Verdict]) -> None:
    """Ends with the exit code of the best verdict."""
    found = set(verdicts) or {Verdict.NONE}
    code = next(code for verdict, code in EXITS.items() if verdict in found)
    if code:
        raise typer.Exit(code)
