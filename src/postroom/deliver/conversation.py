"""A conversation with a next hop: its session, and one message after the other.

RFC 5321 §4.2.5 and §4.5.4 (what a reply means), §4.5.3.1.8 (recipients of one transaction), RFC 3461 §5.2 (who reports), RFC 6152 §3 and RFC 6531
§3.5 (what a next hop cannot take), RFC 8689 §4.2.1 (REQUIRETLS). The journey sees every line. Not here: which host, and what is written down.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.local import UNREADABLE
from postroom.deliver.reports import Result, failed
from postroom.deliver.signing import Stamped, unstamped
from postroom.deliver.tls.demand import Trust
from postroom.message.composing.downgrade import downgrade
from postroom.message.envelope import BodyKind, ByMode, DeliverBy, Envelope, Recipient
from postroom.message.errors import (
    ConversionRequired,
    EncryptionNeeded,
    EnhancedStatus,
    MailError,
    NonAsciiAddress,
    RequireTlsUnsupported,
)
from postroom.message.headers.trace import header_end
from postroom.message.journey.events import Connected, JourneyEvent, Outcome, Said, Secured
from postroom.message.notifications.dsn_rules import Happened
from postroom.net.clock import Clock
from postroom.net.connect import ClientConnection, NetworkError, TlsFailed
from postroom.net.session import TlsFacts
from postroom.net.tls.layer import certificate_facts
from postroom.proto.dns.tlsa import NotProven
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import BeginTls, ClientEvent, Finished, Ready, Stage, Unusable
from postroom.proto.smtp.client_events import Result as SmtpResult
from postroom.proto.smtp.client_parameters import Letter, obstacle
from postroom.proto.smtp.speech import TLS_NOTE
from postroom.store.blobs.spilled import Content, Spilled, head_of
from postroom.store.spool.jobs import Job
from postroom.store.spool.spool import Copy

RECIPIENTS = (
    100  # of one transaction, unless the server announces another limit (RFC 5321 §4.5.3.1.8, RFC 9422)
)
UNDEFINED = EnhancedStatus(5, 0, 0)
UNPROTECTED = "4.7.10 The connection is less protected than its host's policy demands"


class Desk(msgspec.Struct, frozen=True):
    """What conversations share: the time, `read_body`, which gives a job's message, and `stamp`, which gives it with its signatures."""

    clock: Clock
    read_body: Callable[[Job], Awaitable[Content | None]]
    stamp: Callable[[Job, Content, str], Awaitable[Stamped]] = unstamped


class Handshake(msgspec.Struct, frozen=True):
    """How TLS begins: the context, the name for SNI and, beside what the context checks, `prove`: it is given the certificates that the server showed
    (DER, its own first) and raises `NotProven`."""

    context: ssl.SSLContext
    server_name: str = ""
    prove: Callable[[list[bytes]], object] | None = None


class _Parcel(msgspec.Struct):
    """A job's message as this server can take it, for those of its copies that it can go to."""

    envelope: Envelope
    content: Content
    copies: list[Copy]


