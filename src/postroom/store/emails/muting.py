"""Conversations that their owner does not want to hear of any more: what comes to one that has the keyword $muted goes past the inbox.

The keyword is on a message of the conversation, set by whatever program; a new message gets it too, so that it stays when older ones are deleted. It is filed as read in the mailbox with the role
`archive`, or where it would have been filed when there is none. Not here: who asks for it (`delivery`), and mail that somebody puts into a mailbox himself, which goes where he says.
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.flags import Flag

MUTED: Final = "$muted"
IS_MUTED: Final = """
SELECT 1 FROM (SELECT keywords, flags FROM messages WHERE account_id = $1 AND thread_id = $2 LIMIT $4) AS few
WHERE flags & $3 = 0 AND ' ' || keywords || ' ' LIKE '% $muted %' LIMIT 1
"""
LOOKED_AT: Final = (
    1_000  # messages of a conversation: each of a muted one has the keyword, so that some are enough
)
ARCHIVE_ID: Final = (
    "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 AND role = 'archive' AND role <> ''"
)


class Place(msgspec.Struct, frozen=True):
    """Where a message is filed, and with what."""

    mailbox_id: int
    flags: int
    keywords: tuple[str, ...]


async def aside(tx: Transaction, account_id: int, thread_id: int, wanted: Place) -> Place:
    """Where a new message of this conversation goes that was meant for `wanted`: there, unless the conversation is muted."""
    if not await tx.fetchrow(IS_MUTED, account_id, thread_id, int(Flag.DELETED), LOOKED_AT):
        return wanted
    row = await tx.fetchrow(ARCHIVE_ID, account_id)
    mailbox_id = wanted.mailbox_id if row is None else int(row[0])
    return Place(mailbox_id, wanted.flags | Flag.SEEN.value, (*wanted.keywords, MUTED))
