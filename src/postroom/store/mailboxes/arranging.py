"""What a mailbox is for and where it is shown: its role and its place among others (RFC 8621 §2), and which mailboxes changed since a modseq.

Not here: names and parents (`mailboxes.rename`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.changes import MailboxChanged
from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.mailboxes import Impossible, bump, get
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require
from postroom.store.mailboxes.tree import ROLE_TAKEN, RoleTaken

SET_ROLE: Final = (
    "UPDATE mailboxes SET role = $3, changed_modseq = $4 WHERE account_id = $1 AND mailbox_id = $2"
)
TOUCH_ALL: Final = "UPDATE mailboxes SET changed_modseq = $2 WHERE account_id = $1"
SET_ORDER: Final = (
    "UPDATE mailboxes SET sort_order = $3, changed_modseq = $4 WHERE account_id = $1 AND mailbox_id = $2"
)
CHANGED: Final = """
SELECT mailbox_id, created_modseq, changed_modseq, highestmodseq FROM mailboxes
WHERE account_id = $1 AND (changed_modseq > $2 OR highestmodseq > $2)
"""
BURIED: Final = "SELECT modseq, mailbox_id FROM deleted_mailboxes WHERE account_id = $1 AND modseq > $2"
TOUCHED: Final = """
SELECT thread_id, modseq FROM messages WHERE account_id = $1 AND modseq > $2
UNION ALL SELECT thread_id, modseq FROM vanished WHERE account_id = $1 AND modseq > $2
ORDER BY 2 LIMIT $3
"""
HOLDING: Final = (
    "SELECT DISTINCT thread_id, mailbox_id FROM messages"  # noqa: S608 -- placeholders
    f" WHERE account_id = $1 AND thread_id IN ({placeholders(CHUNK, 2)})"
)
NEWEST: Final = """
SELECT COALESCE(MAX(modseq), 0) FROM (
  SELECT MAX(changed_modseq) AS modseq FROM mailboxes WHERE account_id = $1
  UNION ALL SELECT MAX(highestmodseq) AS modseq FROM mailboxes WHERE account_id = $1
  UNION ALL SELECT MAX(modseq) AS modseq FROM deleted_mailboxes WHERE account_id = $1) AS newest
"""
STRUCTURE: Final = """
SELECT COALESCE(MAX(modseq), 0) FROM (
  SELECT MAX(changed_modseq) AS modseq FROM mailboxes WHERE account_id = $1
  UNION ALL SELECT MAX(modseq) AS modseq FROM deleted_mailboxes WHERE account_id = $1) AS newest
"""


MOST_TOUCHED: Final = (
    5_000  # copies whose threads are looked for in other mailboxes; of more, any mailbox may have one
)


class MailboxChange(msgspec.Struct, frozen=True):
    """A mailbox that changed, or is gone; `structure`: the modseq at which more than its contents changed, `created` -1 for one that is gone."""

    modseq: int
    mailbox_id: int
    created: int
    structure: int
    gone: bool


async def set_role(tx: Transaction, mailbox: MailboxRef, role: str) -> MailboxChanged:
    """Gives a mailbox a role, or takes it with "". Raises `RoleTaken`, `Impossible` for the INBOX, `NoSuchMailbox`, `NotPermitted`."""
    await require(tx, mailbox, Right.DELETE_MAILBOX)
    modseq = await bump(tx, mailbox.account_id)
    had = (await get(tx, mailbox)).role
    if had != role:
        if "inbox" in (had, role):
            raise Impossible("The INBOX stays what it is, and no other mailbox becomes it")
        if role and await tx.fetchrow(ROLE_TAKEN, mailbox.account_id, role):
            raise RoleTaken
        await tx.execute(SET_ROLE, mailbox.account_id, mailbox.mailbox_id, role, modseq)
        if "trash" in (had, role):  # what lies there does not count as unread elsewhere (RFC 8621 §2)
            await tx.execute(TOUCH_ALL, mailbox.account_id, modseq)
    return MailboxChanged(mailbox.account_id, modseq, mailbox.mailbox_id)


async def set_order(tx: Transaction, mailbox: MailboxRef, order: int) -> MailboxChanged:
    """Where a mailbox is shown among its siblings: those with lower numbers first. Raises `NoSuchMailbox`, `NotPermitted`."""
    await require(tx, mailbox, Right.ADMINISTER)
    modseq = await bump(tx, mailbox.account_id)
    if not await tx.execute(SET_ORDER, mailbox.account_id, mailbox.mailbox_id, order, modseq):
        raise NoSuchMailbox
    return MailboxChanged(mailbox.account_id, modseq, mailbox.mailbox_id)


async def newest(tx: Transaction, account_id: int) -> int:
    """The modseq of the newest change of any mailbox or of what is in it."""
    row = await tx.fetchrow(NEWEST, account_id)
    return int(row[0]) if row is not None else 0


async def structure(tx: Transaction, account_id: int) -> int:
    """The modseq of the newest change of any mailbox that was more than one of what is in it: of who may see it, too."""
    row = await tx.fetchrow(STRUCTURE, account_id)
    return int(row[0]) if row is not None else 0


async def changes(tx: Transaction, account_id: int, since: int) -> list[MailboxChange]:
    """Mailboxes that changed after a modseq, or are gone, by modseq and id."""
    found = [
        MailboxChange(max(changed, highest), mailbox_id, created, changed, gone=False)
        for mailbox_id, created, changed, highest in await tx.fetch(CHANGED, account_id, since)
    ]
    found += [
        MailboxChange(modseq, mailbox_id, -1, modseq, gone=True)
        for modseq, mailbox_id in await tx.fetch(BURIED, account_id, since)
    ]
    return sorted(found, key=lambda change: (change.modseq, change.mailbox_id))


async def beside(tx: Transaction, account_id: int, since: int) -> dict[int, int] | None:
    """Mailboxes with emails of the threads of which anything changed after a modseq, wherever that was, each with the latest modseq of these.

    An unread thread counts in all of them (RFC 8621 §2, unreadThreads). None where too much has changed: then in any mailbox.
    """
    rows = await tx.fetch(TOUCHED, account_id, since, MOST_TOUCHED + 1)
    if len(rows) > MOST_TOUCHED:
        return None
    latest: dict[int, int] = {row[0]: row[1] for row in rows}  # in the order of modseqs
    found: dict[int, int] = {}
    for chunk in chunks(latest):
        for thread_id, mailbox_id in await tx.fetch(HOLDING, account_id, *chunk):
            found[mailbox_id] = max(latest[thread_id], found.get(mailbox_id, 0))
    return found
