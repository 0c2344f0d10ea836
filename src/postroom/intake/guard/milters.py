"""All filters of a service, asked one after the other about one client's messages, and what they change.

The order of commands is Sendmail's: CONNECT and HELO (said at the first MAIL, so that nobody who never sends costs a filter anything), MAIL, RCPT
for each recipient that was taken, DATA, header, body, end. Each filter sees the message as the ones before it left it; what was received is kept
beside it (`Parcel.arrived`), since signatures are about that. Not here: one filter's connection (`milter_talk`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing

import msgspec

from postroom.deliver.router import Resolved
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Parcel
from postroom.intake.forgeries import foreign_to, without_forgeries
from postroom.intake.guard.milter_macros import client_macros, recipient_macros, sender_macros
from postroom.intake.guard.milter_talk import Discarded, MilterTalk, MilterTerms
from postroom.message.address import Address, parse_mailbox
from postroom.message.envelope import Recipient
from postroom.message.errors import MailError, MessageTooBig
from postroom.message.headers.header import Header
from postroom.message.headers.trace import close_header
from postroom.message.journey.events import Decided
from postroom.message.printable import printable
from postroom.proto.milter.changes import (
    BadMilter,
    Change,
    HeaderAdded,
    HeaderChanged,
    Quarantined,
    RecipientAdded,
    RecipientRemoved,
    SenderChanged,
)
from postroom.proto.milter.client import PIECE, c_strings, connect_data, path
from postroom.proto.milter.codes import Command, Step
from postroom.proto.milter.editing import changed_body, changed_fields, header_data
from postroom.store.blobs.spilled import Content, Spilled, head_of, with_head

MOST_RECIPIENTS = 1000  # that filters may add to one message
MOST_REASON = 200  # characters of a reason for a quarantine


class Milters(msgspec.Struct, frozen=True):
    """The filters of a service, in their order. `resolve` says who a recipient is; raises `MailError`. `largest`: octets of a message.

    `names` are ours: results under them that came with a message are taken out before filters see it, so that those of a filter may stay.
    """

    terms: Sequence[MilterTerms]
    hostname: str
    largest: int
    names: tuple[str, ...]
    resolve: Callable[[Recipient], Awaitable[Resolved | None]]
    tell: Callable[..., object]

    def __bool__(self) -> bool:
        return bool(self.terms)


class Filtered(msgspec.Struct):
    """A message that the filters have seen; `discarded` names who wants it thrown away."""

    incoming: Incoming
    parcel: Parcel
    discarded: str = ""


class Filtering:
    """The filters of one client."""

    def __init__(self, milters: Milters) -> None:
        self._milters = milters
        self._talks = [MilterTalk(terms, milters.tell, milters.largest) for terms in milters.terms]
        self._begun = False
        self._discarded = ""

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """A message begins. Raises the `MailError` of a filter that refuses it."""
        self.abort()
        self._begun, self._discarded = True, ""
        macros = client_macros(client, self._milters.hostname)
        sender = incoming.envelope.sender
        data = c_strings([path(str(sender) if sender else "")])
        for talk in self._talks:
            await self._meet(talk, client)
            with_sender = macros[Command.MAIL] | sender_macros(sender)
            await self._say(talk, Command.MAIL, data, with_sender)

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """A recipient that the door has taken."""
        del client
        resolved = incoming.known.get(len(incoming.envelope.recipients))
        macros = recipient_macros(recipient.address, resolved)
        data = c_strings([path(str(recipient.address))])
        for talk in self._talks:
            await self._say(talk, Command.RCPT, data, macros)

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Filtered:
        """The whole message, as the filters leave it. Raises the `MailError` of a filter that refuses it."""
        del client
        filtered = Filtered(incoming, self._without_forgeries(incoming, parcel))
        for talk in self._talks:
            if self._discarded:
                break
            filtered = await self._show(talk, filtered)
        self._begun = False
        for talk in self._talks:
            talk.abort()  # of those that were not asked to the end
        filtered.discarded = self._discarded
        if self._discarded:
            self._tell_discarded(filtered)
        return filtered

    def _without_forgeries(self, incoming: Incoming, parcel: Parcel) -> Parcel:
        head = head_of(parcel.content)
        cleaned = without_forgeries(head, self._milters.names, foreign_to(incoming))
        if cleaned is head:
            return parcel
        return msgspec.structs.replace(
            parcel, content=with_head(parcel.content, cleaned), arrived=parcel.received
        )

    def abort(self) -> None:
        """The message that was begun came to nothing."""
        if self._begun:
            self._begun = False
            for talk in self._talks:
                talk.abort()

    def close(self) -> None:
        """The client is gone."""
        for talk in self._talks:
            talk.close()

    async def _meet(self, talk: MilterTalk, client: Client) -> None:
        """Connects the filter, and tells it who the client is and how it greets."""
        if talk.dead:
            return
        if not talk.is_open:
            await talk.open()
        if talk.refused is not None and talk.greeted in {"", client.helo}:
            raise talk.refused.with_traceback(None)
        if talk.greeted == client.helo:
            return
        macros = client_macros(client, self._milters.hostname)
        talk.refused = None
        try:
            if not talk.greeted:
                data = connect_data(client.reverse, client.peer.ip, client.peer.port)
                await self._say(talk, Command.CONNECT, data, macros[Command.CONNECT])
            else:
                talk.machine.begin_anew()
            talk.greeted = client.helo
            await self._say(talk, Command.HELO, c_strings([client.helo]), macros[Command.HELO])
        except MailError as error:
            talk.refused = error
            raise

    async def _say(self, talk: MilterTalk, command: Command, data: bytes, macros: dict[str, str]) -> None:
        if self._discarded:
            return
        try:
            await talk.say(command, data, macros)
        except Discarded:
            self._discarded = talk.terms.name

    async def _show(self, talk: MilterTalk, filtered: Filtered) -> Filtered:
        parcel = filtered.parcel
        content = with_head(parcel.content, close_header(head_of(parcel.content)))
        header = Header.parse(head_of(content))
        macros = {"i": parcel.journey}
        spaced = bool(talk.machine.steps & Step.LEADING_SPACE)
        try:
            await talk.say(Command.DATA, b"", macros)
            for field in header:
                await talk.say(Command.HEADER, header_data(field, leading_space=spaced))
            await talk.say(Command.END_OF_HEADERS, b"", macros)
            await self._show_body(talk, content, header.end)
            changes = await talk.say(Command.END, b"", macros)
        except Discarded:
            self._discarded = talk.terms.name
            return filtered
        if not changes:
            return filtered
        try:
            return await self._change(talk, filtered, content, changes)
        except BadMilter as error:
            talk.fail(str(error))
            return filtered

    async def _show_body(self, talk: MilterTalk, content: Content, start: int) -> None:
        async with aclosing(_pieces(content, start)) as pieces:
            async for piece in pieces:
                if not talk.machine.wants_body:
                    break
                await talk.say(Command.BODY, piece)

    async def _change(
        self, talk: MilterTalk, filtered: Filtered, content: Content, changes: Sequence[Change]
    ) -> Filtered:
        incoming, parcel = filtered.incoming, filtered.parcel
        spaced = bool(talk.machine.steps & Step.LEADING_SPACE)
        changed = _changed_content(content, changes, spaced=spaced)
        if len(changed) > self._milters.largest:
            raise MessageTooBig(detail=f"filter {talk.terms.name} made it too big")
        if changed is not content:
            parcel = msgspec.structs.replace(parcel, content=changed, arrived=parcel.received)
        incoming = await self._changed_envelope(talk.terms.name, incoming, changes)
        if not incoming.envelope.recipients:
            self._discarded = talk.terms.name
        incoming.hop.record(Decided(0, f"filter {talk.terms.name}", "changed", _words(changes)))
        return Filtered(incoming, parcel)

    async def _changed_envelope(self, name: str, incoming: Incoming, changes: Iterable[Change]) -> Incoming:
        """With copies of what the machine knows, too: over LMTP it counts the recipients that it took."""
        envelope, quarantined = incoming.envelope, incoming.quarantined
        sender = envelope.sender
        kept = [(one, incoming.known.get(number)) for number, one in enumerate(envelope.recipients)]
        for change in changes:
            if isinstance(change, SenderChanged):
                sender = _read_path(change.path)
            elif isinstance(change, RecipientRemoved):
                gone = _read_path(change.path)
                kept = [pair for pair in kept if gone is None or pair[0].address.key != gone.key]
            elif isinstance(change, RecipientAdded):
                kept += await self._added(name, _read_path(change.path), [pair[0] for pair in kept])
            elif isinstance(change, Quarantined):
                quarantined = f"{name}: {printable(change.reason, MOST_REASON)}"
        return msgspec.structs.replace(
            incoming,
            envelope=msgspec.structs.replace(
                envelope, sender=sender, recipients=[recipient for recipient, _ in kept]
            ),
            known={number: resolved for number, (_, resolved) in enumerate(kept)},
            quarantined=quarantined,
            junk=incoming.junk or bool(quarantined),
        )

    async def _added(
        self, name: str, address: Address | None, there: Sequence[Recipient]
    ) -> list[tuple[Recipient, Resolved | None]]:
        if address is None or any(one.address.key == address.key for one in there):
            return []
        if len(there) >= MOST_RECIPIENTS:
            raise BadMilter(f"it added more than {MOST_RECIPIENTS} recipients")
        recipient = Recipient(address)
        try:
            return [(recipient, await self._milters.resolve(recipient))]
        except MailError as error:
            self._milters.tell("filter.recipient", filter=name, recipient=str(address), why=error.public)
            return []

    def _tell_discarded(self, filtered: Filtered) -> None:
        envelope = filtered.incoming.envelope
        self._milters.tell(
            "message.discarded",
            id=filtered.parcel.journey,
            filter=self._discarded,
            sender=str(envelope.sender or ""),
            recipients=[str(recipient.address) for recipient in envelope.recipients],
        )


async def _pieces(content: Content, start: int) -> AsyncGenerator[bytes, None]:
    """The body in pieces that a packet holds; what lies in a file is read in a thread."""
    if isinstance(content, Spilled):
        pieces = iter(content)
        while piece := await asyncio.to_thread(next, pieces, b""):
            for at in range(start, len(piece), PIECE):
                yield piece[at : at + PIECE]
            start = 0
    else:
        for at in range(start, len(content), PIECE):
            yield content[at : at + PIECE]


def _changed_content(content: Content, changes: Sequence[Change], *, spaced: bool) -> Content:
    body = changed_body(changes)
    edits = any(isinstance(change, HeaderAdded | HeaderChanged) for change in changes)
    if body is None and not edits:
        return content
    head = head_of(content)
    header = Header.parse(head)
    fields = changed_fields(list(header), changes, leading_space=spaced) + header.separator
    return with_head(content, fields + head[header.end :]) if body is None else fields + body


def _read_path(path_: bytes) -> Address | None:
    """The address of a path; None for `<>`. Raises BadMilter."""
    text = path_.decode("utf-8", "replace").strip().removeprefix("<").removesuffix(">")
    address = parse_mailbox(text) if text else None
    if text and address is None:
        raise BadMilter(f"it named an address that is none: {printable(text, MOST_REASON)}")
    return address


def _words(changes: Iterable[Change]) -> str:
    """`2 HeaderAdded, 1 BodyReplaced` in the order in which they came."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[type(change).__name__] = counts.get(type(change).__name__, 0) + 1
    return ", ".join(f"{count} {name}" for name, count in counts.items())
