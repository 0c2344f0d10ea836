"""The access keys of mailboxes: secrets by which URLs of their messages are signed.

RFC 4467 §3 (mailbox access key), §7 (RESETKEY). A key is made when it is first needed; without it no URL of the mailbox is valid any more. Only owners
have keys. Not here: URLs and signatures.
"""

from __future__ import annotations

from typing import Final

from postroom.message.errors import NotPermitted
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox

GET: Final = "SELECT secret FROM url_keys WHERE account_id = $1 AND mailbox_id = $2"
PUT: Final = """
INSERT INTO url_keys (account_id, mailbox_id, secret) VALUES ($1, $2, $3) ON CONFLICT (account_id, mailbox_id) DO NOTHING
"""
DROP: Final = "DELETE FROM url_keys WHERE account_id = $1 AND mailbox_id = $2"
DROP_ALL: Final = "DELETE FROM url_keys WHERE account_id = $1"


async def get(tx: Transaction, account_id: int, mailbox_id: int) -> bytes | None:
    """The key; None when there is none."""
    row = await tx.fetchrow(GET, account_id, mailbox_id)
    return None if row is None else bytes(row[0])


async def make(tx: Transaction, mailbox: MailboxRef, secret: bytes) -> bytes:
    """The key, which is `secret` if there was none. Raises `NotPermitted` for whoever is not the owner."""
    _require_owner(mailbox)
    await tx.execute(PUT, mailbox.account_id, mailbox.mailbox_id, secret)
    found = await get(tx, mailbox.account_id, mailbox.mailbox_id)
    if found is None:
        raise NoSuchMailbox
    return found


async def forget(tx: Transaction, mailbox: MailboxRef) -> None:
    """Makes all URLs of a mailbox invalid. Raises `NotPermitted` for whoever is not the owner."""
    _require_owner(mailbox)
    await tx.execute(DROP, mailbox.account_id, mailbox.mailbox_id)


async def forget_all(tx: Transaction, account_id: int) -> None:
    """Makes all URLs of an account invalid."""
    await tx.execute(DROP_ALL, account_id)


def _require_owner(mailbox: MailboxRef) -> None:
    if mailbox.who not in (0, mailbox.account_id):
        raise NotPermitted("Only the owner of a mailbox gives access by URLs")
