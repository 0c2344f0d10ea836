"""SMTP, submission and LMTP sessions: the machine's events on one side, a door on the other.

RFC 5321 §3 and §4, RFC 6409, RFC 2033; RFC 3207 §4.2 (what is forgotten after TLS), RFC 4954 §4, RFC 821 §3.4. The session answers every
event with a reply and keeps the hop that tells how a message came. Not here: syntax and order (`proto.smtp`), who may send what (`intake`).
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from postroom.deliver.letter import Answers
from postroom.intake.client import Client, Incoming, Manner
from postroom.intake.door import Door, HangUp, Parcel
from postroom.intake.guard.guard import Guard
from postroom.message.errors import (
    BadAddress,
    BadSenderAddress,
    MailError,
)
from postroom.message.ids import IdKind, id_text
from postroom.net.networks import Networks
from postroom.net.session import Connection, Peer, TlsFacts
from postroom.proto.smtp.commands import (
    Data,
    Etrn,
    Expn,
    Mail,
    Rcpt,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
    Vrfy,
    Xclient,
)
from postroom.proto.smtp.config import Service
from postroom.proto.smtp.events import Asked, Authenticate, BodyChunk, BodyEnd, BodyRefused, Closed, Greeted
from postroom.proto.smtp.extensions import Offers
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.server import SmtpServer
from postroom.serve.logins import Logins, attach
from postroom.serve.smtp import replies
from postroom.serve.smtp.body import Body
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.serve.smtp.login import enter, go_on, ready
from postroom.serve.smtp.lookups import Lookups
from postroom.serve.smtp.queue import QueueDesk
from postroom.serve.smtp.threshold import Threshold, announced
from postroom.serve.standing import Standing, Stay
from postroom.store.blobs.spilled import Content

SLOWEST_BODY = 500  # octets a second, after the first 300 s of a message
LONGEST_BODY = 1800.0  # seconds that one message may take to arrive
_MANNERS = {manner.value: manner for manner in Manner}
PAUSE_SECONDS = 0.5  # without an octet in a message whose line ends are wrong, until its sender hears of it


class SmtpService(msgspec.Struct):
    """What all sessions of one listener share.

    `logins` is the login policy; `tls` gives the context for STARTTLS; `now` unix
    microseconds; `next_id` journey ids; `home` completes unqualified names; `tell` logs an event with its facts; `queue`
    answers ETRN and ATRN. Messages over `Limits.spill` are kept in files in the directory `incoming`; None keeps them in memory. `guard`
    stands before the door; XCLIENT is believed of who connects from `proxies`.
    """

    offers: Offers
    door: Door
    lookups: Lookups
    budget: BodyBudget
    now: Callable[[], int]
    next_id: Callable[[], int]
    home: str
    tell: Callable[..., object]
    logins: Logins | None = None
    tls: Callable[[], ssl.SSLContext] | None = None
    queue: QueueDesk = QueueDesk()
    incoming: Path | None = None
    guard: Guard | None = None
    proxies: Networks = Networks()
    standing: Standing = msgspec.field(default_factory=Standing)


class SmtpSession:
    """One connection."""

    __slots__ = ("_before_body", "_body", "_client", "_connection", "_incoming", "_service", "_stay", "_threshold", "machine")  # fmt: skip

    def __init__(self, service: SmtpService) -> None:
        self.machine = SmtpServer(service.offers.config, service.offers)
        self._service = service
        self._threshold = Threshold(service.door, service.tell, service.guard, service.proxies)
        self._connection: Connection | None = None
        self._client = Client(Peer(""), Peer(""), lmtp=service.offers.config.service is Service.LMTP)
        self._incoming: Incoming | None = None
        self._body = Body(service.budget, service.incoming)
        self._stay = Stay(service.standing)
        self._before_body = 0  # octets of the connection until MAIL

    # ------------------------------------------------------------------------------------------------------ for the pump

    def opened(self, connection: Connection) -> None:
        """Greets."""
        self._connection = connection
        client = self._client
        client.peer, client.local = connection.peer, connection.local
        if connection.tls is not None:
            client.tls = connection.tls
            attach(self.machine, connection, connection.tls)
            self.machine.tls_started()
        self._threshold.open(self.machine, connection, client)

    async def handle(self, event: Any) -> None:
        """Answers one event; an error of the mail system's family becomes its reply."""
        try:
            await self._HANDLERS[type(event)](self, event)
        except MailError as error:
            reply = replies.refusal(error)
            await self._threshold.refuse(str(reply), self._client, error.detail)
            self.machine.reply(reply)
        except HangUp:
            self._forget()
            if self._connection is not None:
                self._connection.close("a fault that was asked for")

    def secured(self, facts: TlsFacts) -> None:
        """Everything that was said in the clear is forgotten (RFC 3207 §4.2)."""
        self._forget()
        self._stay.leave()
        client = self._client
        self._client = Client(client.peer, client.local, lmtp=client.lmtp, tls=facts, reverse=client.reverse)
        attach(self.machine, self._connection, facts)
        self.machine.tls_started()

    def overdue(self) -> None:
        """RFC 5321 §4.5.3.2.7; and whoever types a message with LF alone waits for the answer to an end that is none (§2.3.8)."""
        if self.machine.endless:
            self.machine.close_endless()
        else:
            self.machine.close_with(replies.TIMED_OUT)

    def failed(self) -> None:
        """A fault of ours."""
        self.machine.close_with(replies.FAULT)

    def dismissed(self) -> None:
        """RFC 5321 §3.8, or the login has ended; a message that is arriving may come to its end first."""
        if not self.machine.receiving:
            self.machine.close_with(replies.LOGIN_ENDED if self._stay.ended else replies.STOPPING)

    def closed(self, reason: str) -> None:  # noqa: ARG002 - the shape of `Session`
        """What had not been accepted is gone."""
        self._forget()
        self._stay.leave()
        self._connection = None
        self._threshold.close()

    def deadline(self) -> float:
        """Seconds since our last word; a message that keeps coming, and not in drops, has more of them (RFC 5321 §4.5.3.2.7)."""
        connection = self._connection
        if connection is None or not self.machine.receiving:
            return self.machine.config.limits.silence
        return _patience(self.machine, connection, connection.bytes_in - self._before_body)

    # ---------------------------------------------------------------------------------------------------------- the greeting

    async def _greeted(self, event: Greeted) -> None:
        self._client.helo = event.name
        self._client.esmtp = event.esmtp
        self._client.changed()
        self._forget()

    async def _start_tls(self, event: StartTls) -> None:  # noqa: ARG002
        context = self._service.tls
        if context is None or self._connection is None:
            self.machine.reply(replies.TLS_UNAVAILABLE)
            return
        self.machine.reply(replies.READY_FOR_TLS)
        self._connection.start_tls(context())

    async def _xclient(self, event: Xclient) -> None:
        """A proxy that is believed says who its client is: what follows is said by that one."""
        self._forget()
        self._stay.leave()
        proxy, self._client = self._client.peer.ip, announced(self._client, event.facts)
        attach(self.machine, None, None)  # the TLS channel, and the certificate in it, are the proxy's
        self._threshold.meet(self._client)
        self._service.tell("client.announced", client=self._client.peer.ip, proxy=proxy)
        self.machine.reply(self._service.offers.greeting)

    async def _asked(self, event: Asked) -> None:
        await go_on(self.machine, ready(self._service.logins, self._connection, self._client), event)

    async def _authenticate(self, event: Authenticate) -> None:
        assert self._connection is not None
        whom = ready(self._service.logins, self._connection, self._client)
        self._stay.begin(await enter(whom, event, self._client), self._connection.dismiss)
        self.machine.reply(replies.LOGGED_IN)

    # ----------------------------------------------------------------------------------------------------------- the message

    async def _mail(self, event: Mail) -> None:
        self._forget()
        if event.envelope.sender is not None:
            event.envelope.sender = self._client.complete(
                event.envelope.sender, self._service.home, BadSenderAddress
            )
        if event.envelope.auth is not None and self._client.login is None:
            event.envelope.auth = "<>"  # RFC 4954 §5: who has not logged in cannot vouch for anybody
        incoming = Incoming(event.envelope, self._client.hop(self._service.now()), _MANNERS[event.verb])
        asked = event.envelope.priority
        await self._threshold.door.mail(self._client, incoming)
        self._incoming = incoming
        if self._connection is not None:
            self._before_body = self._connection.bytes_in
        self.machine.reply(replies.sender_ok(asked, event.envelope.priority))

    async def _rcpt(self, event: Rcpt) -> None:
        assert self._incoming is not None
        recipient = event.recipient
        if not recipient.address.domain:
            address = self._client.complete(recipient.address, self._service.home, BadAddress)
            recipient = event.recipient = msgspec.structs.replace(recipient, address=address)
        await self._threshold.door.rcpt(self._client, self._incoming, recipient)
        self.machine.reply(replies.RECIPIENT_OK)

    async def _data(self, event: Data) -> None:  # noqa: ARG002
        self.machine.reply(replies.GO_AHEAD)

    async def _body_chunk(self, event: BodyChunk) -> None:
        """A piece of a long message; nothing more is read until it is put away."""
        try:
            await self._body.add(event.data)
        except MailError as error:
            self._body.drop()
            self.machine.refuse_body(replies.refusal(error))

    async def _body_refused(self, event: BodyRefused) -> None:  # noqa: ARG002
        self._forget()

    async def _body_end(self, event: BodyEnd) -> None:
        incoming, self._incoming = self._incoming, None
        assert incoming is not None
        budget, size = self._service.budget, event.size
        if self._body.held or not budget.take(size):
            await self._long_body_end(incoming, event)
            return
        try:
            await self._accept(incoming, event.data)
        finally:
            budget.give_back(size)

    async def _long_body_end(self, incoming: Incoming, event: BodyEnd) -> None:
        """The end of a message that came in pieces, or has to wait for room."""
        try:
            await self._accept(incoming, await self._body.finish(event.data, event.size))
        finally:
            self._body.drop()

    async def _accept(self, incoming: Incoming, content: Content) -> None:
        accept_id = self._service.next_id()
        journey = id_text(IdKind.JOURNEY, accept_id)
        verdict = replies.queued(journey)
        said, answers = _dialogue(self.machine, verdict)
        left = partial(_has_left, self.machine, self._connection)
        parcel = Parcel(accept_id, content, said, left=left, answers=answers, journey=journey)
        receipt = await self._threshold.door.message(self._client, incoming, parcel)
        self._service.tell(
            "message.accepted",
            id=journey,
            sender=str(incoming.envelope.sender or ""),
            recipients=len(incoming.envelope.recipients),
            size=len(content),
            priority=incoming.envelope.priority,
            client=self._client.peer.ip,
        )
        if self._client.lmtp:
            self.machine.reply_each(replies.each(verdict, receipt.errors))
        else:
            self.machine.reply(verdict)

    # -------------------------------------------------------------------------------------------------------------- the rest

    async def _vrfy(self, event: Vrfy) -> None:
        self.machine.reply(await self._service.lookups.verify(self._client, event.text))

    async def _expn(self, event: Expn) -> None:
        self.machine.reply(await self._service.lookups.expand(self._client, event.text))

    async def _etrn(self, event: Etrn) -> None:
        self.machine.reply(await self._service.queue.etrn(event))

    async def _turn(self, event: Turn) -> None:
        """When this has been answered with 250, the session is over and the peer is the server."""
        connection, queue = self._connection, self._service.queue
        reply, domains = await queue.turn(self._client.login, event)
        self.machine.reply(reply)
        if domains and queue.turning is not None and connection is not None:
            self._service.tell("connection.turned", client=self._client.peer.ip, domains=list(domains))
            await queue.turning.take_over(connection, self.machine.unread, domains)

    async def _closed(self, event: Closed) -> None:
        """The machine has said why; after QUIT nothing more comes."""
        if event.reason == "QUIT" and self._connection is not None:
            self._connection.parting = True

    def _forget(self) -> None:
        self._incoming = None
        self._body.drop()

    _HANDLERS: ClassVar[Mapping[type, Callable[[SmtpSession, Any], Awaitable[None]]]] = MappingProxyType(
        {
            Greeted: _greeted,
            StartTls: _start_tls,
            Authenticate: _authenticate,
            Asked: _asked,
            Mail: _mail,
            Send: _mail,
            Soml: _mail,
            Saml: _mail,
            Rcpt: _rcpt,
            Data: _data,
            BodyChunk: _body_chunk,
            BodyEnd: _body_end,
            BodyRefused: _body_refused,
            Vrfy: _vrfy,
            Expn: _expn,
            Etrn: _etrn,
            Turn: _turn,
            Xclient: _xclient,
            Closed: _closed,
        }
    )


def _dialogue(machine: SmtpServer, verdict: Reply) -> tuple[list[bytes], Answers | None]:
    """What was said, with the verdict; over LMTP without, since it is another for each recipient."""
    if machine.lmtp:
        return machine.take_dialogue(ended=True), partial(_answers, verdict)
    return machine.take_dialogue(verdict), None


def _answers(verdict: Reply, errors: Sequence[MailError | None]) -> list[bytes]:
    """The replies over LMTP as lines of the dialogue."""
    return [line for reply in replies.each(verdict, errors) for line in reply.spoken]


def _has_left(machine: SmtpServer, connection: Connection | None) -> bool:
    """Whether the client has closed its side without a further command (RFC 5321 §4.1.1.10). One that has said QUIT already waits for its replies."""
    return connection is None or (connection.eof and not machine.lines.pending)


def _patience(machine: SmtpServer, connection: Connection, octets: int) -> float:
    """Seconds for a message of which so many octets have come."""
    silence = machine.config.limits.silence
    coming = max(0.0, connection.heard_at - connection.quiet_since)
    if machine.endless:
        return coming + PAUSE_SECONDS
    if coming > silence and octets < SLOWEST_BODY * coming:
        return silence
    return min(max(LONGEST_BODY, silence), coming + silence)
