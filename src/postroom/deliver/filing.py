"""Files one copy of a letter in its recipient's mailbox, within the caller's transaction.

RFC 5321 §4.4 (Return-Path at final delivery), §6.3 (loops; here also by Delivered-To). Not here: which recipient, and the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from postroom.message.errors import MailError, RoutingLoop
from postroom.message.headers.trace import already_delivered, delivered_to, return_path
from postroom.message.summary.summary import Summary, summarize
from postroom.store import journal
from postroom.store.blobs.blobs import BlobRef
from postroom.store.blobs.spilled import Content, Spilled, head_of, with_head
from postroom.store.changes import Change, Shown
from postroom.store.emails import delivery
from postroom.store.emails.delivery import Delivery
from postroom.store.engine.transaction import Transaction, is_undone
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.spool.spool import Copy, Spooled

Durable = Callable[[int, int, Content], Awaitable[bytes | BlobRef]]  # (account, blob, body)
Discard = Callable[[int, BlobRef], Awaitable[None]]

MOST_INBOXES = 10_000  # whose ids are remembered


class Filing:
    """`next_id` makes the ids of emails."""

    def __init__(self, next_id: Callable[[], int]) -> None:
        self._next_id = next_id
        self._inboxes: dict[int, int] = {}  # by account: an INBOX keeps its id for the life of its account

    def prepare(
        self, letter: Spooled, content: Content, copy: Copy, now: int, *, once: bool = False
    ) -> Delivery:
        """All of the work that needs no transaction: the copy's bytes and its summary; the mailbox is still open (0).

        A spilled copy is still to be made durable. Raises `RoutingLoop`.
        """
        head = head_of(content)
        if already_delivered(head, copy.address):
            raise RoutingLoop(f"The message has been delivered to {copy.address} before")
        raw = with_head(content, return_path(letter.sender) + delivered_to(copy.address) + head)
        delivery = Delivery(
            account_id=copy.account_id,
            mailbox_id=0,
            email_id=self._next_id(),
            raw=raw,
            size=len(raw),
            summary=b"",
            internaldate=letter.accepted,
            now=now,
            once=(letter.spool_id, copy.n) if once else None,
        )
        if isinstance(raw, bytes):
            describe(delivery, summarize(raw))
        return delivery

    async def file(self, tx: Transaction, letter: Spooled, copy: Copy, prepared: Delivery) -> list[Change]:
        """Puts a prepared copy into the INBOX, into Junk, or past the INBOX when its conversation is muted, and gives what to publish; nothing when it was there already.

        `prepared.filed_in` says afterwards where it lies.

        Raises `OverQuota`, or what else the store says.
        """
        prepared.mailbox_id, prepared.heeds_mute = 0, not letter.terms.junk
        if letter.terms.junk:  # whoever has deleted his Junk mailbox finds it in the INBOX
            await mailboxes.hold(tx, copy.account_id)  # else he may delete it now
            prepared.mailbox_id = await mailboxes.junk_id(tx, copy.account_id) or 0
        if not prepared.mailbox_id:
            prepared.mailbox_id = self._inboxes.get(copy.account_id) or await self._inbox(tx, copy.account_id)
        filed = await delivery.deliver(tx, prepared)
        place = prepared.mailbox_id if filed is None else filed.mailbox_id
        prepared.filed_in = await self._name(tx, MailboxRef(copy.account_id, place))
        if filed is None:
            return []
        await journal.link(tx, copy.account_id, filed.email_id, letter.accept_id, copy.rcpt)
        changes: list[Change] = [filed.change]
        if letter.terms.shown:
            changes.append(Shown(copy.account_id, filed.modseq, filed.email_id))
        return changes

    async def _name(self, tx: Transaction, mailbox: MailboxRef) -> str:
        if mailbox.mailbox_id == self._inboxes.get(mailbox.account_id):
            return "INBOX"
        return (await mailboxes.get(tx, mailbox)).name

    async def _inbox(self, tx: Transaction, account_id: int) -> int:
        if len(self._inboxes) >= MOST_INBOXES:
            self._inboxes.clear()
        found = self._inboxes[account_id] = await mailboxes.inbox_id(tx, account_id)
        return found


async def make_durable(durable: Durable, delivery: Delivery) -> None:
    """Large bodies are files, durable before the row that points at them; a spilled one is read here, in a thread, for its summary."""
    raw = delivery.raw
    if isinstance(raw, Spilled):
        describe(delivery, await asyncio.to_thread(_summary_of, raw))
    if not isinstance(raw, BlobRef):
        delivery.raw = await durable(delivery.account_id, delivery.email_id, raw)


async def discard_undone(discard: Discard, deliveries: Iterable[Delivery], error: MailError) -> None:
    """The files of deliveries that surely nobody took, since `error` came of it; of another error they stay, and the sweep or `fsck` knows what to do with them."""
    if is_undone(error):
        for delivery in deliveries:
            if isinstance(delivery.raw, BlobRef):
                await discard(delivery.account_id, delivery.raw)


def _summary_of(message: Spilled) -> Summary:
    return summarize(message.whole())


def describe(delivery: Delivery, summary: Summary) -> None:
    """What a delivery says of its message."""
    delivery.summary = summary.pack()
    delivery.message_ids = tuple(summary.thread_ids)
    delivery.subject = summary.base_subject
