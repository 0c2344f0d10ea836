"""SELECT, EXAMINE, CLOSE, UNSELECT, IDLE.

RFC 9051 §6.3.2, §6.3.3, §6.3.13, §6.4.1, §6.4.2, RFC 3501 §6.3.1 (RECENT and UNSEEN for clients of IMAP4rev1), RFC 7162 §3.1.8. Not here: what the
mailbox holds.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.selecting import Close, Done, Idle, Select, Unselect
from postroom.proto.imap.verb import State
from postroom.serve.imap import names
from postroom.serve.imap.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.resync import resync
from postroom.serve.imap.telling import recent, tell
from postroom.serve.imap.view import View
from postroom.store import expunge, mailboxes
from postroom.store.engine import Transaction
from postroom.store.mailboxes import Mailbox
from postroom.store.messages import HIGHEST_UID
from postroom.store.rights import MailboxRef, Right, require


async def select(conversation: Conversation, command: Select) -> Answer:
    """Opens a mailbox; what was open before is left first, even when the new one cannot be opened (RFC 9051 §6.3.2)."""
    if command.resync and not conversation.enabled("QRESYNC"):
        raise Refusal("Say ENABLE QRESYNC first (RFC 7162 §3.2.5)", status="BAD")
    _leave(conversation)

    async def look(tx: Transaction) -> tuple[MailboxRef, Mailbox]:
        ref = await names.find(conversation, tx, command.mailbox)
        await require(tx, ref, Right.READ)
        return ref, await mailboxes.get(tx, ref)

    if command.condstore:
        conversation.machine.enabled.add("CONDSTORE")
    ref, mailbox = await conversation.snapshot(look)
    view = View(ref, command.mailbox, mailbox, read_only=command.read_only)
    if not conversation.rev2:
        view.recent_from = mailbox.first_recent
    if not command.read_only and mailbox.first_recent < mailbox.uidnext:
        view.recent_from = await conversation.write(lambda tx: mailboxes.claim_recent(tx, ref))
    conversation.open(view)
    await _describe(conversation, view, mailbox)
    conversation.machine.state = State.SELECTED
    if command.resync and command.resync.uidvalidity == mailbox.uidvalidity:
        await resync(conversation, view, mailbox, command.resync)
    return Answer("Selected", "READ-ONLY" if view.read_only else "READ-WRITE")


async def _describe(conversation: Conversation, view: View, mailbox: Mailbox) -> None:
    """The untagged answers of SELECT."""
    out = conversation.out
    keywords = " ".join(await mailboxes.keywords(conversation.reading, view.ref))
    flags = rendering.SYSTEM_FLAGS.decode() + (f" {keywords}" if keywords else "")
    out.untagged(f"FLAGS ({flags})")
    permanent = f"({flags} \\*)" if not view.read_only else "()"
    out.untagged(f"OK [PERMANENTFLAGS {permanent}] Flags that are kept")
    out.untagged(f"{view.total} EXISTS")
    if conversation.rev2:
        listed = rendering.name(view.name, utf8=conversation.machine.utf8)
        out.untagged(b'LIST () "/" ' + listed)
    else:
        out.untagged(f"{await recent(conversation, view)} RECENT")
    out.untagged(f"OK [UIDVALIDITY {mailbox.uidvalidity}] UIDs are valid")
    out.untagged(f"OK [UIDNEXT {mailbox.uidnext}] Predicted next UID")
    out.untagged(f"OK [HIGHESTMODSEQ {mailbox.highestmodseq}] Highest")


def _leave(conversation: Conversation) -> None:
    if conversation.view is not None:
        conversation.shut()
        conversation.machine.state = State.AUTHENTICATED
        conversation.out.untagged("OK [CLOSED] The mailbox that was selected is closed")


async def close(conversation: Conversation, _: Close) -> Answer:
    """Expunges without a word, then leaves (RFC 9051 §6.4.1)."""
    view = conversation.selected
    conversation.shut()
    conversation.machine.state = State.AUTHENTICATED
    if not view.read_only:
        now = conversation.service.now()
        change = await conversation.write(
            lambda tx: expunge.expunge(tx, view.ref, [(1, HIGHEST_UID)], now, only_deleted=True)
        )
        conversation.store.changes.publish([change])
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


HANDLERS: Final[Handlers] = {Select: select, Close: close, Unselect: unselect, Idle: idle, Done: done}
