"""What happens to an account, as it happens: for terminals that are open (`postroom mail watch`).

RFC 821 §3.4 (SEND and SAML show a message on the terminal). Not here: who may watch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from postroom.app.operations.office import Watched
from postroom.message.ids import IdKind, id_text
from postroom.store.changes import MessageAdded, Shown
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.store import Store

SHOWN_OCTETS = 64 * 1024  # of a message on a terminal


async def watch(store: Store, account_id: int) -> AsyncIterator[Watched]:
    """Yields without end."""
    subscription = store.changes.subscribe(account_id)
    try:
        async for change in subscription:
            match change:
                case MessageAdded(mailbox_id=mailbox_id):
                    found = await mailboxes.get(store.engine.reading(), MailboxRef(account_id, mailbox_id))
                    yield Watched("added", "", mailbox=found.name)
                case Shown(email_id=email_id):
                    raw = await store.read_email(account_id, email_id) or b""
                    yield Watched("shown", "", id_text(IdKind.EMAIL, email_id), content=raw[:SHOWN_OCTETS])
    finally:
        subscription.close()
