"""Sends letters to other systems: finds the next hop's hosts, opens a conversation, and says what came of each recipient.

RFC 5321 §5.1 (which host), §4.2.5 and §4.5.4 (what a reply means), RFC 3207 (STARTTLS when offered: better than clear text, no proof), RFC 3461
§5.2 (who reports). The journey sees every question, connection and line. Not here: which job, when, and what is written down.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from postroom.deliver.attempt import Attempt
from postroom.deliver.mx import MxLookup, Target
from postroom.deliver.reports import Result, failed
from postroom.deliver.routes import Route, route_of
from postroom.message.dsn_rules import Happened
from postroom.message.envelope import Envelope, Recipient
from postroom.message.errors import EnhancedStatus, MailError
from postroom.message.journey import Connected, JourneyEvent, Outcome, Said, Secured
from postroom.net.clock import Clock
from postroom.net.connect import ClientConnection, Destination, NetworkError, TlsFailed, Wrap, connect
from postroom.net.session import TlsFacts
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import (
    BeginTls,
    ClientConfig,
    ClientEvent,
    Finished,
    Ready,
    TlsUse,
    Unusable,
)
from postroom.proto.smtp.client_events import Result as SmtpResult
from postroom.proto.smtp.client_parameters import Letter, obstacle
from postroom.store.jobs import Job
from postroom.store.spool import Copy

MOST_TARGETS = 10
UNDEFINED = EnhancedStatus(5, 0, 0)


class Relaying(msgspec.Struct, frozen=True):
    """What sending takes. `read_body` gives a job's message; `tls` and `verified_tls` the contexts for the two kinds of trust."""

    hostname: str
    clock: Clock
    lookup: MxLookup
    routes: Mapping[str, Route]
    read_body: Callable[[Job], Awaitable[bytes | None]]
    tls: Callable[[], ssl.SSLContext]
    verified_tls: Callable[[], ssl.SSLContext]
    source: str = ""


