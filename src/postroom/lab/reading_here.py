"""A user agent on the mail server's own host: it opens the mailbox itself, and no access protocol is spoken.

What `mail` did with /var/mail. The journey notes it, as it notes what others read. The lab's
own commands alone ask. Not here: how a message is shown (`agent.reading`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from postroom.agent.reading import read_letter
from postroom.app.control import OperationError
from postroom.message.address import Address, parse_mailbox
from postroom.message.journey.events import Handled, Hop, HopKind
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Account
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import MailboxRef

if TYPE_CHECKING:
    from postroom.app.server import Server
    from postroom.store.mailboxes.messages import Message

READ: Final = "read"
MOST: Final = 100  # messages that are shown at once, the newest


async def read_here(
    servers: Mapping[str, Server], arguments: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The operation: the messages in the INBOX of `name`, an address or what stands before its @; they are read then."""
    server, account = await _found(servers, str(arguments.get("name", "")))
    ref = MailboxRef(
        account.account_id, await mailboxes.inbox_id(server.engine.reading(), account.account_id)
    )
    copies: list[Message] = []
    while some := await messages.listing(server.engine.reading(), ref, copies[-1].uid if copies else 0):
        copies = (copies + some)[-MOST:]
    for number, copy in enumerate(copies, 1):
        raw = await server.parts.store.read_email(ref.account_id, copy.email_id)
        if raw is not None:
            await _mark(server, ref, copy, str(account.address))
            letter = msgspec.to_builtins(read_letter(raw))
            yield {"number": number, **{name: letter[name] for name in ("from_", "subject", "date", "text")}}
    await server.services.notes.finish()


async def _found(servers: Mapping[str, Server], name: str) -> tuple[Server, Account]:
    wanted = parse_mailbox(name, unqualified=True)
    for domain in sorted(servers, reverse=True) if wanted is not None else ():
        if wanted is not None and wanted.domain in ("", domain):
            found = await directory.exact(servers[domain].engine.reading(), Address(wanted.local, domain))
            if isinstance(found, Account):
                return servers[domain], found
    raise OperationError(f"nobody in this lab is called {name!r}; who is there: postroom lab class")


async def _mark(server: Server, ref: MailboxRef, copy: Message, address: str) -> None:
    """\\Seen, and a line in the journey when it was not before."""
    asked = FlagChange(Mode.ADD, Flag.SEEN.value)
    flagged = await server.engine.write(lambda tx: store_flags(tx, ref, [(copy.uid, copy.uid)], asked))
    server.publish([flagged.change])
    if flagged.change.uids:
        hop = Hop(HopKind.READ, server.clock.now(), (Handled(0, "retrieved", address, "INBOX"),))
        server.services.notes.add(ref.account_id, copy.email_id, hop)
