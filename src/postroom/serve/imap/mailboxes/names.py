"""Names of mailboxes: which mailbox a path of the client is.

RFC 9051 §5.1 (naming), §5.1.1 (hierarchy), RFC 2342 §4 and §5 (namespaces): what is one's own stands at the top, what others share below
`Other Users/` and their address. `/` separates levels; names are rows, never paths of files. They are Unicode in normalization form C, whatever form
a client writes them in. Not here: how names are written on the wire (`proto.imap.grammar`, `proto.imap.rendering`).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from postroom.proto.imap import config
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl, mailboxes, tree
from postroom.store.mailboxes.mailboxes import OTHER_USERS
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox
from postroom.store.mailboxes.tree import Place

SEPARATOR: Final = config.SEPARATOR


def normal(name: str) -> str:
    """The form in which names are kept."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


async def place(conversation: Conversation, tx: Transaction, name: str) -> Place:
    """Where a name leads, there or not. Raises `NoSuchMailbox` for a name of others that cannot be any, whether its owner exists or not."""
    who = conversation.account_id
    levels = normal(name).split(SEPARATOR)
    if levels[0] != OTHER_USERS:
        return Place(who, tuple(levels), who)
    size = next((number for number, level in enumerate(levels) if "@" in level), 0) + 1
    owner = await acl.account_of(tx, SEPARATOR.join(levels[1:size])) if size > 1 else None
    path = levels[size:]
    if owner is None or not path:
        raise NoSuchMailbox
    if path[0].upper() == "INBOX":
        path[0] = "INBOX"
    return Place(owner, tuple(path), who)


async def find(conversation: Conversation, tx: Transaction, name: str) -> MailboxRef:
    """The mailbox with this name, as the one who is logged in reaches for it. Raises `NoSuchMailbox`, also where it may not be seen."""
    if not name.startswith(OTHER_USERS):
        who = conversation.account_id
        return MailboxRef(who, await mailboxes.by_path(tx, who, normal(name).split(SEPARATOR)), who)
    return await tree.find(tx, await place(conversation, tx, name))
