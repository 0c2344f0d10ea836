"""Searches whose results are kept up to date, and CANCELUPDATE.

RFC 5267 §4.3: what leaves a result through EXPUNGE is told before it, by the numbers of then; everything else after FETCH and EXISTS (as RFC 5465 §5.1
and §7 have it too). Only messages that changed are looked at again. Not here: the first result (`searching`, `sorting`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from heapq import merge
from typing import Final

from postroom.proto.imap.commands.searching import CancelUpdate, Returns
from postroom.proto.imap.rendering import string
from postroom.proto.imap.sets import Ranges, ranges_of, render
from postroom.serve.imap.conversation.context import Context, Update
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.conversation.view import News, View
from postroom.serve.imap.searching.finding import looking, numbered, uids_of
from postroom.serve.imap.searching.ordering import in_sort_order
from postroom.store.mailboxes import views
from postroom.store.mailboxes.views import Then

MAX_CONTEXTS: Final = 10  # results that are kept up to date in one session
MAX_MEMBERS: Final = 100_000  # messages in such a result
_MANY: Final = 200  # changes of a sorted result that are told one by one


def unused(conversation: Conversation, returns: Returns | None) -> None:
    """Raises `Refusal` for UPDATE under a tag that is in use by another (RFC 5267 §4.3)."""
    view = conversation.view
    if (
        returns is not None
        and returns.update
        and view is not None
        and conversation.machine.tag in view.contexts
    ):
        raise Refusal("An earlier search with UPDATE has this tag", status="BAD")


def begin(conversation: Conversation, view: View, context: Context) -> None:
    """From now on the result is kept up to date, if there is room (RFC 5267 §4.3.1)."""
    tag = context.correlation.tag
    if len(view.contexts) >= MAX_CONTEXTS or len(context.members) > MAX_MEMBERS:
        conversation.out.status(b"*", "NO", "There is no room for it", f"NOUPDATE {string(tag).decode()}")
        return
    view.contexts[tag] = context


async def leaving(conversation: Conversation, view: View, news: News) -> None:
    """Before EXPUNGE is told: what leaves by it."""
    if not news.expunged:
        return
    numbers = dict(zip(news.expunged, news.numbers, strict=True))
    for context in view.contexts.values():
        gone = numbers.keys() & set(context.members)
        if gone:
            _remove(conversation, context, gone, numbers)


async def updates(conversation: Conversation, view: View, news: News) -> list[Update]:
    """What comes and goes by changes of flags and by new messages, once those are known; nothing is told of it yet."""
    found: list[Update] = []
    if news.more:
        return found
    for context in view.contexts.values():
        changed: set[int] = set()
        async for rows in views.changes(conversation.reading, Then(view.ref, context.modseq)):
            changed.update(row.uid for row in rows if row.uid < view.uidnext)
            await asyncio.sleep(0)
        context.modseq = news.modseq
        if news.arrived:  # they may have come long before they were told
            await view.read(conversation.reading, [(news.arrived, view.uidnext - 1)])
            changed.update(uids_of(view.present([(news.arrived, view.uidnext - 1)])))
        if not changed:
            continue
        await view.read(conversation.reading, ranges_of(sorted(changed)))
        changed = {uid for uid in changed if view.number(uid)}
        matching = await looking(conversation, view).match(context.key, changed)
        known = set(context.members)
        gone, come = frozenset((changed - matching) & known), frozenset(matching - known)
        if gone or come:
            found.append(Update(context, gone, come))
    return found


async def following(conversation: Conversation, view: View, changes: Sequence[Update]) -> None:
    """After everything else was told: what has come and gone."""
    for update in changes:
        context, gone, come = update.context, update.gone, update.come
        if gone:
            _remove(conversation, context, gone, {uid: view.number(uid) for uid in gone})
        if come and len(context.members) + len(come) > MAX_MEMBERS:
            _give_up(conversation, view, context)
        elif come:
            await _add(conversation, view, context, come)


def _remove(
    conversation: Conversation, context: Context, gone: AbstractSet[int], numbers: dict[int, int]
) -> None:
    """REMOVEFROM: of a search in any order, of a sort by place, the last first, so that the other places stay."""
    by_uid = context.correlation.by_uid
    if context.orders:
        places = [at for at, uid in enumerate(context.members) if uid in gone]
        uids = context.members
        changes = [(at + 1, uids[at] if by_uid else numbers[uids[at]]) for at in reversed(places)]
        _tell_places(conversation, context, b"REMOVEFROM", changes)
    else:
        shown = sorted(gone) if by_uid else sorted(numbers[uid] for uid in gone)
        _tell(conversation, context, b"REMOVEFROM (0 %b)" % render(ranges_of(shown)))
    context.members = [uid for uid in context.members if uid not in gone]


async def _add(conversation: Conversation, view: View, context: Context, come: AbstractSet[int]) -> None:
    """ADDTO: of a search in any order, of a sort by place, the first first."""
    by_uid = context.correlation.by_uid
    members: Ranges = ranges_of(sorted([*context.members, *come]))
    if not context.orders:
        context.members = sorted([*context.members, *come])
        new = ranges_of(sorted(come))
        _tell(conversation, context, b"ADDTO (0 %b)" % render(new if by_uid else numbered(view, new)))
        return
    ordered = await in_sort_order(looking(conversation, view), members, context.orders, {})
    place = {uid: at for at, uid in enumerate(ordered)}.__getitem__
    came = [uid for uid in ordered if uid in come]
    # what has gone unheard keeps its place, whatever it is sorted by now
    context.members = list(merge(context.members, came, key=place))
    changes = [
        (at, uid if by_uid else view.number(uid)) for at, uid in enumerate(context.members, 1) if uid in come
    ]
    _tell_places(conversation, context, b"ADDTO", changes)


def _tell_places(
    conversation: Conversation, context: Context, word: bytes, changes: list[tuple[int, int]]
) -> None:
    for start in range(0, len(changes), _MANY):
        pairs = b" ".join(b"%d %d" % pair for pair in changes[start : start + _MANY])
        _tell(conversation, context, b"%b (%b)" % (word, pairs))


def _tell(conversation: Conversation, context: Context, change: bytes) -> None:
    conversation.out.untagged(b"%b %b" % (context.correlation.render(), change))


def _give_up(conversation: Conversation, view: View, context: Context) -> None:
    tag = context.correlation.tag
    del view.contexts[tag]
    conversation.out.status(b"*", "NO", "The result has become too large", f"NOUPDATE {string(tag).decode()}")


def end_numbered(conversation: Conversation, view: View) -> None:
    """Results in numbers are not kept up to date where messages have none any more (RFC 9586 §3)."""
    for tag in [tag for tag, context in view.contexts.items() if not context.correlation.by_uid]:
        del view.contexts[tag]
        conversation.out.status(
            b"*", "NO", "Messages have no numbers any more", f"NOUPDATE {string(tag).decode()}"
        )


async def cancel(conversation: Conversation, command: CancelUpdate) -> Answer:
    """RFC 5267 §4.3.5."""
    view = conversation.selected
    known = [tag for tag in command.tags if view.contexts.pop(tag, None) is not None]
    return Answer("No further updates" if known else "There was nothing to cancel")


HANDLERS: Final[Handlers] = {CancelUpdate: cancel}
