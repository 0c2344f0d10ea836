"""APPEND and REPLACE: whether messages may come, what is made of them, and the one commit that files them all.

RFC 9051 §6.3.12, RFC 3502 §6.3.11, RFC 3516 §4.4 (UNKNOWN-CTE), RFC 7889 §4, RFC 8508 §3.4, RFC 4315 §3 (APPENDUID). A message is described as soon as it is
whole, so that the last one of many does not wait for all of them. Not here: how octets come (`proto.imap.arrival`, `serve.imap.conversation.arrivals`), parts that
are somewhere already (`serve.imap.changing.catenating`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from postroom.deliver.filing import describe, make_durable
from postroom.message.composing.downgrade import downgrade
from postroom.message.errors import ConversionRequired, MailError, MessageTooBig
from postroom.message.summary.summary import summarize
from postroom.proto.imap.arrival import Abandoned, Arriving, Piece
from postroom.proto.imap.commands.appending import Append, NewMessage, Text
from postroom.proto.imap.sets import SequenceSet, ranges_of, render
from postroom.serve.imap.changing.catenating import catenate
from postroom.serve.imap.changing.copying import make_way, target_of
from postroom.serve.imap.changing.picking import pick, writable
from postroom.serve.imap.changing.storing import KEYWORD_LIMITS
from postroom.serve.imap.changing.transferring import discard, file_all, numbered
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal, refused
from postroom.serve.imap.searching.limiting import TOO_MANY
from postroom.store.blobs.spilled import Content
from postroom.store.changes import MessagesExpunged
from postroom.store.emails import expunge
from postroom.store.emails.arriving import arrive, check_room
from postroom.store.emails.delivery import Delivered, Delivery
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.flags import join_keywords
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, held, require
from postroom.wire.dots import is_canonical

GONE: Final = "The message is gone: nothing was done"
SUMMARIZED_AT_ONCE: Final = 65_536  # octets; a longer message is looked into by a thread


# ------------------------------------------------------------------------------------------------------- while messages come


async def arriving(conversation: Conversation, event: Arriving | Piece | Abandoned) -> None:
    """Answers what the machine gives out of a command that is coming."""
    machine = conversation.machine
    try:
        if isinstance(event, Arriving):
            await _announced(conversation, event)
        elif isinstance(event, Piece):
            await _piece(conversation, event)
        else:
            conversation.arrivals.drop()
    except (Refusal, MailError) as error:
        answer = error.answer if isinstance(error, Refusal) else refused(error)
        assert machine.arrival is not None
        machine.arrival.refuse(answer.words, answer.code, answer.status)
    machine.go_on()


async def _announced(conversation: Conversation, event: Arriving) -> None:
    arrivals, message = conversation.arrivals, event.message
    await _aim(conversation, event.command)
    _check_flags(message)
    _check_number(conversation, len(event.command.messages) + 1)
    part = message.parts[-1]
    octets = part.octets if isinstance(part, Text) else 0
    conversation.service.check_disk(arrivals.announced + octets)
    if not arrivals.replaced and arrivals.target is not None:
        number = len(event.command.messages) + 1
        await check_room(
            conversation.reading, arrivals.target.account_id, arrivals.announced + octets, number
        )
    arrivals.expect(message, octets)
    assert conversation.machine.arrival is not None
    conversation.machine.arrival.accept()


async def _piece(conversation: Conversation, piece: Piece) -> None:
    arrivals = conversation.arrivals
    if not piece.last:
        await arrivals.add(piece.data)
        return
    content = await arrivals.finish(piece.data)
    message = arrivals.message
    arrivals.items.append(content if message.catenated else await _delivery(conversation, message, content))


async def _aim(conversation: Conversation, command: Append) -> None:
    """Where the messages go, and which one goes for them; once for each command."""
    arrivals = conversation.arrivals
    if arrivals.target is not None:
        return
    target = await target_of(conversation, command.mailbox)
    if command.replaces is not None:
        arrivals.replaced = await _replaced(conversation, command)
    arrivals.target = target


async def _replaced(conversation: Conversation, command: Append) -> int:
    writable(conversation)
    assert command.replaces is not None
    await require(conversation.reading, conversation.selected.ref, Right.DELETE_MESSAGE, Right.EXPUNGE)
    wanted = SequenceSet(((command.replaces, command.replaces),))
    picked = await pick(conversation, wanted, by_uid=command.by_uid)
    if not picked:
        raise Refusal("There is no message with such a uid")
    return picked[0][0]


def _check_number(conversation: Conversation, number: int) -> None:
    most = conversation.service.config.saved_at_once
    if number > most:
        raise Refusal(f"{TOO_MANY}. Nothing was appended", f"MESSAGELIMIT {most}")


def _check_flags(message: NewMessage) -> None:
    try:
        join_keywords(message.flags.keywords)
    except ValueError:
        raise Refusal(KEYWORD_LIMITS, "LIMIT") from None


# ------------------------------------------------------------------------------------------------------- when they are there


async def append(conversation: Conversation, command: Append) -> Answer:
    """Files what has come, all of it or nothing."""
    try:
        await _aim(conversation, command)
        _check_number(conversation, len(command.messages))
        deliveries = await _deliveries(conversation, command)
        delivered, gone = await _file(conversation, deliveries)
        code = await _appended_code(conversation, delivered)
    except NoSuchMailbox as error:  # it was deleted while the messages came
        raise Refusal(error.public, "TRYCREATE") from None
    finally:
        conversation.arrivals.drop()
    if gone is None:
        return Answer("Appended", code)
    if code:
        conversation.out.status(b"*", "OK", "Replacement is there", code)
    return Answer("Replaced", f"HIGHESTMODSEQ {gone.modseq}" if conversation.enabled("QRESYNC") else "")


async def _deliveries(conversation: Conversation, command: Append) -> list[Delivery]:
    """One for each message: those that came whole are there already."""
    items = iter(conversation.arrivals.items)
    found: list[Delivery] = []
    for message in command.messages:
        if message.catenated:
            _check_flags(message)
            came = [
                item for _, item in zip(message.texts, items, strict=False) if not isinstance(item, Delivery)
            ]
            content = await catenate(conversation, message, came)
            found.append(await _delivery(conversation, message, content))
        else:
            item = next(items)
            assert isinstance(item, Delivery)
            found.append(item)
    return found


async def _delivery(conversation: Conversation, message: NewMessage, content: Content) -> Delivery:
    """A message with all that is to be said of it; a long one is looked into when it is made durable."""
    service, target = conversation.service, conversation.arrivals.target
    assert target is not None
    if any(isinstance(part, Text) and part.binary for part in message.parts):
        content = await _textual(content)
    if len(content) > service.config.message:
        raise MessageTooBig
    if not content:
        raise Refusal("An empty message: nothing was appended")
    now = service.now()
    delivery = Delivery(
        account_id=target.account_id,
        mailbox_id=target.mailbox_id,
        email_id=service.ids.next(),
        raw=content,
        size=len(content),
        summary=b"",
        internaldate=now if message.internaldate is None else message.internaldate,
        now=now,
        flags=message.flags.bits,
        keywords=message.flags.keywords,
    )
    if isinstance(content, bytes):
        small = len(content) <= SUMMARIZED_AT_ONCE
        describe(delivery, summarize(content) if small else await asyncio.to_thread(summarize, content))
    return delivery


async def _textual(content: Content) -> Content:
    """Binary octets as lines: parts that are none are encoded, which RFC 3516 §4.4 allows. Raises UNKNOWN-CTE where that cannot be done."""
    try:
        return await asyncio.to_thread(_as_text, content)
    except ConversionRequired:
        raise Refusal("Such binary content cannot be kept: encode it", "UNKNOWN-CTE") from None


def _as_text(content: Content) -> Content:
    raw = content if isinstance(content, bytes) else content.whole()
    return content if is_canonical(raw) else downgrade(raw, eight_bit=True)


async def _file(
    conversation: Conversation, deliveries: Sequence[Delivery]
) -> tuple[list[Delivered], MessagesExpunged | None]:
    """The commit; and what went for REPLACE."""
    arrivals, source = conversation.arrivals, conversation.view
    target = arrivals.target
    assert target is not None
    gone = None
    try:
        for delivery in deliveries:
            await make_durable(conversation.store.durable, delivery)
        if not arrivals.replaced or source is None:
            delivered = await conversation.write(lambda tx: arrive(tx, target, deliveries))
        elif source.ref.account_id == target.account_id:
            delivered, gone = await _replace(conversation, target, deliveries)
        else:
            numbered(conversation, deliveries)
            delivered = await file_all(conversation, target, deliveries)
    except (MailError, Refusal) as error:
        await discard(conversation, deliveries, error)
        raise
    conversation.publish([one.change for one in delivered])
    if arrivals.replaced and gone is None:
        gone = await make_way(conversation, [arrivals.replaced], (target, [one.uid for one in delivered]))
        if not gone.uids:
            raise Refusal(GONE, "EXPUNGEISSUED")
    elif gone is not None:
        conversation.publish([gone])
    return delivered, gone


async def _replace(
    conversation: Conversation, target: MailboxRef, deliveries: Sequence[Delivery]
) -> tuple[list[Delivered], MessagesExpunged]:
    """What goes makes room for what comes (RFC 8508 §3.4)."""
    source, uid, now = conversation.selected.ref, conversation.arrivals.replaced, conversation.service.now()

    async def work(tx: Transaction) -> tuple[list[Delivered], MessagesExpunged]:
        gone = await expunge.expunge(tx, source, [(uid, uid)], now)
        if not gone.uids:
            raise Refusal(GONE, "EXPUNGEISSUED")
        return await arrive(tx, target, deliveries), gone

    return await conversation.write(work)


async def _appended_code(conversation: Conversation, delivered: Sequence[Delivered]) -> str:
    """APPENDUID, for whoever may look at the mailbox (RFC 9051 §6.3.12)."""
    target = conversation.arrivals.target
    assert target is not None
    if Right.READ not in await held(conversation.reading, target):
        return ""
    return f"APPENDUID {delivered[0].uidvalidity} {render(ranges_of(one.uid for one in delivered)).decode()}"


HANDLERS: Final[Handlers] = {Append: append}
