"""Names of mailboxes: which mailbox a path of the client is.

RFC 9051 §5.1 (naming), §5.1.1 (hierarchy). `/` separates levels; names are rows, never paths of files. Not here: how names are written on the wire
(`proto.imap.grammar`, `proto.imap.rendering`).
"""

from __future__ import annotations

from postroom.serve.imap.conversation import Conversation
from postroom.store import mailboxes
from postroom.store.engine import Transaction
from postroom.store.rights import MailboxRef

SEPARATOR = "/"


async def find(conversation: Conversation, tx: Transaction, name: str) -> MailboxRef:
    """The mailbox with this name, as the one who is logged in reaches for it. Raises `NoSuchMailbox`."""
    account_id = conversation.account_id
    mailbox_id = await mailboxes.by_path(tx, account_id, name.split(SEPARATOR))
    return MailboxRef(account_id, mailbox_id, conversation.account_id)
