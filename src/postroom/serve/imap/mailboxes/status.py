"""STATUS, alone and as LIST asks for it.

RFC 9051 §6.3.11, RFC 3501 §6.3.10 (RECENT), RFC 7162 §3.1.5 (HIGHESTMODSEQ), RFC 8438 §2 (SIZE), RFC 9208 §4.1.4 (DELETED, DELETED-STORAGE), RFC 8474 §4.3, RFC 7889
§4. The numbers are those that mailboxes keep; only \\Recent and DELETED-STORAGE are counted, and only where there is something. Not here: which
mailboxes there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.mailboxes import Status
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers
from postroom.serve.imap.mailboxes import names
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.mailboxes import Counted
from postroom.store.mailboxes.rights import MailboxRef, Right, require


async def status(conversation: Conversation, command: Status) -> Answer:
    """Tells the numbers of one mailbox."""
    _may_enable(conversation, command.items)

    async def look(tx: Transaction) -> Counted:
        ref = await names.find(conversation, tx, command.mailbox)
        await require(tx, ref, Right.READ)
        counted = await mailboxes.counted(tx, [ref], _wanted(command.items))
        return counted[ref.mailbox_id]

    counted = await conversation.snapshot(look)
    written = rendering.name(names.normal(command.mailbox), utf8=conversation.machine.utf8)
    conversation.out.send(line(conversation, written, command.items, counted))
    return Answer("Those are the numbers")


async def of_many(
    conversation: Conversation, tx: Transaction, refs: Sequence[MailboxRef], items: Sequence[str]
) -> dict[int, Counted]:
    """The numbers of mailboxes of one account, by id. Which may be read was looked at before."""
    _may_enable(conversation, items)
    return await mailboxes.counted(tx, refs, _wanted(items))


def line(conversation: Conversation, written: bytes, items: Sequence[str], counted: Counted) -> bytes:
    """The untagged response with the name as it is written there, items in the order in which they were asked for."""
    told = " ".join([_item(conversation, item, counted) for item in items])
    return b"* STATUS %b (%b)\r\n" % (written, told.encode())


def _item(conversation: Conversation, item: str, counted: Counted) -> str:
    if item == "MAILBOXID":
        return f"MAILBOXID ({id_text(IdKind.MAILBOX, counted.mailbox.mailbox_id)})"
    if item == "APPENDLIMIT":
        return f"APPENDLIMIT {conversation.service.config.message}"
    if item in _KEPT:
        return f"{item} {getattr(counted.mailbox, _KEPT[item])}"
    return f"{item} {counted.recent if item == 'RECENT' else counted.deleted_storage}"


_KEPT: Final = {
    "MESSAGES": "n_total",
    "UIDNEXT": "uidnext",
    "UIDVALIDITY": "uidvalidity",
    "UNSEEN": "n_unseen",
    "DELETED": "n_deleted",
    "SIZE": "n_bytes",
    "HIGHESTMODSEQ": "highestmodseq",
}


def _wanted(items: Sequence[str]) -> frozenset[str]:
    return frozenset(items) & {"RECENT", "DELETED-STORAGE"}


def _may_enable(conversation: Conversation, items: Sequence[str]) -> None:
    if "HIGHESTMODSEQ" in items:  # RFC 7162 §3.1
        conversation.enable_condstore()


HANDLERS: Final[Handlers] = {Status: status}
