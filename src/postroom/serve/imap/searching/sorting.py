"""SORT and UID SORT: what a search finds, in another order.

RFC 5256 §2.2 and §3, RFC 5255 §4.6 (the collation is i;unicode-casemap), RFC 5267 §3 (ESORT), RFC 5957 (DISPLAYFROM, DISPLAYTO), RFC 6203 §6. An order
is kept for whoever asks for the same again. Not here: searching, how messages are put in order (`ordering`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from postroom.proto.imap.commands.searching import Order, Sort
from postroom.proto.imap.esearch import Correlation, Result, extended, in_order, one_by_one, returned
from postroom.proto.imap.sets import Ranges
from postroom.serve.imap.conversation.context import Context
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers
from postroom.serve.imap.conversation.orders import asked, packed, unpacked
from postroom.serve.imap.searching import contexts
from postroom.serve.imap.searching.finding import (
    highest_modseq,
    looking,
    matching_uids,
    numbering,
    prepared,
    saving,
    scored,
    send,
)
from postroom.serve.imap.searching.limiting import whole
from postroom.serve.imap.searching.ordering import in_sort_order


async def sort(conversation: Conversation, command: Sort) -> Answer:
    """Searches, sorts, and tells: with SORT, or with ESEARCH to who asked with RETURN."""
    view, returns = conversation.selected, command.returns
    contexts.unused(conversation, returns)
    since = view.changed_modseq
    with saving(view, returns):
        key = await prepared(conversation, view, command.program)
        await whole(conversation, view, key)
        found = await matching_uids(conversation, view, key)
    scores = await scored(conversation, view, command.program, found)
    ordered = await _ordered(conversation, found, command.orders, scores)
    counted = found if returns is None else in_order(ordered)
    modseq = await highest_modseq(conversation, view, counted, key, returns)
    if returns is not None and returns.save:
        view.saved = returned(Result(counted), returns)
    number = numbering(view, found, by_uid=command.by_uid)
    if returns is None:
        await send(conversation, one_by_one(b"SORT", list(map(number, ordered)), modseq))
        return Answer("Sorted")
    ranked = tuple(scores[uid] for uid in ordered) if scores else ()
    result = Result(in_order(map(number, ordered)), modseq, ranked)
    correlation = Correlation(conversation.machine.tag, command.by_uid)
    if returns.tells:
        await send(conversation, extended(correlation, result, returns))
    if returns.update:
        context = Context(correlation, key, command.orders, ordered, since, returns.attributes)
        contexts.begin(conversation, view, context)
    return Answer("Sorted")


async def _ordered(
    conversation: Conversation, found: Ranges, orders: tuple[Order, ...], scores: Mapping[int, int]
) -> list[int]:
    """The uids in their order, which is kept unless it depends on the search, too."""
    view, service = conversation.selected, conversation.service
    name = asked(view.ref, orders, found)
    kept = None if scores else service.orders.get(name)
    if kept is not None:
        return unpacked(kept)
    ordered = await in_sort_order(looking(conversation, view), found, orders, scores)
    if not scores:
        service.orders.put(name, packed(ordered))
    return ordered


HANDLERS: Final[Handlers] = {Sort: sort}
