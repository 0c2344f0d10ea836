"""Finds a next hop's hosts and opens a conversation with the first that takes one.

RFC 5321 §5.1 (which host), RFC 3207 (STARTTLS when offered: better than clear text, no proof). The journey sees every question and connection.
Not here: what is said (`deliver.conversation`), which job, when.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Mapping

import msgspec

from postroom.deliver.attempt import Attempt
from postroom.deliver.conversation import Desk, SmtpConversation
from postroom.deliver.mx import MxLookup, Target
from postroom.deliver.reports import failed
from postroom.deliver.routes import Route, route_of
from postroom.message.errors import MailError
from postroom.message.journey import Decided, Outcome
from postroom.net.connect import ClientConnection, Destination, NetworkError, TlsFailed, Wrap, connect
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import ClientConfig, ClientEvent, TlsUse
from postroom.store.jobs import Job

MOST_TARGETS = 10


class Relaying(msgspec.Struct, frozen=True):
    """What sending takes. `tls` and `verified_tls` the contexts for the two kinds of trust."""

    hostname: str
    desk: Desk
    lookup: MxLookup
    routes: Mapping[str, Route]
    tls: Callable[[], ssl.SSLContext]
    verified_tls: Callable[[], ssl.SSLContext]
    source: str = ""


class RemoteRelay:
    """Opens conversations with next hops."""

    def __init__(self, use: Relaying) -> None:
        self._use = use

    async def open(self, job: Job) -> SmtpConversation | Attempt:
        """A conversation with the first host of the next hop that takes one; an attempt that says why there is none."""
        clock = self._use.desk.clock
        attempt = Attempt(clock.now())
        route = route_of(self._use.routes, job.hop)
        try:
            targets = await self._targets(job.hop, route, attempt)
        except MailError as error:
            return _hopeless(job, attempt, error, self._at(attempt))
        last = ""
        for target in targets[:MOST_TARGETS]:
            opened = await self._converse(target, route or Route(target.host), attempt)
            if isinstance(opened, SmtpConversation):
                return opened
            last = opened
        attempt.hop_down = last
        return attempt

    async def _targets(self, hop: str, route: Route | None, attempt: Attempt) -> list[Target]:
        lookup = self._use.lookup
        if route is None:
            return await lookup.targets(hop, attempt.events.append, lambda: self._at(attempt))
        targets = await lookup.hosts(route.host, attempt.events.append, lambda: self._at(attempt))
        return [Target(target.host, target.ip, route.port) for target in targets]

    async def _converse(self, target: Target, route: Route, attempt: Attempt) -> SmtpConversation | str:
        """A conversation, or in one line why not."""
        use = self._use
        name = f"{target.host or target.ip} [{target.ip}]:{target.port}"
        context = self._context(route)
        wrap = Wrap(context, target.host) if route.implicit_tls else None
        last = ""
        for tls in _attempts_at_tls(route):
            now = use.desk.clock.now
            config = ClientConfig(
                use.hostname,
                now,
                route.lmtp,
                tls,
                route.implicit_tls,
                route.account,
                server=target.host or target.ip,
                nonce=_nonce,
            )
            machine = SmtpClient(config)
            try:
                connection: ClientConnection[ClientEvent] = await connect(
                    machine, Destination(target.ip, target.port, use.source, wrap=wrap)
                )
            except NetworkError as error:
                attempt.events.append(_unreached(self._at(attempt), target, error))
                return str(error)
            conversation = SmtpConversation(use.desk, machine, connection, name)
            try:
                refused = await conversation.begin(attempt, context, target.host)
            except TlsFailed as error:
                last = str(error)
                attempt.events.append(Decided(self._at(attempt), "TLS", "failed", last))
                continue  # opportunistic: once more in the clear
            return conversation if refused is None else refused
        return last

    def _context(self, route: Route) -> ssl.SSLContext:
        return self._use.verified_tls() if route.verify else self._use.tls()

    def _at(self, attempt: Attempt) -> int:
        return max(0, (self._use.desk.clock.now() - attempt.started) // 1000)


def _nonce() -> str:
    return secrets.token_urlsafe(18)


def _attempts_at_tls(route: Route) -> tuple[TlsUse, ...]:
    if route.tls is TlsUse.IF_OFFERED and not route.implicit_tls:
        return (TlsUse.IF_OFFERED, TlsUse.NEVER)
    return (route.tls,)


def _unreached(at: int, target: Target, error: NetworkError) -> Decided:
    where = f"{target.host} [{target.ip}]:{target.port}" if target.host else f"[{target.ip}]:{target.port}"
    return Decided(at, f"connection to {where}", "failed", str(error))


def _hopeless(job: Job, attempt: Attempt, error: MailError, at: int) -> Attempt:
    if not error.permanent:
        attempt.hop_down = error.public
        return attempt
    for copy in job.copies:
        attempt.results.append(failed(copy, error))
        attempt.events.append(
            Outcome(at, copy.rcpt, str(copy.address), "failed", str(error.status), error.public)
        )
    return attempt
