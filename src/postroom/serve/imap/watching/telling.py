"""What a session tells of a selected mailbox that changed: EXPUNGE, VANISHED, EXISTS, RECENT, FLAGS, FETCH.

RFC 9051 §7.4.1 and §7.5.1 (when, and in which order), RFC 3501 §7.3.2 (RECENT), RFC 7162 §3.1.4 and §3.2.10 (MODSEQ, VANISHED), RFC 5465 §3.1, §5.1 to
§5.3 and §7 (after NOTIFY: only what is wanted, and what is told of new messages; after EXISTS and before ESEARCH). Not here: what is new
(`serve.imap.conversation.view`), other mailboxes (`serve.imap.watching.watching`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from postroom.message.errors import MailError, NotPermitted
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.fetching import UID, Attribute
from postroom.proto.imap.sets import Ranges, ranges_of, render
from postroom.serve.imap.changing.flag_lists import tell_keywords
from postroom.serve.imap.conversation.context import Update
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.conversation.view import News, View
from postroom.serve.imap.conversation.watch import EVERYTHING, Told
from postroom.serve.imap.fetching.items import UnknownEncoding
from postroom.serve.imap.fetching.slices import Plan, Slices
from postroom.serve.imap.searching import contexts
from postroom.store.emails import fetching
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.flags import split_keywords
from postroom.store.mailboxes.messages import Message
from postroom.store.mailboxes.rights import NoSuchMailbox, Right, require


class _Outdated(Exception):
    """The store does not remember everything that the session would have to be told."""


async def tell(conversation: Conversation, allowed: Told = EVERYTHING, *, asked: bool = False) -> None:
    """Tells what is new in the selected mailbox, if there is one, as far as it is `allowed` now and wanted; `asked`: wanted or not.

    A mailbox that was deleted, or may not be read any more, ends the session, as RFC 9051 §7.1.5 allows; so does one of which expunges are forgotten
    that the session was not told of: it would count those messages for ever.
    """
    view = conversation.view
    if view is None:
        return
    wishes = conversation.wishes
    told = allowed if wishes is None or asked else wishes.told(allowed)

    async def look(tx: Transaction) -> News | None:
        await require(tx, view.ref, Right.READ)
        mailbox = await mailboxes.get(tx, view.ref)
        if view.is_outdated(mailbox):
            raise _Outdated
        return None if view.is_told(mailbox, told) else await view.news(tx, mailbox, told)

    more = True
    while more:
        try:
            news = await conversation.snapshot(look)
            if news is not None:
                await _render(conversation, view, news)
        except (NoSuchMailbox, NotPermitted):
            conversation.machine.bye("The selected mailbox is there no more")
            return
        except _Outdated:
            conversation.machine.bye("What this session knows of the mailbox is too old", "UNAVAILABLE")
            return
        except MailError as error:
            if not view.ahead:
                raise
            conversation.machine.bye(error.public, "UNAVAILABLE")
            return
        more = news is not None and news.more
        if more:
            await conversation.drained()
            await asyncio.sleep(0)


async def hold_back(conversation: Conversation, allowed: Told) -> None:
    """Tells a client that resynchronises how far it knows of everything, while expunges wait to be told: from a higher modseq of a FETCH it would go on
    behind them, and never hear of them when the connection is lost (RFC 7162 §3.2, §6).
    """
    view, wishes = conversation.view, conversation.wishes
    told = allowed if wishes is None else wishes.told(allowed)
    if view is None or told.expunges or not conversation.enabled("QRESYNC"):
        return
    if await fetching.any_gone(conversation.reading, view.ref, view.gone_modseq, view.uidnext):
        conversation.tell_modseq()


async def _render(conversation: Conversation, view: View, news: News) -> None:
    out = conversation.out
    await contexts.leaving(conversation, view, news)
    if news.expunged and (conversation.enabled("QRESYNC") or conversation.uid_only):
        out.untagged(b"VANISHED " + render(ranges_of(news.expunged)))
    elif news.expunged:
        out.send(b"".join(b"* %d EXPUNGE\r\n" % number for number in reversed(news.numbers)))
    if news.arrived:
        out.untagged(b"%d EXISTS" % view.total)
        if not conversation.rev2:
            out.untagged(b"%d RECENT" % await recent(conversation, view))
    await tell_keywords(conversation, view, await _keywords(conversation, view, news))
    for row in news.changed:
        if number := view.number(row.uid):
            out.send(flags_line(conversation, view, number, row))
    updates = await contexts.updates(conversation, view, news)
    if news.arrived:
        await _tell_new(conversation, view, news, updates)
    await contexts.following(conversation, view, updates)
    view.ahead = False
    if news.arrived and not view.read_only:
        assert conversation.connection is not None
        conversation.connection.wake()  # a commit takes its time, and nobody need wait for this one
        await claim(conversation, view)


async def _keywords(conversation: Conversation, view: View, news: News) -> Collection[str]:
    """Those of messages whose flags have changed; where some have come, those of all."""
    if news.arrived:
        return await mailboxes.keywords(conversation.reading, view.ref)
    return {word for row in news.changed for word in split_keywords(row.keywords)}


async def _tell_new(conversation: Conversation, view: View, news: News, updates: Sequence[Update]) -> None:
    """FETCH of messages that others brought, with what NOTIFY and the results that they belong to ask for, in one (RFC 5465 §5.2)."""
    always = conversation.wishes.attributes if conversation.wishes is not None else ()
    if not always and not any(update.context.attributes for update in updates):
        return
    span = [(news.arrived, view.uidnext - 1)]
    await view.read(conversation.reading, span)
    asked: dict[tuple[Attribute, ...], list[int]] = {}
    for first, last in view.present(span):
        for uid in range(first, last + 1):
            attributes = dict.fromkeys(always)
            for update in updates:
                if uid in update.come:
                    attributes.update(dict.fromkeys(update.context.attributes))
            if attributes and uid not in news.appended:
                asked.setdefault(tuple(attributes), []).append(uid)
    for attributes_of, uids in asked.items():
        await _fetch(conversation, attributes_of, ranges_of(uids))


async def _fetch(conversation: Conversation, attributes: tuple[Attribute, ...], ranges: Ranges) -> None:
    """Nothing is marked \\Seen by it; what is encoded in an unknown way is told by its uid alone."""
    try:
        plan = Plan(attributes, attributes, frozenset(), 0, uid_only=conversation.uid_only)
        await Slices(conversation, plan).run(ranges)
    except UnknownEncoding:
        plan = Plan((UID,), (UID,), frozenset(), 0, uid_only=conversation.uid_only)
        await Slices(conversation, plan).run(ranges)


async def claim(conversation: Conversation, view: View) -> int:
    """The first \\Recent uid: no other session has those from it on. Where that cannot be kept now, others may have them, too (RFC 3501 §2.3.2)."""
    try:
        return await conversation.write(lambda tx: mailboxes.claim_recent(tx, view.ref))
    except MailError:
        return view.recent_from


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
    if conversation.uid_only:  # RFC 9586 §3.3
        return b"* %d UIDFETCH (FLAGS (%b)%b)\r\n" % (row.uid, flags, modseq)
    return b"* %d FETCH (UID %d FLAGS (%b)%b)\r\n" % (number, row.uid, flags, modseq)