class SmtpConversation:
    """One connection to a next hop. `name` is what journeys and reports call it."""

    def __init__(
        self, desk: Desk, machine: SmtpClient, connection: ClientConnection[ClientEvent], name: str
    ) -> None:
        self._desk = desk
        self._machine = machine
        self._connection = connection
        self._name = name
        self._facts: TlsFacts | None = connection.tls
        self._opening: list[JourneyEvent] = []
        self._began, self._usable = 0, False  # when the opening began, unix microseconds
        self.trust = Trust()

    @property
    def usable(self) -> bool:
        """Whether another message may be sent over it."""
        return self._usable and self._connection.alive and not self._machine.unasked

    @property
    def local_ip(self) -> str:
        """The address at our end."""
        return self._connection.local.ip

    @property
    def knows_requiretls(self) -> bool:
        """Whether the server hands REQUIRETLS on."""
        return self._machine.capabilities.has("REQUIRETLS")

    def suits(self, job: Job) -> bool:
        """Whether the connection is as protected as the job's message wants it."""
        return _misfit(job, self.trust, requiretls=self.knows_requiretls) is None

    async def begin(self, attempt: Attempt, tls: Handshake) -> str | None:
        """Brings the session about; None when it stands, else in one line why not. Raises TlsFailed; the connection is closed then.

        What was seen until then, by this and by hosts that were tried before, belongs to the first message's journey.
        """
        connection = self._connection
        peer, local = connection.peer, connection.local
        protocol = "lmtp" if self._machine.config.lmtp else "esmtp"
        ends = f"{peer.ip}:{peer.port}", f"{local.ip}:{local.port}"
        attempt.events.append(Connected(self._at(attempt.started), protocol, *ends, self._name))
        try:
            refused = await self._session(tls)
        except TlsFailed:
            attempt.events += self._events(self._at(attempt.started))
            connection.close()
            raise
        except NetworkError as error:
            refused = str(error)
        attempt.events += self._events(self._at(attempt.started))
        self._opening, self._began = attempt.events, attempt.started
        self._usable = refused is None
        if refused is not None:
            connection.close()
        return refused

    async def _session(self, tls: Handshake) -> str | None:
        machine = self._machine
        while True:
            match await self._opening_event():
                case Ready():
                    return None
                case BeginTls():
                    self._facts = await self._start_tls(tls)
                    self._prove(tls)
                    machine.tls_started()
                case Unusable(reply=reply, stage=stage, said=said):
                    words = f"{self._name} said: {reply}" if said else f"{self._name}: {reply.text}"
                    if stage is Stage.STARTTLS:
                        raise TlsFailed(words, "starttls-not-supported")
                    return words

    async def _opening_event(self) -> ClientEvent:
        """Some servers hang up, or say nothing more, when they hear STARTTLS: it is TLS that does not work with them."""
        try:
            return await self._connection.event(self._machine.deadline)
        except NetworkError as error:
            if self._machine.stage is Stage.STARTTLS:
                raise TlsFailed(f"{self._name}: {error}", "starttls-not-supported") from error
            raise

    async def _start_tls(self, tls: Handshake) -> TlsFacts:
        """However a handshake fails, it is TLS that failed: some servers just hang up."""
        try:
            return await self._connection.start_tls(tls.context, tls.server_name)
        except TlsFailed:
            raise
        except NetworkError as error:
            raise TlsFailed(f"TLS with {self._name}: {error}") from error

    def _prove(self, tls: Handshake) -> None:
        if tls.prove is None:
            return
        try:
            tls.prove(self._connection.peer_chain())
        except NotProven as error:
            raise TlsFailed(f"TLS with {self._name}: {error}", error.kind) from error
        assert self._facts is not None
        self._facts = msgspec.structs.replace(self._facts, verified=True)

    async def deliver(self, job: Job) -> Attempt:
        """Sends the job's message to its recipients."""
        # one clock for the whole hop: the events of the opening count from when that began
        attempt = Attempt(self._began if self._opening else self._desk.clock.now(), events=self._opening)
        self._opening = []
        misfit = _misfit(job, self.trust, requiretls=self.knows_requiretls)
        if misfit is not None:
            return self._unsent(job, attempt, misfit)
        content = await self._desk.read_body(job)
        if content is None:
            attempt.delayed = {copy.n: Deferral(UNREADABLE) for copy in job.copies}
            return attempt
        parcel = await self._fit(job, content, attempt)
        limit = self._machine.capabilities.recipients or RECIPIENTS
        for first in range(0, len(parcel.copies), limit):
            some = parcel.copies[first : first + limit]
            if first and not self.usable:
                _cut_short(attempt, parcel.copies[first:])
                break
            try:
                await self._send(attempt, parcel, some)
            except asyncio.CancelledError:
                self._usable = False
                if not attempt.results:
                    raise
                _cut_short(attempt, parcel.copies[first:])  # who has it by now is not to get it again
                break
        attempt.events += _outcomes(job, attempt, self._at(attempt.started), self._name)
        return attempt

    async def _fit(self, job: Job, content: Content, attempt: Attempt) -> _Parcel:
        """The message as this server can take it; copies that cannot go to it end here, with the reason."""
        # whoever was put off comes last, so that he does not keep those from their turn who have had none
        envelope, copies = _envelope(job), sorted(job.copies, key=lambda copy: bool(copy.status))
        capabilities, head = self._machine.capabilities, head_of(content)
        if isinstance(content, Spilled):
            envelope.body = await asyncio.to_thread(content.kind, envelope.body)
        if not capabilities.has("SMTPUTF8") and head[: header_end(head)].isascii():
            envelope.smtputf8 = False  # RFC 6531 §3.5: only whoever needs it fails
            for copy in copies:
                if not copy.address.is_ascii:
                    attempt.results.append(failed(copy, NonAsciiAddress(), self._name))
            copies = [copy for copy in copies if copy.address.is_ascii]
        envelope.recipients = [_recipient(copy) for copy in copies]
        form = ""
        error = obstacle(_letter(envelope, content), capabilities, self._now())
        if isinstance(error, ConversionRequired):
            try:
                content = await _converted(content, envelope, eight_bit=capabilities.has("8BITMIME"))
                form = envelope.body.value
                error = obstacle(Letter(envelope, content), capabilities, self._now())
            except ConversionRequired as impossible:
                error = impossible
        if error is None and copies:
            stamped = await self._desk.stamp(job, content, form)  # RFC 6376 §5.3: nothing is changed any more
            before, content = content, stamped.told(attempt.events.append, self._at(attempt.started))
            if content is not before:
                error = obstacle(_letter(envelope, content), capabilities, self._now())
        if error is not None:
            self._fail(attempt, copies, error)
            copies = []
        return _Parcel(envelope, content, copies)

    def _unsent(self, job: Job, attempt: Attempt, misfit: MailError) -> Attempt:
        """Nothing leaves over a connection that the message does not allow."""
        if misfit.permanent:
            self._fail(attempt, job.copies, misfit)
        else:
            attempt.delayed = {copy.n: Deferral(misfit.public) for copy in job.copies}
        attempt.events += _outcomes(job, attempt, self._at(attempt.started), self._name)
        return attempt

    def _fail(self, attempt: Attempt, copies: list[Copy], error: MailError) -> None:
        attempt.results += [failed(copy, error, self._name) for copy in copies]

    async def _send(self, attempt: Attempt, parcel: _Parcel, copies: list[Copy]) -> None:
        parcel.envelope.recipients = [_recipient(copy) for copy in copies]
        results = await self._transfer(_letter(parcel.envelope, parcel.content))
        attempt.events += self._events(self._at(attempt.started))
        attempt.unsent = not self.usable and _nothing_heard(attempt, results)
        by_known = self._machine.capabilities.has("DELIVERBY")
        for copy, result in zip(copies, results, strict=True):
            self._note(attempt, copy, result, traced=_traced(parcel.envelope.deliver_by, copy, by_known))

    async def _transfer(self, letter: Letter) -> list[SmtpResult]:
        connection, machine = self._connection, self._machine
        machine.send(letter)
        while True:
            try:
                event = await connection.event(machine.deadline, machine.step)
            except (NetworkError, MailError) as error:  # or a long message cannot be read to its end
                machine.lost(str(error))
                lost = machine.next_event()
                assert isinstance(lost, Finished)
                event = lost
            if isinstance(event, Finished):
                self._usable = event.usable
                return event.results

    def _note(self, attempt: Attempt, copy: Copy, result: SmtpResult, *, traced: bool) -> None:
        """RFC 5321 §4.2.5: 2yz is their responsibility, 4yz still ours, 5yz the end."""
        reply = result.reply
        if reply.positive:
            happened = Happened.HANDED_ON if self._machine.capabilities.has("DSN") else Happened.RELAYED
            if self._machine.config.lmtp:
                happened = Happened.DELIVERED  # RFC 2033 §4.2: the reply is the delivery's
            status = reply.status or EnhancedStatus(2, 0, 0)
            attempt.results.append(Result(copy, happened, status, _lines(result), self._name, traced=traced))
        elif reply.permanent:
            status = reply.status or UNDEFINED
            attempt.results.append(Result(copy, Happened.FAILED, status, _lines(result), self._name))
        else:
            attempt.delayed[copy.n] = _deferral(result, self._name)

    async def quit(self) -> None:
        """Says QUIT and closes; what the server answers does not matter any more. A message that was called off under way is cut where it is."""
        if self._machine.stage is not Stage.IDLE:
            self._connection.abort()
            return
        if self._connection.alive:
            self._machine.quit()
        self._connection.close()

    def _events(self, at: int) -> list[JourneyEvent]:
        """The dialogue since the last call, and TLS where it began."""
        lines = self._machine.take_dialogue()
        facts, self._facts = self._facts, None
        before: list[bytes] = []
        if facts is not None and TLS_NOTE in lines:
            note = lines.index(TLS_NOTE)
            before, lines = lines[:note], lines[note + 1 :]
        elif facts is not None and not self._machine.secure:
            before, lines = lines, []  # the handshake was the last of it
        events: list[JourneyEvent] = [Said(at, before)] if before else []
        if facts is not None:
            certificate = facts.server_name, facts.subject, facts.verified
            shown = certificate_facts(next(iter(self._connection.peer_chain()), b""))
            events.append(Secured(at, facts.version, facts.cipher, *certificate, *shown))
        if lines:
            events.append(Said(at, lines, self._machine.secure))
        return events

    def _at(self, started: int) -> int:
        return max(0, (self._desk.clock.now() - started) // 1000)

    def _now(self) -> int:
        return self._desk.clock.now() // 1_000_000


def _cut_short(attempt: Attempt, left: Sequence[Copy]) -> None:
    """The server takes no more over this connection (RFC 9422, MAILMAX; RFC 5321 §3.8): another one goes on, unless this one has come to nothing."""
    attempt.goes_on = bool(attempt.results)
    if not attempt.goes_on:
        unturned = Deferral("The connection ended before this recipient's turn")
        attempt.delayed |= {copy.n: unturned for copy in left}


def _outcomes(job: Job, attempt: Attempt, at: int, name: str) -> list[Outcome]:
    """For the journey; of recipients whose turn has not come there is nothing to tell."""
    results = {result.copy.n: result for result in attempt.results}
    told = []
    for copy in job.copies:
        address, result = str(copy.address), results.get(copy.n)
        if result is not None:
            word = "failed" if result.happened is Happened.FAILED else "relayed"
            reply = " ".join(result.reply)
            told.append(Outcome(at, copy.rcpt, address, word, str(result.status), reply, name))
        elif copy.n in attempt.delayed:
            told.append(Outcome(at, copy.rcpt, address, "delayed", "", attempt.delayed[copy.n].words, name))
    return told


class _Unprotected(MailError):
    """Another message's exception does not hold for this one."""

    status = EnhancedStatus(4, 7, 10)
    words = UNPROTECTED


def _traced(by: DeliverBy | None, copy: Copy, known: bool) -> bool:  # noqa: FBT001 -- whether the server knows of deadlines
    """Whether the sender hears that the copy was handed on: he asked for it (RFC 2852 §4.1.4), or the next server does not know of
    the deadline that he is to be told of (§4.1.4.2). What an alias or a list stands for is not told."""
    if by is None or copy.expanded:
        return False
    return by.trace or (by.mode is ByMode.NOTIFY and not known)


def _misfit(job: Job, trust: Trust, *, requiretls: bool) -> MailError | None:
    """Why a message may not go over a connection that is so far to be trusted."""
    terms = job.letter.terms
    if terms.require_tls and job.letter.sender is not None:
        if not trust.proven:
            return EncryptionNeeded()
        return None if requiretls else RequireTlsUnsupported()
    return None if trust.met or terms.tls_optional else _Unprotected()


async def _converted(content: Content, envelope: Envelope, *, eight_bit: bool) -> bytes:
    """The message for a server that takes fewer kinds of octets, and the envelope says so; raises `ConversionRequired`."""
    whole = await asyncio.to_thread(content.whole) if isinstance(content, Spilled) else content
    converted = await asyncio.to_thread(downgrade, whole, eight_bit=eight_bit)
    envelope.body = BodyKind.EIGHT_BIT if eight_bit else BodyKind.SEVEN_BIT
    return converted


def _nothing_heard(attempt: Attempt, results: Sequence[SmtpResult]) -> bool:
    """Whether the server has said nothing at all: neither now nor of recipients that were sent before."""
    return not (attempt.results or attempt.delayed) and all(map(_unheard, results))


def _unheard(result: SmtpResult) -> bool:
    """Whether the server has said nothing of the message: the connection was gone, 421 was the answer to MAIL, or it did not reset."""
    if result.stage is Stage.RSET:
        return True
    return result.stage is Stage.MAIL and (not result.said or result.reply.code == 421)


def _recipient(copy: Copy) -> Recipient:
    return Recipient(copy.address, copy.notify, copy.orcpt)


def _lines(result: SmtpResult) -> tuple[str, ...]:
    """The reply as reports quote it: code first when a server said it, our own words otherwise."""
    reply = result.reply
    if not result.said:
        return reply.lines
    status = f" {reply.status}" if reply.status else ""
    return tuple(f"{reply.code}{status} {line}" for line in reply.lines)


def _deferral(result: SmtpResult, name: str) -> Deferral:
    return Deferral("\n".join(_lines(result)), name if result.said else "")


def _letter(envelope: Envelope, content: Content) -> Letter:
    return Letter(envelope, content, len(content) if isinstance(content, Spilled) else 0)


def _envelope(job: Job) -> Envelope:
    terms = job.letter.terms
    return Envelope(
        job.letter.sender,
        [],
        terms.body,
        terms.smtputf8,
        job.letter.size,
        terms.envid,
        terms.ret,
        terms.deliver_by,
        None,
        terms.priority,
        terms.auth,
        terms.require_tls,
        terms.tls_optional,
    )
