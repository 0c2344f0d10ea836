"""SEARCH and UID SEARCH.

RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 9394 §3.1, RFC 7162 §3.1.5 and §3.1.6, RFC 6855 §3. Not here: SORT and THREAD (`sorting`,
`threads`), several mailboxes (`multisearch`), how a key is answered (`matching`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.commands.searching import ENDLESS, Returns, Search
from postroom.proto.imap.esearch import Correlation, Result, extended, plain, returned
from postroom.serve.imap.conversation.context import Context
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers
from postroom.serve.imap.searching import contexts
from postroom.serve.imap.searching.finding import (
    highest_modseq,
    matching_uids,
    no_charset,
    numbered,
    prepared,
    saving,
    scored,
    send,
    uids_of,
)
from postroom.serve.imap.searching.limiting import narrowed, told

ALL: Final = Returns(frozenset({"ALL"}))


async def search(conversation: Conversation, command: Search) -> Answer:
    """Looks, and tells what was found: with SEARCH to clients of IMAP4rev1 that did not ask for more, else with ESEARCH (RFC 9051 §6.4.4)."""
    view = conversation.selected
    returns = command.returns
    if returns is None and conversation.rev2:
        returns = ALL
    no_charset(conversation, command.program)
    contexts.unused(conversation, returns)
    since = view.changed_modseq
    enough = ENDLESS if returns is None else returns.enough
    with saving(view, returns):
        key = await prepared(conversation, view, command.program)
        among, lowest = await narrowed(conversation, view, key)
        found = await matching_uids(conversation, view, among, enough)
    scores = await scored(conversation, view, command.program, found)
    modseq = await highest_modseq(conversation, view, found, key, returns)
    result = Result(found if command.by_uid else numbered(view, found), modseq, tuple(scores.values()))
    if returns is None:
        await send(conversation, plain(b"SEARCH", result))
        return told(conversation, Answer("Searched"), lowest)
    if returns.save:
        view.saved = returned(Result(found), returns)
    correlation = Correlation(conversation.machine.tag, command.by_uid)
    if returns.tells:
        await send(conversation, extended(correlation, result, returns))
    if returns.update:
        context = Context(correlation, key, (), uids_of(found), since, returns.attributes)
        contexts.begin(conversation, view, context)
    return told(conversation, Answer("Searched, and saved" if returns.save else "Searched"), lowest)


HANDLERS: Final[Handlers] = {Search: search}
