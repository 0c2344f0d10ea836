"""`postroom dkim` and `postroom arc`: the signatures and the chain of a message in a file, whoever's it is.

The exit code says the verdict (RFC 8601 §2.7): 0 pass, 40 none, 41 fail, 42 policy, 43 neutral, 44 temperror, 45 permerror. Of several
signatures the best one counts. Not here: messages of the store.
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import typer

from postroom.agent.invocation import CommandFailed, Json, NoColor, command, commands
from postroom.agent.terminal import Terminal
from postroom.mailauth.arc.validation import validate
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.verification import verify
from postroom.net.dns_client import Server
from postroom.net.resolver import ResolverOptions, StubResolver, system_options

T = TypeVar("T")
EXITS: Mapping[Verdict, int] = MappingProxyType(
    {  # from the best to the worst
        Verdict.PASS: 0,
        Verdict.TEMPERROR: 44,
        Verdict.POLICY: 42,
        Verdict.FAIL: 41,
        Verdict.NEUTRAL: 43,
        Verdict.PERMERROR: 45,
        Verdict.NONE: 40,
    }
)
File = Annotated[Path, typer.Argument(metavar="FILE|-", help="A message; - is the standard input.")]
ResolverAt = Annotated[
    str, typer.Option("--resolver", metavar="HOST:PORT", help="A DNS server; else the system's.")
]

dkim = commands("DKIM signatures.")
arc = commands("Authenticated Received Chains.")


class Inquiry:
    """A session that asks the DNS and nothing else."""

    def __init__(self, terminal: Terminal, options: ResolverOptions) -> None:
        self.terminal = terminal
        self._options = options

    def asked(self, work: Callable[[StubResolver], Coroutine[Any, Any, T]]) -> T:
        """What `work` finds out with a resolver."""

        async def asking() -> T:
            resolver = StubResolver(self._options)
            try:
                return await work(resolver)
            finally:
                await resolver.close()

        return asyncio.run(asking())

    def failure(self, error: Exception) -> CommandFailed | None:
        """A file that cannot be read."""
        return CommandFailed(f"{error.filename}: {error.strerror}") if isinstance(error, OSError) else None

    def close(self) -> None:
        """Nothing is held."""


def inquiry(json: Json = False, no_color: NoColor = False, resolver: ResolverAt = "") -> Inquiry:
    """A session; raises CommandFailed for a resolver that is no address."""
    options = system_options()
    if resolver:
        options = ResolverOptions((resolver_address(resolver),), trust_ad=options.trust_ad)
    return Inquiry(Terminal(json=json, color=False if no_color else None), options)


@dkim.callback()
def dkim_group() -> None:
    """DKIM signatures."""


@arc.callback()
def arc_group() -> None:
    """Authenticated Received Chains."""


@dkim.command("verify")
@command(inquiry)
def dkim_verify(session: Inquiry, file: File) -> None:
    """Verify each DKIM signature of a message."""
    raw = message_of(file)
    results = session.asked(lambda resolver: verify(raw, resolver, int(time.time())))
    for result in results:
        session.terminal.record(result)
        session.terminal.say(result.explained())
    if not results:
        session.terminal.note("dkim=none: the message has no signature")
    _leave(result.verdict for result in results)


@arc.command("verify")
@command(inquiry)
def arc_verify(session: Inquiry, file: File) -> None:
    """Validate the chain of a message."""
    raw = message_of(file)
    result = session.asked(lambda resolver: validate(raw, resolver, int(time.time())))
    session.terminal.record(result)
    session.terminal.say(result.explained())
    _leave([result.verdict])


def message_of(file: Path) -> bytes:
    """The octets of a message; one whose lines end with LF alone, as files do, gets CRLF. Raises OSError."""
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    return raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")


def resolver_address(text: str) -> Server:
    """`192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53`; raises CommandFailed."""
    host, colon, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    try:
        ip = str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")))
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(port)
    except ValueError:
        raise CommandFailed(f"--resolver {text}: give an address and a port, as 127.0.0.1:53", 2) from None
    return Server(ip, int(port)) if colon else Server(ip)


def _leave(verdicts: Iterable[Verdict]) -> None:
    found = set(verdicts) or {Verdict.NONE}
    code = next(code for verdict, code in EXITS.items() if verdict in found)
    if code:
        raise typer.Exit(code)