class RemoteRelay:
    """Opens conversations with next hops."""

    def __init__(self, use: Relaying) -> None:
        self._use = use

    async def open(self, job: Job) -> SmtpConversation | Attempt:
        """A conversation with the first host of the next hop that takes one; an attempt that says why there is none."""
        clock = self._use.clock
        attempt = Attempt(clock.now())
        route = route_of(self._use.routes, job.hop)
        try:
            targets = await self._targets(job.hop, route, attempt)
        except MailError as error:
            return _hopeless(job, attempt, error)
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
        wrap = Wrap(self._context(route), target.host) if route.implicit_tls else None
        last = ""
        for tls in _attempts_at_tls(route):
            config = ClientConfig(
                use.hostname, use.clock.now, route.lmtp, tls, route.implicit_tls, route.account
            )
            machine = SmtpClient(config)
            try:
                connection: ClientConnection[ClientEvent] = await connect(
                    machine, Destination(target.ip, target.port, use.source, wrap=wrap)
                )
            except NetworkError as error:
                attempt.events.append(Connected(self._at(attempt), "none", str(error), "", target.host))
                return str(error)
            conversation = SmtpConversation(use, machine, connection, name)
            try:
                refused = await conversation.begin(attempt, self._context(route), target.host)
            except TlsFailed as error:
                attempt.events += conversation.events(self._at(attempt))
                last = str(error)
                continue  # opportunistic: once more in the clear
            return conversation if refused is None else f"{name} said: {refused}"
        return last

    def _context(self, route: Route) -> ssl.SSLContext:
        return self._use.verified_tls() if route.verify else self._use.tls()

    def _at(self, attempt: Attempt) -> int:
        return max(0, (self._use.clock.now() - attempt.started) // 1000)


def _attempts_at_tls(route: Route) -> tuple[TlsUse, ...]:
    if route.tls is TlsUse.IF_OFFERED and not route.implicit_tls:
        return (TlsUse.IF_OFFERED, TlsUse.NEVER)
    return (route.tls,)


def _hopeless(job: Job, attempt: Attempt, error: MailError) -> Attempt:
    if not error.permanent:
        attempt.hop_down = error.public
        return attempt
    at = 0
    for copy in job.copies:
        attempt.results.append(failed(copy, error))
        attempt.events.append(
            Outcome(at, copy.rcpt, str(copy.address), "failed", str(error.status), error.public)
        )
    return attempt


class SmtpConversation:
    """One connection to a next hop. `name` is what journeys and reports call it."""

    def __init__(
        self, use: Relaying, machine: SmtpClient, connection: ClientConnection[ClientEvent], name: str
    ) -> None:
        self._use = use
        self._machine = machine
        self._connection = connection
        self._name = name
        self._facts: TlsFacts | None = None
        self._opening: list[JourneyEvent] = []
        self._usable = False

    @property
    def usable(self) -> bool:
        """Whether another message may be sent over it."""
        return self._usable and self._connection.alive

    async def begin(self, attempt: Attempt, context: ssl.SSLContext, host: str) -> str | None:
        """Brings the session about; None when it stands, else what the server said. Raises TlsFailed.

        What was seen until then, by this and by hosts that were tried before, belongs to the first message's journey.
        """
        connection = self._connection
        peer, local = connection.peer, connection.local
        attempt.events.append(
            Connected(
                self._at(attempt.started),
                "lmtp" if self._machine.config.lmtp else "esmtp",
                f"{peer.ip}:{peer.port}",
                f"{local.ip}:{local.port}",
                self._name,
            )
        )
        try:
            refused = await self._session(context, host)
        except TlsFailed:
            raise
        except NetworkError as error:
            self._machine.lost(str(error))
            refused = str(error)
        attempt.events += self.events(self._at(attempt.started))
        self._opening = attempt.events
        self._usable = refused is None
        if refused is not None:
            connection.close()
        return refused

    async def _session(self, context: ssl.SSLContext, host: str) -> str | None:
        connection, machine = self._connection, self._machine
        while True:
            match await connection.event(machine.deadline):
                case Ready():
                    return None
                case BeginTls():
                    self._facts = await connection.start_tls(context, host)
                    machine.tls_started()
                case Unusable(reply=reply):
                    return str(reply)

    async def deliver(self, job: Job) -> Attempt:
        """Sends the job's message to its recipients."""
        attempt = Attempt(self._use.clock.now(), events=self._opening)
        self._opening = []
        content = await self._use.read_body(job)
        if content is None:
            attempt.delayed = {copy.n: "4.3.0 The message could not be read" for copy in job.copies}
            return attempt
        letter = Letter(_envelope(job), content)
        error = obstacle(letter, self._machine.capabilities, self._use.clock.now() // 1_000_000)
        if error is not None:
            attempt.results += [failed(copy, error, self._name) for copy in job.copies]
        else:
            results = await self._transfer(letter)
            attempt.events += self.events(self._at(attempt.started))
            for copy, result in zip(job.copies, results, strict=True):
                self._note(attempt, copy, result)
        attempt.events += [self._outcome(attempt, copy) for copy in job.copies]
        return attempt

    async def _transfer(self, letter: Letter) -> list[SmtpResult]:
        connection, machine = self._connection, self._machine
        machine.send(letter)
        while True:
            try:
                event = await connection.event(machine.deadline)
            except NetworkError as error:
                machine.lost(str(error))
                lost = machine.next_event()
                assert isinstance(lost, Finished)
                event = lost
            if isinstance(event, Finished):
                self._usable = event.usable
                return event.results

    def _note(self, attempt: Attempt, copy: Copy, result: SmtpResult) -> None:
        """RFC 5321 §4.2.5: 2yz is their responsibility, 4yz still ours, 5yz the end."""
        reply = result.reply
        if reply.positive:
            dsn = self._machine.capabilities.has("DSN")
            happened = Happened.HANDED_ON if dsn else Happened.RELAYED
            status = reply.status or EnhancedStatus(2, 0, 0)
            attempt.results.append(Result(copy, happened, status, _lines(result), self._name))
        elif reply.permanent:
            status = reply.status or UNDEFINED
            attempt.results.append(Result(copy, Happened.FAILED, status, _lines(result), self._name))
        else:
            attempt.delayed[copy.n] = f"{self._name} said: {reply}" if result.said else reply.text

    def _outcome(self, attempt: Attempt, copy: Copy) -> Outcome:
        at, address = self._at(attempt.started), str(copy.address)
        for result in attempt.results:
            if result.copy.n == copy.n:
                word = "failed" if result.happened is Happened.FAILED else "relayed"
                return Outcome(
                    at, copy.rcpt, address, word, str(result.status), " ".join(result.reply), self._name
                )
        return Outcome(at, copy.rcpt, address, "delayed", "", attempt.delayed.get(copy.n, ""), self._name)

    async def quit(self) -> None:
        """Says QUIT and closes; what the server answers does not matter any more."""
        if self._connection.alive:
            self._machine.quit()
        self._connection.close()

    def events(self, at: int) -> list[JourneyEvent]:
        """The dialogue since the last call, and TLS if it began with it."""
        events: list[JourneyEvent] = []
        facts, self._facts = self._facts, None
        if facts is not None:
            events.append(
                Secured(at, facts.version, facts.cipher, facts.server_name, facts.subject, facts.verified)
            )
        lines = self._machine.take_dialogue()
        if lines:
            events.append(Said(at, lines, self._machine.secure))
        return events

    def _at(self, started: int) -> int:
        return max(0, (self._use.clock.now() - started) // 1000)


def _lines(result: SmtpResult) -> tuple[str, ...]:
    """The reply as reports quote it: code first when a server said it, our own words otherwise."""
    reply = result.reply
    if not result.said:
        return reply.lines
    status = f" {reply.status}" if reply.status else ""
    return tuple(f"{reply.code}{status} {line}" for line in reply.lines)


def _envelope(job: Job) -> Envelope:
    terms = job.letter.terms
    return Envelope(
        job.letter.sender,
        [Recipient(copy.address, copy.notify, copy.orcpt) for copy in job.copies],
        terms.body,
        terms.smtputf8,
        job.letter.size,
        terms.envid,
        terms.ret,
        terms.deliver_by,
        None,
        terms.priority,
        terms.auth,
    )
