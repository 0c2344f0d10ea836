"""SORT and UID SORT: what a search finds, in another order.

RFC 5256 §2.2 and §3, RFC 5255 §4.6 (the collation is i;unicode-casemap), RFC 5267 §3 (ESORT), RFC 5957 (DISPLAYFROM, DISPLAYTO), RFC 6203 §6. Sorted by
what is kept of each message, a criterion at a time from the last to the first: sorting is stable. Not here: searching.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.commands.searching import Sort
from postroom.proto.imap.esearch import Correlation, Result, extended, in_order, plain, saved
from postroom.serve.imap import contexts
from postroom.serve.imap.context import Context
from postroom.serve.imap.conversation import Answer, Conversation, Handlers
from postroom.serve.imap.finding import (
    highest_modseq,
    looking,
    matching_uids,
    numbering,
    prepared,
    saving,
    scored,
    send,
)
from postroom.serve.imap.ordering import in_sort_order


async def sort(conversation: Conversation, command: Sort) -> Answer:
    """Searches, sorts, and tells: with SORT, or with ESEARCH to who asked with RETURN."""
    view, returns = conversation.selected, command.returns
    contexts.unused(conversation, returns)
    since = view.changed_modseq
    with saving(view, returns):
        key = await prepared(conversation, view, command.program)
        found = await matching_uids(conversation, view, key)
    scores = await scored(conversation, view, command.program, found)
    ordered = await in_sort_order(looking(conversation, view), found, command.orders, scores)
    modseq = await highest_modseq(conversation, view, found, key)
    if returns is not None and returns.save:
        view.saved = saved(Result(in_order(ordered)), returns)
    number = numbering(view, found, by_uid=command.by_uid)
    ranked = tuple(scores[uid] for uid in ordered) if scores else ()
    result = Result(in_order(map(number, ordered)), modseq, ranked)
    if returns is None:
        await send(conversation, plain(b"SORT", result))
        return Answer("Sorted")
    correlation = Correlation(conversation.machine.tag, command.by_uid)
    if returns.tells:
        await send(conversation, extended(correlation, result, returns))
    if returns.update:
        context = Context(correlation, key, command.orders, ordered, since, returns.attributes)
        contexts.begin(conversation, view, context)
    return Answer("Sorted")


HANDLERS: Final[Handlers] = {Sort: sort}
