"""QRESYNC: what happened in a mailbox since a client last knew it, told at SELECT.

RFC 7162 §3.2.5 (parameters), §3.2.5.2 (match data), §3.2.10.1 (VANISHED (EARLIER)). What has vanished is known for long, but not for ever: below the
mailbox's floor, uids that are not there are told instead, in as far as the client may believe in them. Not here: the selected mailbox's news.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from postroom.proto.imap.commands.selecting import Resync
from postroom.proto.imap.sets import Ranges, intersection, ranges_of, render
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.conversation.view import View
from postroom.serve.imap.watching.telling import flags_line
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes, views
from postroom.store.mailboxes.messages import Message
from postroom.store.mailboxes.views import Then


async def resync(conversation: Conversation, view: View, wanted: Resync) -> None:
    """Tells what has gone and what has changed, of the uids that the client knows or of all."""
    tx = conversation.reading
    known = intersection(wanted.known or [(1, view.uidnext - 1)], [(1, view.uidnext - 1)])
    since = Then(view.ref, wanted.modseq)

    async def look(tx: Transaction) -> list[tuple[int, int]] | None:
        """At one moment: what has vanished may be forgotten in the next one."""
        remembered = wanted.modseq >= (await mailboxes.get(tx, view.ref)).vanished_floor
        return (await views.gone(tx, since, views.ALL))[0] if remembered else None

    vanished = await conversation.snapshot(look)
    if vanished is not None:
        gone = ranges_of(sorted({uid for modseq, uid in vanished if modseq <= view.gone_modseq}))
    else:
        first = await _expunges_known_to(conversation, view, wanted.match) + 1
        gone = await absent(conversation, view, intersection(known, [(first, view.uidnext)]))
    if gone := intersection(gone, known):
        conversation.out.untagged(b"VANISHED (EARLIER) " + render(gone))
    async for rows in views.changes(tx, since):
        await _tell_changed(conversation, view, rows, known)
        await asyncio.sleep(0)


async def _tell_changed(
    conversation: Conversation, view: View, rows: Sequence[Message], known: Ranges
) -> None:
    """Tells the flags of those of these messages that the client knows."""
    by_uid = {row.uid: row for row in rows if row.uid < view.uidnext}
    changed = intersection(known, ranges_of(sorted(by_uid)))
    await view.read(conversation.reading, changed)
    for first, last in view.present(changed):
        number = view.number(first) - first
        for uid in range(first, last + 1):
            conversation.out.send(flags_line(conversation, view, uid + number, by_uid[uid]))
        await conversation.drained()


async def absent(conversation: Conversation, view: View, within: Ranges) -> Ranges:
    """Uids in these ranges that are no messages (any more)."""
    await view.read(conversation.reading, within)
    found: Ranges = []
    for first, last in within:
        start = first
        for a, b in view.present([(first, last)]):
            if a > start:
                found.append((start, a - 1))
            start = b + 1
        if start <= last:
            found.append((start, last))
    return found


async def _expunges_known_to(
    conversation: Conversation, view: View, match: tuple[tuple[int, int], ...]
) -> int:
    """The highest uid up to which the client knows of all expunges: up to some pair of the match all fit, behind it none does."""
    low, high = 0, len(match)
    while low < high:
        middle = (low + high) // 2
        number, uid = match[middle]
        await view.read(conversation.reading, [(uid, uid)])
        if view.number(uid) == number:
            low = middle + 1
        else:
            high = middle
    return match[low - 1][1] if low else 0
