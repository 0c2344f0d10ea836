"""What every door promises to the sessions that stand before it, and what all doors do alike.

RFC 5321 §4.4 (trace fields), §6.3 (loops), §7.1 (relaying), RFC 8601 §5 (results that others forged). A door's methods raise `MailError`; the session turns it into a reply. Not
here: the protocol, and the checks that only one door makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from postroom.deliver.accept import Acceptance
from postroom.deliver.letter import Answers, Letter, Receipt
from postroom.deliver.router import Resolved, Router
from postroom.intake.client import Client, Incoming, Manner
from postroom.intake.forgeries import foreign_to, without_forgeries
from postroom.message.envelope import Recipient
from postroom.message.errors import MessageTooBig, OverQuota, RoutingLoop, SenderLeft
from postroom.message.headers.dates import format_date
from postroom.message.headers.trace import MAX_HOPS, Stamp, close_header, hops, received_field
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Accepted, Hop, Said, Secured
from postroom.net.clock import Clock
from postroom.proto.smtp.speech import TLS_NOTE
from postroom.store.blobs.spilled import Content, head_of, with_head
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Engine


class HangUp(Exception):
    """The connection is to be cut without a word: the lab's way to lose a reply."""


class Door(Protocol):
    """The way in for one kind of client."""

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """May a message of this envelope begin? Raises `MailError`."""

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """May this be the next recipient of it? Puts what it knows of it into `incoming.known`, or raises `MailError`."""

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        """Takes the message: when this returns, it is durable. Raises `MailError` when nobody gets it."""


class Parcel(msgspec.Struct):
    """The message as the client sent it (dots removed, CRLF), its journey id, and the dialogue so far with the reply to come.

    Where a filter has changed it, `arrived` is what came: signatures are about that. `left` tells whether its sender has gone meanwhile and will not
    hear that it was taken. `answers` are the replies where each recipient has his own: they are not in `said`. `journey` is the id as text, made
    here unless it is brought.
    """

    accept_id: int
    content: Content
    said: list[bytes]
    arrived: Content | None = None
    left: Callable[[], bool] | None = None
    answers: Answers | None = None
    journey: str = ""

    def __post_init__(self) -> None:
        if not self.journey:
            self.journey = id_text(IdKind.JOURNEY, self.accept_id)

    @property
    def received(self) -> Content:
        """What came, whatever became of it."""
        return self.content if self.arrived is None else self.arrived


class Premises(msgspec.Struct):
    """What all doors of a server share. `next_id` makes journey ids; `check_room` raises `NoSpace` or `Overloaded` for a message of so
    many octets (0: unknown); `identity` is our name in Authentication-Results, "" for the host's.
    """

    hostname: str
    engine: Engine
    router: Router
    acceptance: Acceptance
    clock: Clock
    next_id: Callable[[], int]
    check_room: Callable[[int], None]
    identity: str = ""


class DateStamp:
    """The date of Received and Date fields, formatted once a second."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def __call__(self, now: int) -> str:
        """`now` in unix microseconds, as a date-time of RFC 5322 §3.3 in UTC."""
        second = now // 1_000_000
        if second != self._second:
            self._second, self._text = second, format_date(second)
        return self._text


class Desk:
    """The part of the work that is the same at every door."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._names = (premises.hostname, premises.identity or premises.hostname)
        self._date = DateStamp()

    async def resolve(self, recipient: Recipient) -> Resolved | None:
        """What the directory says of a recipient; None is another domain's. Raises `NotExpanded`, too, where it leads to nobody."""
        router, reading = self._premises.router, self._premises.engine.reading()
        found = await router.resolve(reading, recipient.address)
        await router.check_expands(reading, recipient.address, found)
        return found

    async def admit(self, incoming: Incoming, recipient: Recipient) -> Resolved | None:
        """As `resolve`, for a message of the size that MAIL declared (RFC 1870 §6.1); raises `OverQuota` and `MessageTooBig` too."""
        resolved = await self.resolve(recipient)
        if isinstance(resolved, directory.Account) and resolved.gets_mail:
            size = incoming.envelope.size
            if 0 < resolved.quota_bytes < size:
                raise MessageTooBig(
                    f"The message is larger than the whole mailbox of {recipient.address} may be"
                )
            if not resolved.has_room_for(max(size, 1)):
                raise OverQuota(f"The mailbox of {recipient.address} is full")
        return resolved

    def check_room(self, size: int) -> None:
        """Raises when this system cannot take a message of `size` octets now; 0 is unknown (RFC 1870 §6.1)."""
        self._premises.check_room(size)

    def date(self) -> str:
        """Now, for a header field."""
        return self._date(self._premises.clock.now())

    async def take(self, client: Client, incoming: Incoming, parcel: Parcel, content: Content) -> Receipt:
        """Stamps and accepts `content` (the parcel's, perhaps repaired by the door), unless its sender has left and will send it again."""
        if parcel.left is not None and parcel.left():
            raise SenderLeft
        premises, head = self._premises, head_of(content)
        if hops(head) > MAX_HOPS:
            raise RoutingLoop(f"The message has passed more than {MAX_HOPS} systems")
        # Another MTA of this system's may speak under our name; so may a filter, before which forgeries were taken out.
        if not client.lmtp and parcel.arrived is None:
            head = without_forgeries(head, self._names, foreign_to(incoming))
        envelope, hop = incoming.envelope, incoming.hop
        recipients = envelope.recipients
        now = premises.clock.now()
        stamp = Stamp(
            premises.hostname,
            client.protocol(utf8=envelope.smtputf8),
            parcel.journey,
            recipients[0].address if len(recipients) == 1 else None,
            envelope.priority,
        )
        received = received_field(client.origin(), stamp, self._date(now))
        content = with_head(content, incoming.fields + received + close_header(head))
        at = hop.since(now)
        record_dialogue(hop, at, parcel.said, tls=client.tls is not None)
        sender = str(envelope.sender) if envelope.sender else ""
        hop.record(Accepted(at, sender, [str(recipient.address) for recipient in recipients], len(content)))
        letter = Letter(
            parcel.accept_id,
            envelope,
            content,
            now,
            hop,
            incoming.known,
            f"{client.helo or 'unknown'} [{client.peer.ip}]" if client.peer.ip else "",
            incoming.manner is not Manner.MAIL,
            incoming.junk,
            incoming.vouched,
            parcel.answers,
        )
        return await premises.acceptance.accept(letter, each=client.lmtp)


def record_dialogue(hop: Hop, at: int, lines: list[bytes], *, tls: bool) -> None:
    """The dialogue as events: what was said in the clear before STARTTLS stands before the event that tells of the handshake."""
    if TLS_NOTE in lines:
        note = len(lines) - 1 - lines[::-1].index(TLS_NOTE)
        before, lines = lines[:note], lines[note + 1 :]
        secured = next(
            (n for n, event in enumerate(hop.events) if isinstance(event, Secured)), len(hop.events)
        )
        if before:
            hop.events.insert(secured, Said(0, before))
    if lines:
        hop.record(Said(at, lines, tls))
