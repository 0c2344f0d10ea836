"""What a session tells of a selected mailbox that changed: EXPUNGE, VANISHED, EXISTS, RECENT, FETCH FLAGS.

RFC 9051 §7.4.1 and §7.5.1 (when, and in which order), RFC 3501 §7.3.2 (RECENT), RFC 7162 §3.1.4 and §3.2.10 (MODSEQ, VANISHED). Not here: what is new
(`serve.imap.view`).
"""

from __future__ import annotations

from postroom.message.errors import NotPermitted
from postroom.proto.imap import rendering
from postroom.proto.imap.sets import ranges_of, render
from postroom.serve.imap import contexts
from postroom.serve.imap.conversation import Conversation
from postroom.serve.imap.view import News, View
from postroom.store import mailboxes
from postroom.store.engine import Transaction
from postroom.store.messages import Message
from postroom.store.rights import NoSuchMailbox


async def tell(conversation: Conversation, *, expunges: bool = True) -> None:
    """Tells what is new in the selected mailbox, if there is one. A mailbox that was deleted, or may not be read
    any more, ends the session, as RFC 9051 §7.1.5 allows."""
    view = conversation.view
    if view is None:
        return

    async def look(tx: Transaction) -> News | None:
        mailbox = await mailboxes.get(tx, view.ref)
        if (
            mailbox.highestmodseq == view.changed_modseq == view.gone_modseq
            and mailbox.uidnext == view.uidnext
        ):
            return None
        return await view.news(tx, mailbox, expunges=expunges)

    try:
        news = await conversation.snapshot(look)
    except (NoSuchMailbox, NotPermitted):
        conversation.machine.bye("The selected mailbox is there no more")
        return
    if news is not None:
        await _render(conversation, view, news)


async def _render(conversation: Conversation, view: View, news: News) -> None:
    out = conversation.out
    await contexts.leaving(conversation, view, news)
    if news.expunged and conversation.enabled("QRESYNC"):
        out.untagged(b"VANISHED " + render(ranges_of(news.expunged)))
    elif news.expunged:
        out.send(b"".join(b"* %d EXPUNGE\r\n" % number for number in reversed(news.numbers)))
    if news.arrived:
        if not view.read_only:
            await conversation.write(lambda tx: mailboxes.claim_recent(tx, view.ref))
        out.untagged(b"%d EXISTS" % view.total)
        if not conversation.rev2:
            out.untagged(b"%d RECENT" % await recent(conversation, view))
    for row in news.changed:
        if number := view.number(row.uid):
            out.send(flags_line(conversation, view, number, row))
    await contexts.following(conversation, view)


async def recent(conversation: Conversation, view: View) -> int:
    """How many messages are \\Recent in this session."""
    ranges = [(view.recent_from, view.uidnext - 1)]
    if view.recent_from >= view.uidnext:
        return 0
    await view.read(conversation.reading, ranges)
    return sum(last - first + 1 for first, last in view.present(ranges))


def flags_line(conversation: Conversation, view: View, number: int, row: Message) -> bytes:
    """An untagged FETCH of a copy's flags; with its MODSEQ for whoever knows of them (RFC 7162 §3.1.4.2)."""
    is_recent = row.uid >= view.recent_from and not conversation.rev2
    flags = rendering.flags(row.flags, row.keywords, recent=is_recent)
    modseq = b" MODSEQ (%d)" % row.modseq if conversation.enabled("CONDSTORE") else b""
    return b"* %d FETCH (UID %d FLAGS (%b)%b)\r\n" % (number, row.uid, flags, modseq)
