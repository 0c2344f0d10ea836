"""What FETCH reads: rows of copies, their summaries, their octets; each slice is one statement.

RFC 9051 §6.4.5, RFC 7162 §3.1.4.1 and §3.2.6. Rows are plain tuples, and hold only what was asked for. Not here: what is made of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.message.errors import TryLater
from postroom.store.blobs.blobs import Place
from postroom.store.engine.disk_errors import FileLost
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes import seen
from postroom.store.mailboxes.messages import Ranges
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require
from postroom.store.store import Store

CHANGES_KNOWN: Final = 1000  # changes since a modseq that `changes_since` tells one by one
HIGHEST: Final = (1 << 62) - 1  # no size and no modseq is higher
SHORT_SUMMARY: Final = 4096  # octets of a packed summary that is read together with others

_WHERE: Final = "m.account_id = $1 AND m.mailbox_id = $2 AND m.uid BETWEEN $3 AND $4"
_COLUMNS: Final = (
    "m.uid, m.modseq, m.flags, m.keywords, m.internaldate, m.savedate, m.email_id, m.thread_id, m.size"
)
_EMAILS: Final = "JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id"
_BLOBS: Final = "JOIN blobs b ON b.account_id = e.account_id AND b.blob_id = e.blob_id"

STATE: Final = (
    "SELECT highestmodseq, vanished_floor, n_unseen FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2"
)
NARROW: Final = (
    f"SELECT {_COLUMNS}, NULL FROM messages m WHERE {_WHERE} AND m.modseq > $5 ORDER BY m.uid LIMIT $6"  # noqa: S608
)
SUMMARIES: Final = (
    f"SELECT {_COLUMNS}, CASE WHEN LENGTH(e.summary) <= {SHORT_SUMMARY} THEN e.summary END FROM messages m {_EMAILS}"  # noqa: S608
    f" WHERE {_WHERE} AND m.modseq > $5 ORDER BY m.uid LIMIT $6"
)
OCTETS: Final = (
    f"SELECT m.uid, SUBSTR(b.data, 1, $5) FROM messages m {_EMAILS} {_BLOBS} WHERE {_WHERE} AND m.size <= $6"  # noqa: S608
    " AND b.place = 0"
)
CHANGED: Final = "SELECT uid FROM messages WHERE account_id = $1 AND modseq > $2 AND mailbox_id = $3 LIMIT $4"
GONE: Final = """
SELECT uid FROM vanished WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3 AND modseq <= $4 AND uid BETWEEN $5 AND $6
ORDER BY uid
"""
ANY_GONE: Final = (
    "SELECT uid FROM vanished WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3 AND uid < $4 LIMIT 1"
)
CHANGES: Final = """
SELECT uid, 0 FROM messages WHERE account_id = $1 AND modseq > $2 AND mailbox_id = $3
UNION ALL
SELECT uid, 1 FROM vanished WHERE account_id = $1 AND modseq > $2 AND mailbox_id = $3
LIMIT $4
"""
WHERE: Final = (
    f"SELECT e.blob_id, b.size, b.place FROM emails e {_BLOBS} WHERE e.account_id = $1 AND e.email_id = $2"  # noqa: S608
)
PIECE: Final = "SELECT SUBSTR(data, $3, $4) FROM blobs WHERE account_id = $1 AND blob_id = $2"


class State(msgspec.Struct, frozen=True):
    """What a mailbox is validated by: nothing in it has changed as long as `highestmodseq` is the same. `unseen` is as its owner counts."""

    highestmodseq: int
    vanished_floor: int
    unseen: int


async def state(tx: Transaction, mailbox: MailboxRef) -> State:
    """Raises `NoSuchMailbox`, `NotPermitted` for whoever may not read it."""
    await require(tx, mailbox, Right.READ)
    row = await tx.fetchrow(STATE, mailbox.account_id, mailbox.mailbox_id)
    if row is None:
        raise NoSuchMailbox
    return State(*row)


class Asked(msgspec.Struct, frozen=True):
    """Which copies: uids in `span`, a modseq above `since`, at most `limit` of them; with their `summaries`."""

    span: tuple[int, int]
    limit: int
    since: int = 0
    summaries: bool = False


async def rows(tx: Transaction, mailbox: MailboxRef, asked: Asked) -> Sequence[Row]:
    """Copies by uid: (uid, modseq, flags, keywords, internaldate, savedate, email_id, thread_id, size, packed summary).

    The summary is None where it is long, or was not asked for.
    """
    sql = SUMMARIES if asked.summaries else NARROW
    found = await tx.fetch(sql, mailbox.account_id, mailbox.mailbox_id, *asked.span, asked.since, asked.limit)
    return await seen.overlay(tx, mailbox, found)


async def octets(
    tx: Transaction, mailbox: MailboxRef, span: tuple[int, int], first: int, largest: int = HIGHEST
) -> dict[int, bytes]:
    """The `first` octets, by uid, of the messages in `span` that lie in rows and have at most `largest` octets."""
    found = await tx.fetch(OCTETS, mailbox.account_id, mailbox.mailbox_id, *span, first, largest)
    return {row[0]: row[1] for row in found}


async def any_unseen(tx: Transaction, mailbox: MailboxRef, ranges: Ranges) -> bool:
    """Whether a copy in these ranges of uids is without \\Seen, as `mailbox.who` counts."""
    if not seen.apart(mailbox) and not (await state(tx, mailbox)).unseen:
        return False
    for span in ranges:
        if await seen.first_unseen(tx, mailbox, span):
            return True
    return False


async def changed_uids(tx: Transaction, mailbox: MailboxRef, since: int, limit: int) -> list[int]:
    """The uids, ascending, of copies with a modseq above `since`; `limit` of them when there may be more."""
    found = await tx.fetch(CHANGED, mailbox.account_id, since, mailbox.mailbox_id, limit)
    return sorted(row[0] for row in found)


async def gone(
    tx: Transaction, mailbox: MailboxRef, span: tuple[int, int], since: int, until: int
) -> list[int]:
    """The uids in `span` that vanished after the modseq `since` and up to `until`, ascending; complete above the `vanished_floor`."""
    found = await tx.fetch(GONE, mailbox.account_id, mailbox.mailbox_id, since, until, *span)
    return [row[0] for row in found]


async def any_gone(tx: Transaction, mailbox: MailboxRef, since: int, uidnext: int) -> bool:
    """Whether a copy with a uid below `uidnext` vanished after the modseq `since`."""
    return bool(await tx.fetchrow(ANY_GONE, mailbox.account_id, mailbox.mailbox_id, since, uidnext))


async def changes_since(
    tx: Transaction, mailbox: MailboxRef, since: int
) -> tuple[list[int], list[int]] | None:
    """The uids that came or changed after a modseq, and those that vanished; None when they are more than `CHANGES_KNOWN`."""
    found = await tx.fetch(CHANGES, mailbox.account_id, since, mailbox.mailbox_id, CHANGES_KNOWN + 1)
    if len(found) > CHANGES_KNOWN:
        return None
    return [row[0] for row in found if not row[1]], [row[0] for row in found if row[1]]


class Octets:
    """The octets of a message that is too long for the memory, read piece by piece. Made by `octets_of`."""

    def __init__(self, store: Store, account_id: int, place: tuple[int, int, int]) -> None:
        self._store = store
        self._account_id = account_id
        self._blob_id, self.size, self._place = place

    async def read(self, start: int, length: int) -> bytes:
        """Octets from `start`, `length` of them. Raises `TryLater` when they are not there any more."""
        if self._place == Place.FILE:
            if self._store.files is None:
                raise TryLater(detail="a body is in a file, and there is no directory for files: see `files`")
            piece = await asyncio.to_thread(
                self._store.files.read, self._account_id, self._blob_id, start, length
            )
        else:
            row = await self._store.engine.reading().fetchrow(
                PIECE, self._account_id, self._blob_id, start + 1, length
            )
            piece = bytes(row[0]) if row else b""
        if len(piece) < min(length, self.size - start):
            kind = FileLost if self._place == Place.FILE else TryLater
            raise kind(detail=f"blob {self._blob_id} is shorter than {self.size}")
        return piece

    async def check(self) -> None:
        """Looks whether they are there to their end, before anything is said of them; raises as `read`."""
        await self.read(max(0, self.size - 1), 1)


async def octets_of(store: Store, account_id: int, email_id: int) -> Octets | None:
    """None when the email is gone."""
    row = await store.engine.reading().fetchrow(WHERE, account_id, email_id)
    return None if row is None else Octets(store, account_id, (row[0], row[1], row[2]))
