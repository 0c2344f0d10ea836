"""Messages are copied into a mailbox of another account: delivered there, all of them or none.

The bodies are read and, where they are large, made durable as files first; then they are filed, many of them in slices, each a commit of its own. They
have the number of the operation, so that a commit whose outcome was not known is not made twice. Not here: what becomes of the originals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from postroom.deliver.filing import describe, discard_undone
from postroom.message.errors import MailError, TryLater
from postroom.message.summary.summary import Summary, is_current, summarize
from postroom.proto.imap.sets import Ranges
from postroom.serve.imap.conversation.conversation import Conversation, Refusal
from postroom.store.blobs.spilled import Content
from postroom.store.emails import unfinished
from postroom.store.emails.arriving import Original, arrive, originals
from postroom.store.emails.copying import Copied
from postroom.store.emails.delivery import Delivered, Delivery
from postroom.store.emails.unfinished import Operation
from postroom.store.engine.transaction import Transaction, is_undone
from postroom.store.mailboxes.flags import split_keywords
from postroom.store.mailboxes.rights import MailboxRef

MAX_TRANSFERRED: Final = 5_000  # messages that one COPY or MOVE takes into another account
FILED_AT_ONCE: Final = 100  # of them in one commit: others get their turn between two
MAX_TRANSFERRED_OCTETS: Final = (
    64 << 20
)  # of their bodies that are held in memory; those that are files are not


async def transfer(conversation: Conversation, target: MailboxRef, picked: Ranges, expected: int) -> Copied:
    """Delivers copies of the selected mailbox's messages to `target`, all or none. `expected`: so many there must be.

    Raises `OverQuota`, `NoSuchMailbox`, `NotPermitted`, `Refusal`.
    """
    source = conversation.selected.ref
    found = await conversation.snapshot(lambda tx: originals(tx, source, picked, MAX_TRANSFERRED + 1))
    if len(found) > MAX_TRANSFERRED:
        raise Refusal(
            f"At most {MAX_TRANSFERRED} messages go into another account at once: do it in parts", "LIMIT"
        )
    if len(found) < expected:
        raise Refusal("Some of the messages are gone: nothing was done", "EXPUNGEISSUED")
    deliveries: list[Delivery] = []
    try:
        await _prepare(conversation, target, found, deliveries)
        numbered(conversation, deliveries)
        if len(deliveries) > FILED_AT_ONCE:
            delivered = await _file_in_slices(conversation, target, deliveries)
        else:
            delivered = await file_all(conversation, target, deliveries)
    except (MailError, Refusal) as error:
        await discard(conversation, deliveries, error)
        raise
    pairs = tuple((one.uid, new.uid) for one, new in zip(found, delivered, strict=True))
    uidvalidity = delivered[0].uidvalidity if delivered else 0
    return Copied(uidvalidity, pairs, tuple(one.change for one in delivered))


async def _prepare(
    conversation: Conversation,
    target: MailboxRef,
    found: Sequence[Original],
    deliveries: list[Delivery],
) -> None:
    service, source = conversation.service, conversation.selected.ref
    store, now, held = service.store, service.now(), 0
    for original in found:
        content = await store.spilled(source.account_id, original.blob_id)
        if content is None:
            raise Refusal("Some of the messages are gone: nothing was done", "EXPUNGEISSUED")
        email_id = service.ids.next()
        raw = await store.durable(target.account_id, email_id, content)
        held += len(raw) if isinstance(raw, bytes) else 0
        delivery = Delivery(
            account_id=target.account_id,
            mailbox_id=target.mailbox_id,
            email_id=email_id,
            raw=raw,
            size=original.size,
            summary=b"",
            internaldate=original.internaldate,
            now=now,
            flags=original.flags,
            keywords=tuple(split_keywords(original.keywords)),
        )
        describe(delivery, await _summary(original.summary, content))
        deliveries.append(delivery)
        if held > MAX_TRANSFERRED_OCTETS:
            raise Refusal("Too much for another account at once: do it in parts", "LIMIT")


async def _summary(packed: bytes, content: Content) -> Summary:
    """What was kept of a message, or, where that is of another version, what is made of it now."""
    if is_current(packed):
        return Summary.unpack(packed)
    return await asyncio.to_thread(
        lambda: summarize(content if isinstance(content, bytes) else content.whole())
    )


def numbered(conversation: Conversation, deliveries: Sequence[Delivery]) -> None:
    """Makes them known, so that none is filed twice however often that is tried."""
    operation = conversation.service.ids.next()
    for number, delivery in enumerate(deliveries):
        delivery.once = (operation, number)


async def file_all(
    conversation: Conversation, target: MailboxRef, deliveries: Sequence[Delivery]
) -> list[Delivered]:
    """One commit, tried again once when its outcome is not known. Raises as `arrive`."""
    try:
        return await conversation.write(lambda tx: arrive(tx, target, deliveries))
    except TryLater as error:
        if is_undone(error):
            raise
        unknown = error
    try:
        return await conversation.write(lambda tx: arrive(tx, target, deliveries))
    except MailError as error:  # the first try was perhaps committed, and the files are the mailbox's
        raise unknown from error


async def _file_in_slices(
    conversation: Conversation, target: MailboxRef, deliveries: list[Delivery]
) -> list[Delivered]:
    """What was filed leaves `deliveries`, since its files are the mailbox's then; if the rest cannot be, it is taken back."""
    clock, delivered = conversation.service.now, list[Delivered]()
    operation = Operation(target, conversation.service.ids.next())
    try:
        while deliveries:
            part = deliveries[:FILED_AT_ONCE]

            async def work(
                tx: Transaction, part: list[Delivery] = part, made: int = len(delivered)
            ) -> list[Delivered]:
                filed = await arrive(tx, target, part)
                if len(part) < len(deliveries):
                    await unfinished.note(tx, operation, [one.uid for one in filed], clock())
                else:
                    await unfinished.finish(tx, operation, made)
                return filed

            delivered += await conversation.write(work)
            del deliveries[:FILED_AT_ONCE]
    except MailError:
        conversation.publish(await unfinished.take_back(conversation.store.engine, operation, clock()))
        raise
    return delivered


async def discard(
    conversation: Conversation, deliveries: Sequence[Delivery], error: MailError | Refusal
) -> None:
    """The files of messages that surely nobody took."""
    why = error if isinstance(error, MailError) else MailError()  # a refusal is raised before the commit
    await discard_undone(conversation.store.discard, deliveries, why)
