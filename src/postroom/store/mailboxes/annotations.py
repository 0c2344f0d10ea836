"""Notes on mailboxes and on an account: small values by the name of an entry, private to their author or shared.

RFC 5464 §3.2, §3.3 (who may set and read them), §4.3 (all or none). Names are in lower case and begin with `/private/` or `/shared/`. Mailbox id 0 is
the account itself. Not here: notes on messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.message.errors import NotPermitted
from postroom.store.changes import MetadataChanged
from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.mailboxes import Impossible, bump
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, rights_in

ACCOUNT: Final = 0  # in place of a mailbox id
SHARED: Final = 0  # in place of an author
MAX_VALUE: Final = 65_536  # octets of one value
MAX_ENTRIES: Final = 100  # of one author, or shared, on one mailbox
MAX_OCTETS: Final = (
    4 << 20
)  # of all entries of one author in an account, and of all shared ones: value, name and 100 for each

READ: Final = """
SELECT entry, value FROM annotations WHERE account_id = $1 AND mailbox_id = $2 AND owner_id = $3 ORDER BY entry
"""
READ_MANY: Final = (
    "SELECT mailbox_id, entry, value FROM annotations WHERE account_id = $1 AND owner_id IN (0, $2) AND mailbox_id IN ("  # noqa: S608
    + placeholders(CHUNK, 3)
    + ")"
)
PUT: Final = """
INSERT INTO annotations (account_id, mailbox_id, owner_id, entry, value) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, mailbox_id, owner_id, entry) DO UPDATE SET value = excluded.value
"""
DROP: Final = """
DELETE FROM annotations WHERE account_id = $1 AND mailbox_id = $2 AND owner_id = $3 AND entry = $4
"""
COUNT: Final = "SELECT COUNT(*) FROM annotations WHERE account_id = $1 AND mailbox_id = $2 AND owner_id = $3"
OCTETS: Final = """
SELECT CAST(COALESCE(SUM(LENGTH(value) + LENGTH(entry) + 100), 0) AS BIGINT) FROM annotations WHERE account_id = $1 AND owner_id = $2
"""
TOUCH: Final = (
    "UPDATE mailboxes SET highestmodseq = $3 WHERE account_id = $1 AND mailbox_id = $2"  # RFC 7162 §3.2
)
_ANY_OF: Final = frozenset((Right.READ, Right.KEEP_SEEN, Right.WRITE_FLAGS, Right.INSERT, Right.POST))


class ValueTooLong(Impossible):
    """A value has more than `MAX_VALUE` octets."""

    words = f"A value has at most {MAX_VALUE} octets"


class TooManyEntries(Impossible):
    """There would be more than is kept."""

    words = "There are as many entries as are kept: remove some"


class Note(msgspec.Struct, frozen=True):
    """An entry and its value; None removes it."""

    entry: str
    value: bytes | None


async def read(tx: Transaction, mailbox: MailboxRef) -> dict[str, bytes]:
    """All that `mailbox.who` may see on a mailbox, by name of the entry. Raises `NoSuchMailbox`, `NotPermitted`."""
    await _require(tx, mailbox)
    found: dict[str, bytes] = {}
    for owner_id in (_author(mailbox), SHARED):
        rows = await tx.fetch(READ, mailbox.account_id, mailbox.mailbox_id, owner_id)
        found.update((row[0], bytes(row[1])) for row in rows)
    return found


async def read_many(
    tx: Transaction, account_id: int, who: int, mailbox_ids: Sequence[int]
) -> dict[int, dict[str, bytes]]:
    """As `read` for several mailboxes of one account, by their ids; that `who` may read them was looked at before."""
    found: dict[int, dict[str, bytes]] = {mailbox_id: {} for mailbox_id in mailbox_ids}
    for chunk in chunks(mailbox_ids):
        for mailbox_id, entry, value in await tx.fetch(READ_MANY, account_id, who, *chunk):
            found[mailbox_id][entry] = bytes(value)
    return found


async def change(tx: Transaction, mailbox: MailboxRef, notes: Sequence[Note]) -> MetadataChanged:
    """Sets and removes, all or none. Raises `NoSuchMailbox`, `NotPermitted`, `ValueTooLong`, `TooManyEntries`."""
    rights = await _require(tx, mailbox)
    if any(note.value is not None and len(note.value) > MAX_VALUE for note in notes):
        raise ValueTooLong
    shared = [note for note in notes if _is_shared(note)]
    if shared and (mailbox.mailbox_id == ACCOUNT or Right.WRITE_FLAGS not in rights):
        raise NotPermitted
    account_id, mailbox_id = mailbox.account_id, mailbox.mailbox_id
    modseq = await bump(tx, account_id)
    if mailbox_id != ACCOUNT and not await tx.execute(TOUCH, account_id, mailbox_id, modseq):
        raise NoSuchMailbox
    for note in notes:
        key = (account_id, mailbox_id, SHARED if _is_shared(note) else _author(mailbox), note.entry)
        await (tx.execute(DROP, *key) if note.value is None else tx.execute(PUT, *key, note.value))
    for owner_id in {
        SHARED if _is_shared(note) else _author(mailbox) for note in notes if note.value is not None
    }:
        await _must_fit(tx, mailbox, owner_id)
    entries = tuple(note.entry for note in notes)
    return MetadataChanged(account_id, modseq, mailbox_id, entries, _author(mailbox))


async def _must_fit(tx: Transaction, mailbox: MailboxRef, owner_id: int) -> None:
    count = await tx.fetchrow(COUNT, mailbox.account_id, mailbox.mailbox_id, owner_id)
    octets = await tx.fetchrow(OCTETS, mailbox.account_id, owner_id)
    if (count and count[0] > MAX_ENTRIES) or (octets and octets[0] > MAX_OCTETS):
        raise TooManyEntries


async def _require(tx: Transaction, mailbox: MailboxRef) -> str:
    """RFC 5464 §3.3: who may do anything with the messages."""
    rights = await rights_in(tx, mailbox)
    if not _ANY_OF.intersection(rights):
        raise NotPermitted
    return rights


def _author(mailbox: MailboxRef) -> int:
    return mailbox.who or mailbox.account_id


def _is_shared(note: Note) -> bool:
    return note.entry.startswith("/shared/")
