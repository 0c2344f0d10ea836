"""The maildrop of POP3 in the store: an account's INBOX, its messages' octets, and their journeys.

RFC 1939 §4 (the snapshot), §6 (removal at QUIT), §7 (UIDL: UIDVALIDITY and UID, so a message keeps its unique-id for life). Flags are left
alone: what a POP3 client fetched may well be unread for whoever looks at it by other means. Not here: the session.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncGenerator, Callable, Sequence

import msgspec

from postroom.message.errors import NotPermitted, TryLater
from postroom.message.journey.events import Hop
from postroom.proto.pop3.snapshot import Snapshot
from postroom.serve.pop3.notes import JourneyNotes
from postroom.serve.pop3.session import Content
from postroom.store import journal
from postroom.store.blobs import blobs
from postroom.store.changes import MessagesExpunged
from postroom.store.emails import expunge
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.rights import MailboxRef, Right, held, is_visitor, visitor_of
from postroom.store.store import Store

PIECE = 262_144  # octets of a file that are read at a time
REMOVED_AT_ONCE = 500  # messages in one commit: other writers get their turn between two
MOST_AHEAD = 32_768  # octets of messages that a session holds before they are asked for
SLICES_AT_ONCE = 8  # of `messages.SLICE` rows: other connections get their turn behind them


class Shelves(msgspec.Struct, frozen=True):
    """What all maildrops of a service share. `now` gives unix microseconds."""

    store: Store
    ids: Ids
    notes: JourneyNotes
    now: Callable[[], int]


class StoreMaildrops:
    """Opens maildrops."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves

    async def open(self, account_id: int) -> StoreMaildrop:
        """Takes the snapshot; a visitor's is of the account that he visits. Raises `NotPermitted` where that does not show its INBOX to anyone (RFC 4314 §4,
        `r`), and `MailError` when the store cannot."""
        tx = self._shelves.store.engine.reading()
        owner = visitor_of(account_id) if is_visitor(account_id) else account_id
        inbox = await mailboxes.by_role(tx, owner, "inbox")
        where = MailboxRef(owner, inbox.mailbox_id, account_id)
        if Right.READ not in await held(tx, where):
            raise NotPermitted
        listed: list[messages.Sizes] = []
        slices = 0
        while part := await messages.sizes(tx, where, listed[-1].uid if listed else 0):
            listed += part
            slices += 1
            if slices % SLICES_AT_ONCE == 0:
                await asyncio.sleep(0)
        return StoreMaildrop(self._shelves, where, inbox.uidvalidity, listed)


class StoreMaildrop:
    """An INBOX as it was when it was opened."""

    def __init__(
        self, shelves: Shelves, where: MailboxRef, uidvalidity: int, listed: Sequence[messages.Sizes]
    ) -> None:
        self._shelves = shelves
        self._where = where
        self._emails = array("Q", [row.email_id for row in listed])
        self._next = 0  # the number behind the last that was read
        self._ahead: dict[int, blobs.Blob | None] = {}  # by number: read, and not asked for yet
        self._visiting = is_visitor(where.who)
        sizes = ((row.uid, row.size) for row in listed)
        self.snapshot = Snapshot(uidvalidity, sizes, read_only=self._visiting)

    async def read(self, number: int) -> Content | None:
        """A message; None when its last copy was removed meanwhile. Who reads one after the other gets small ones several at a time."""
        if number not in self._ahead and number == self._next:
            self._ahead = await self._read(range(number, self._end_of_stretch(number)))
        if number in self._ahead:
            blob = self._ahead.pop(number)
        else:
            blob = (await self._read(range(number, number + 1)))[number]
        self._next = number + 1
        if blob is None:
            return None
        return self._pieces(blob) if blob.data is None else blob.data

    def _end_of_stretch(self, first: int) -> int:
        end, octets = first + 1, self.snapshot.size(first)
        while end <= len(self._emails) and end - first < blobs.TOGETHER:
            octets += self.snapshot.size(end)
            if octets > MOST_AHEAD:
                break
            end += 1
        return end

    async def _read(self, numbers: range) -> dict[int, blobs.Blob | None]:
        emails = [self._emails[number - 1] for number in numbers]
        tx, account_id = self._shelves.store.engine.reading(), self._where.account_id
        found = await blobs.of_emails(tx, account_id, emails)
        return {number: found.get(email) for number, email in zip(numbers, emails, strict=True)}

    async def _pieces(self, blob: blobs.Blob) -> AsyncGenerator[bytes, None]:
        files, account_id = self._shelves.store.files, self._where.account_id
        if files is None:
            raise TryLater(
                detail="a body is in a file, and there is no directory for files: see the setting `files`"
            )
        for start in range(0, blob.size, PIECE):
            piece = await asyncio.to_thread(files.read, account_id, blob.blob_id, start, PIECE)
            if not piece:
                raise TryLater(detail=f"the file of blob {blob.blob_id} is shorter than {blob.size}")
            yield piece

    def retrieved(self, number: int, hop: Hop) -> None:
        """Adds to the message's journey, a little later; what strangers read does not fill it."""
        if self._visiting:
            return
        self._shelves.notes.add(self._where.account_id, self._emails[number - 1], hop)

    async def remove(self, numbers: Sequence[int], hop: Hop) -> None:
        """Removes messages in slices, each durable when the next begins; what is gone already is passed over.

        Raises `MailError` when some may not have been removed.
        """
        if self._visiting:
            raise NotPermitted
        store, notes = self._shelves.store, self._shelves.notes.take(self._where.account_id)
        for start in range(0, len(numbers), REMOVED_AT_ONCE):
            removal = _Removal(self._shelves, self._where, hop, notes)
            for number in numbers[start : start + REMOVED_AT_ONCE]:
                removal.add(self.snapshot.uid(number), self._emails[number - 1])
            store.changes.publish([await store.engine.write(removal.work, Urgency.CLIENT)])
            notes = []

    def close(self) -> None:
        """What was read is noted soon."""
        self._shelves.notes.session_over()


class _Removal:
    """One commit: copies leave the mailbox, and their journeys say so. It may be run again, with the same ids."""

    def __init__(self, shelves: Shelves, where: MailboxRef, hop: Hop, notes: Sequence[journal.Note]) -> None:
        self._now = shelves.now()
        self._ids = shelves.ids
        self._where = where
        self._hop = hop
        self._notes = notes
        self._emails: dict[int, tuple[int, int]] = {}  # by uid: email id, hop id

    def add(self, uid: int, email_id: int) -> None:
        self._emails[uid] = (email_id, self._ids.next())

    async def work(self, tx: Transaction) -> MessagesExpunged:
        account_id = self._where.account_id
        await journal.note(tx, self._notes)
        links = {
            uid: await journal.of_email(tx, account_id, email) for uid, (email, _) in self._emails.items()
        }
        expunged = await expunge.expunge(tx, self._where, messages.ranges_of(self._emails), self._now)
        for uid in expunged.uids:
            for link in links[uid]:
                await journal.append(tx, link.accept_id, self._emails[uid][1], self._hop)
        return expunged
