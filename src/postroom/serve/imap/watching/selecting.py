"""SELECT, EXAMINE, CLOSE, UNSELECT, IDLE.

RFC 9051 §6.3.2, §6.3.3, §6.3.13, §6.4.1, §6.4.2, RFC 3501 §6.3.1 (RECENT and UNSEEN for clients of IMAP4rev1), RFC 7162 §3.1.8. Not here: what the
mailbox holds.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from postroom.message.errors import NotPermitted
from postroom.message.ids import IdKind, id_text
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.mailboxes import ATTRIBUTES
from postroom.proto.imap.commands.selecting import (
    Close,
    Done,
    Idle,
    Select,
    Unselect,
)
from postroom.proto.imap.verb import NO_NUMBERS, State
from postroom.serve.imap.changing.flag_lists import tell_flags
from postroom.serve.imap.changing.storing import expunge_slices
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.conversation.view import View
from postroom.serve.imap.mailboxes import names
from postroom.serve.imap.watching.resync import resync
from postroom.serve.imap.watching.telling import claim, recent, tell
from postroom.store.emails import expunge
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes, seen
from postroom.store.mailboxes.mailboxes import Mailbox
from postroom.store.mailboxes.messages import HIGHEST_UID
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require, rights_in

UNSEEN_AMONG: Final = 10_000  # messages among which SELECT looks for the first that was not read
_CHANGING: Final = frozenset("swite")  # rights with which a mailbox is more than READ-ONLY, RFC 4314 §5.2


class Opened(msgspec.Struct, frozen=True):
    """What SELECT finds."""

    ref: MailboxRef
    mailbox: Mailbox
    rights: str
    children: bool


async def select(conversation: Conversation, command: Select) -> Answer:
    """Opens a mailbox; what was open before is left first, even when the new one cannot be opened (RFC 9051 §6.3.2)."""
    if command.resync and not conversation.enabled("QRESYNC"):
        raise Refusal("Say ENABLE QRESYNC first (RFC 7162 section 3.2.5)", status="BAD")
    if command.resync and command.resync.match and conversation.uid_only:  # RFC 9586 §3
        raise Refusal(NO_NUMBERS, "UIDREQUIRED", "BAD")
    _leave(conversation)

    async def look(tx: Transaction) -> Opened:
        ref = await names.find(conversation, tx, command.mailbox)
        await require(tx, ref, Right.READ)
        mailbox = await mailboxes.get(tx, ref)
        children = await tx.fetchrow(expunge.CHILD, ref.account_id, ref.mailbox_id) is not None
        return Opened(ref, mailbox, await rights_in(tx, ref), children)

    if command.condstore:
        conversation.machine.enabled.add("CONDSTORE")
    opened = await conversation.snapshot(look)
    ref, mailbox = opened.ref, opened.mailbox
    read_only = command.read_only or _CHANGING.isdisjoint(opened.rights)
    view = View(ref, names.normal(command.mailbox), mailbox, read_only=read_only)
    if not conversation.rev2:
        view.recent_from = mailbox.first_recent
    if not read_only and mailbox.first_recent < mailbox.uidnext:
        view.recent_from = await claim(conversation, view)
    conversation.open(view)
    await _describe(conversation, view, mailbox)
    if conversation.rev2:
        _list(conversation, command.mailbox, opened)
    conversation.machine.state = State.SELECTED
    if command.resync and command.resync.uidvalidity == mailbox.uidvalidity:
        await resync(conversation, view, command.resync)
    return Answer("Selected", "READ-ONLY" if view.read_only else "READ-WRITE")


async def _describe(conversation: Conversation, view: View, mailbox: Mailbox) -> None:
    """The untagged answers of SELECT."""
    out = conversation.out
    await tell_flags(conversation, view)
    out.untagged(f"{view.total} EXISTS")
    if not conversation.rev2:
        out.untagged(f"{await recent(conversation, view)} RECENT")
        if not conversation.uid_only and (number := await _first_unseen(conversation, view, mailbox)):
            out.status(b"*", "OK", "The first that was not read", f"UNSEEN {number}")
    out.status(b"*", "OK", "UIDs are valid", f"UIDVALIDITY {mailbox.uidvalidity}")
    out.status(b"*", "OK", "Predicted next UID", f"UIDNEXT {mailbox.uidnext}")
    out.status(b"*", "OK", "Highest", f"HIGHESTMODSEQ {mailbox.highestmodseq}")
    out.status(b"*", "OK", "Its id", f"MAILBOXID ({id_text(IdKind.MAILBOX, mailbox.mailbox_id)})")


async def _first_unseen(conversation: Conversation, view: View, mailbox: Mailbox) -> int:
    """The number of the first unseen message (RFC 3501 §6.3.1), 0 where there is none, or where looking would take long."""
    own = view.ref.account_id == conversation.account_id
    if not mailbox.n_total or (own and not mailbox.n_unseen):
        return 0
    if own and mailbox.n_unseen == mailbox.n_total:
        return 1
    if mailbox.n_total > UNSEEN_AMONG:
        return 0
    tx = conversation.reading
    uid = await seen.first_unseen(tx, view.ref, (1, mailbox.uidnext - 1))
    await view.read(tx, [(uid, uid)])
    return view.number(uid)


def _list(conversation: Conversation, written: str, opened: Opened) -> None:
    """What LIST says of the mailbox (RFC 9051 §6.3.2), with the name that the client wrote where it is kept otherwise."""
    own = opened.ref.account_id == conversation.account_id
    attributes = [b"\\Subscribed"] if own and opened.mailbox.subscribed else []
    if own:
        attributes.append(b"\\HasChildren" if opened.children else b"\\HasNoChildren")
    if own and opened.mailbox.role in ATTRIBUTES:
        attributes.append(ATTRIBUTES[opened.mailbox.role])
    utf8 = conversation.machine.utf8
    name = names.normal(written)
    old = b' ("OLDNAME" (%b))' % rendering.name(written, utf8=utf8) if name != written else b""
    told = (b" ".join(attributes), rendering.name(name, utf8=utf8), old)
    conversation.out.untagged(b'LIST (%b) "/" %b%b' % told)


def _leave(conversation: Conversation) -> None:
    if conversation.view is not None:
        conversation.shut()
        conversation.machine.state = State.AUTHENTICATED
        conversation.out.status(b"*", "OK", "The mailbox that was selected is closed", "CLOSED")


async def close(conversation: Conversation, _: Close) -> Answer:
    """Expunges without a word, then leaves (RFC 9051 §6.4.1); what cannot be expunged now stays selected."""
    view = conversation.selected
    if not view.read_only:
        with suppress(
            NotPermitted, NoSuchMailbox
        ):  # then nothing is expunged (RFC 4314 §4), and it is closed all the same
            gone = await expunge.deleted(conversation.reading, view.ref, [(1, HIGHEST_UID)])
            await expunge_slices(conversation, view.ref, gone)
    await unselect(conversation, Unselect())
    return Answer("Closed")


async def unselect(conversation: Conversation, _: Unselect) -> Answer:
    """Leaves."""
    conversation.shut()
    conversation.machine.state = State.AUTHENTICATED
    return Answer("Left")


async def idle(conversation: Conversation, _: Idle) -> None:
    """From now on news is told as it comes."""
    await tell(conversation)
    conversation.machine.idle()


async def done(_conversation: Conversation, _: Done) -> Answer:
    """The end of IDLE."""
    return Answer("Idle ended")


HANDLERS: Final[Handlers] = {
    Select: select,
    Close: close,
    Unselect: unselect,
    Idle: idle,
    Done: done,
}
