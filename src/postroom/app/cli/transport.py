"""`postroom tls check`: how well is mail to a domain protected on its way, and why?

RFC 7672 (DANE), RFC 8461 (MTA-STS). Asked anew, as a server without a cache would; `--connect` tries it. Not here: the decision (`deliver.tls`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Terminal
from postroom.app.cli.asking import Asking, ResolverAt, Said, asked
from postroom.app.cli.configuration import nowhere
from postroom.app.cli.session import Administration
from postroom.deliver import mx
from postroom.deliver.attempt import Attempt
from postroom.deliver.conversation import Desk, SmtpConversation
from postroom.deliver.mx import Identity, MxLookup, ascii_domain
from postroom.deliver.remote import Relaying, RemoteRelay
from postroom.deliver.tls.assessing import Assessment, Security
from postroom.deliver.tls.demand import Demand, Wish
from postroom.deliver.tls.sts import PolicyUnavailable, Sts, fetch
from postroom.deliver.tls_outcome import TlsOutcomes
from postroom.message.address import fold
from postroom.message.errors import MailError
from postroom.message.journey.events import JourneyEvent, Record
from postroom.message.journey.timeline import facts
from postroom.net.clock import SystemClock
from postroom.net.https import Web
from postroom.net.tls.certificates import CertificateError, opportunistic, verified
from postroom.proto.http.mta_sts import record_id
from postroom.store.spool.jobs import Job

CHECK_SECONDS = 60.0  # that all questions may take
OPPORTUNISTIC, HELD_BACK, NO_MAIL = 10, 11, 12

app = commands("The protection of mail on its way to other servers.")


@app.callback()
def group() -> None:
    """The protection of mail on its way to other servers."""


class Host(msgspec.Struct, frozen=True):
    """What holds for one mail server of the domain."""

    host: str
    ip: str
    demand: str
    because: str
    policy: str
    lines: tuple[str, ...]
    mx: tuple[str, ...]


class Checked(msgspec.Struct, frozen=True):
    """`connected` is "" when nobody tried, else what came of it; `error` why there is no mail server at all."""

    domain: str
    hosts: list[Host]
    connected: str
    error: str
    asked: list[Said]


class Wanted(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    domain: str
    port: int
    https_port: int
    authorities: Path | None
    connect: bool


@app.command()
@command(nowhere)
def check(
    session: Administration,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Whose mail servers are looked at.")],
    *,
    resolver: ResolverAt = "",
    validating: Annotated[
        bool, typer.Option("--validating", help="Believe what the name server says of DNSSEC (AD).")
    ] = False,
    connect: Annotated[
        bool, typer.Option("--connect", help="Connect to the first server, as mail would, and hang up.")
    ] = False,
    authorities: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Trust these authorities (PEM), not the system's.")
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="PORT", min=1, max=65_535, help="Where mail servers listen.")
    ] = 25,
    https_port: Annotated[
        int, typer.Option(metavar="PORT", min=1, max=65_535, help="Where web servers listen.")
    ] = 443,
) -> None:
    """Check which policy protects mail to a domain, and why.

    The exit code: 0 mail goes over proven TLS, 10 over TLS if it is offered, 11 it is held back, 12 there is no mail server.
    """
    wanted = Wanted(fold(domain), port, https_port, authorities, connect)
    (checked, lines), _ = asked(
        resolver, lambda asking: _check(asking, wanted), seconds=CHECK_SECONDS, validating=validating
    )
    _print(session.terminal, checked, lines)
    code = _code(checked)
    if code:
        raise typer.Exit(code)


class LivePolicies:
    """MTA-STS as it is now: asked and fetched, nothing kept."""

    def __init__(self, asking: Asking, web: Web) -> None:
        self._asking = asking
        self._web = web

    async def of(self, name: str, record: Record, at: Callable[[], int]) -> Sts:
        """See `PolicySource`."""
        domain = ascii_domain(name)
        answer = await self._asking.txt(f"_mta-sts.{domain}")
        record(mx.asked(answer, at()))
        if answer.failed:
            return Sts(None, f"the DNS does not tell whether {domain} has an MTA-STS policy ({answer.rcode})")
        found = record_id(answer.records)
        if found is None:
            return Sts(None, f"{domain} has no MTA-STS policy")
        try:
            _, policy = await fetch(self._web, domain)
        except PolicyUnavailable as error:
            return Sts(None, f"no MTA-STS policy of {domain} can be had: {error}")
        return Sts(policy, f"MTA-STS policy {found} of {domain}, mode {policy.mode}")


async def _check(asking: Asking, wanted: Wanted) -> tuple[Checked, list[str]]:
    try:
        context = verified(wanted.authorities)
    except CertificateError as failure:
        raise CommandFailed(f"--authorities {failure}", 2) from failure
    web = Web(asking, lambda: context, lambda _: wanted.https_port)
    security = Security(asking, LivePolicies(asking, web), True, TlsOutcomes().note)
    identity = Identity((), lambda _: False)
    lookup = MxLookup(asking, identity, random.Random(), lambda _: wanted.port)
    clock, attempt = SystemClock(), Attempt(0)
    error, hosts, connected = "", [], ""
    try:
        hosts = await _hosts(lookup, security, wanted.domain)
        if wanted.connect:
            desk = Desk(clock, _nothing)
            use = Relaying("localhost", desk, lookup, {}, opportunistic, lambda: context, security=security)
            attempt = Attempt(clock.now())
            connected = await _connect(RemoteRelay(use), wanted.domain, attempt)
    except MailError as failure:
        error = failure.public
    return Checked(wanted.domain, hosts, connected, error, asking.said), facts(attempt.events)


async def _hosts(lookup: MxLookup, security: Security, domain: str) -> list[Host]:
    events: list[JourneyEvent] = []
    assessment = Assessment(security, domain, events.append, lambda: 0)
    hosts = []
    for target in await lookup.targets(domain, events.append, lambda: 0):
        policy = await assessment.of(target, None, Wish.NONE)
        shown = str(policy), policy.because, policy.kind.value, policy.lines, policy.patterns
        hosts.append(Host(target.host, target.ip, *shown))
    return hosts


async def _connect(relay: RemoteRelay, domain: str, attempt: Attempt) -> str:
    reached = await relay.reach(domain, attempt)
    if isinstance(reached, SmtpConversation):
        await reached.quit()
        return "connected, proven" if reached.trust.proven else "connected"
    return f"refused: {reached[-1].words}" if reached else "refused"


async def _nothing(_job: Job) -> None:
    """No message is sent."""


def _code(checked: Checked) -> int:
    if not checked.hosts:
        return NO_MAIL
    if checked.connected.startswith("refused"):
        return HELD_BACK
    demands = {host.demand for host in checked.hosts}
    if demands <= {Demand.IMPOSSIBLE.value}:
        return HELD_BACK
    proven = {Demand.DANE.value, Demand.VERIFIED.value}
    return 0 if demands <= proven else OPPORTUNISTIC


def _print(terminal: Terminal, checked: Checked, lines: list[str]) -> None:
    terminal.record(checked)
    for host in checked.hosts:
        terminal.say(f"{host.host or host.ip} [{host.ip}]: {host.demand}")
        terminal.say(f"  because: {host.because}")
        for line in host.lines:
            terminal.say(f"  {host.policy}: {line}")
    if checked.error:
        terminal.say(f"{checked.domain}: {checked.error}")
    for line in lines:
        terminal.say(f"  {line}")
    if checked.connected:
        terminal.say(checked.connected)
    for one in checked.asked:
        terminal.say(f"  {one}")
