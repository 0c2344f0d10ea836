"""ESEARCH: one search in several mailboxes.

RFC 7377 §2 (sources, one response for each mailbox in which something was found), RFC 5465 §6 (how mailboxes are named). Mailboxes are searched one
after the other, each as it was when the command began; one that is not there, or may not be read, is passed over. Not here: searching one mailbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from postroom.message.errors import MailError, NotPermitted
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.searching import MultiSearch
from postroom.proto.imap.esearch import Correlation, Result, extended, returned
from postroom.proto.imap.search_keys import Program
from postroom.proto.imap.sources import Source
from postroom.serve.imap.conversation.context import Context
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.conversation.view import View
from postroom.serve.imap.mailboxes import names
from postroom.serve.imap.mailboxes.listing import Entry, entries
from postroom.serve.imap.searching import contexts
from postroom.serve.imap.searching.finding import (
    highest_modseq,
    matching_uids,
    no_charset,
    prepared,
    saving,
    scored,
    send,
    uids_of,
)
from postroom.serve.imap.searching.limiting import TOO_MANY, looked_at, narrowed, told
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require

SELECTED: Final = (Source("SELECTED"),)


async def multi_search(conversation: Conversation, command: MultiSearch) -> Answer:
    """Searches, and tells of each mailbox as soon as it was searched."""
    sources = command.sources or SELECTED
    only_selected = all(source.kind == "SELECTED" for source in sources)
    if conversation.view is None and any(source.kind == "SELECTED" for source in sources):
        raise Refusal("No mailbox is selected", status="BAD")
    if command.returns.save and not only_selected:
        raise Refusal("Only what is found in the selected mailbox alone can be saved", status="BAD")
    if command.returns.update and conversation.view is None:
        raise Refusal("Only what is found in the selected mailbox can be kept up to date", status="BAD")
    no_charset(conversation, command.program)
    contexts.unused(conversation, command.returns)
    views = await _views(conversation, sources)
    if not only_selected:
        await _few_enough(conversation, command.program, views)
    lowest = 0
    for view in views:
        try:
            lowest = await _search(conversation, command, view)
        except (NoSuchMailbox, NotPermitted):
            if view is conversation.view:
                raise  # else it has gone since, or may not be read any more
        await asyncio.sleep(0)
    words = f"Searched {len(views)} mailboxes" if len(views) != 1 else "Searched one mailbox"
    return told(conversation, Answer(words), lowest)


async def _few_enough(conversation: Conversation, program: Program, views: Sequence[View]) -> None:
    """Raises `Refusal` when all together have more messages to look at than one command may (RFC 7377 §2.4): no uid says how far it came."""
    most = conversation.service.config.message_limit
    number = 0
    for view in views if most else ():
        number += await looked_at(conversation, view, await prepared(conversation, view, program))
        if number > most:
            raise Refusal(TOO_MANY, "LIMIT")


async def _search(conversation: Conversation, command: MultiSearch, view: View) -> int:
    """Gives the lowest uid that was looked at, 0 where all were."""
    since = view.changed_modseq
    with saving(view, command.returns):
        key = await prepared(conversation, view, command.program)
        among, lowest = await narrowed(conversation, view, key)
        found = await matching_uids(conversation, view, among, command.returns.enough)
    name = rendering.name(view.name, utf8=conversation.machine.utf8)
    tag = conversation.machine.tag
    correlation = Correlation(tag, by_uid=True, mailbox=name, uidvalidity=view.uidvalidity)
    if command.returns.save:
        view.saved = returned(Result(found), command.returns)
    if command.returns.update and view is conversation.view:  # RFC 7377 §2.2: only there
        context = Context(correlation, key, (), uids_of(found), since, command.returns.attributes)
        contexts.begin(conversation, view, context)
    if not found or not command.returns.tells:
        return lowest
    scores = await scored(conversation, view, command.program, found)
    modseq = await highest_modseq(conversation, view, found, key, command.returns)
    await send(
        conversation, extended(correlation, Result(found, modseq, tuple(scores.values())), command.returns)
    )
    return lowest


async def _views(conversation: Conversation, sources: Iterable[Source]) -> list[View]:
    """The mailboxes of all sources, each once; those that are not there, or may not be read, are none (RFC 7377 §2.2).

    The selected one is as its session knows it, by whichever name it comes, and has the name that it has now: it may have been renamed since.
    """
    listed, selected = await entries(conversation), conversation.view
    if selected is not None:
        box = selected.ref.mailbox_id
        selected.name = next((name for name, one in listed.items() if one.mailbox_id == box), selected.name)
    found: dict[MailboxRef, View] = {}
    for name in _names(conversation, listed, sources):
        with suppress(MailError):
            view = await _view(conversation, name)
            found[view.ref] = selected if selected is not None and selected.ref == view.ref else view
    return list(found.values())


async def _view(conversation: Conversation, name: str | None) -> View:
    """A mailbox by name; None is the selected one, as its session knows it. Raises MailError where it cannot be read."""
    if name is None:
        return conversation.selected

    async def look(tx: Transaction) -> View:
        ref: MailboxRef = await names.find(conversation, tx, name)
        await require(tx, ref, Right.READ)
        mailbox = await mailboxes.get(tx, ref)
        view = View(ref, name, mailbox, read_only=True)
        view.recent_from = mailbox.first_recent
        return view

    return await conversation.snapshot(look)


def _names(
    conversation: Conversation, listed: Mapping[str, Entry], sources: Iterable[Source]
) -> list[str | None]:
    """The names of all sources as they are kept, each once; None stands for the selected mailbox."""
    there = {name: entry for name, entry in listed.items() if entry.readable}
    found: dict[str | None, None] = {}
    for source in sources:
        match source.kind:
            case "SELECTED":
                found[None] = None
            case "PERSONAL" | "INBOXES":  # a script may file into any mailbox (RFC 5465 §6.3)
                personal = (name for name in there if there[name].account_id == conversation.account_id)
                found.update(dict.fromkeys(personal))
            case "SUBSCRIBED":
                found.update(dict.fromkeys(name for name in there if there[name].subscribed))
            case "MAILBOXES":
                found.update(dict.fromkeys(map(names.normal, source.names)))
            case kind:
                for top in map(names.normal, source.names):
                    found.update(dict.fromkeys(_below(there, top, deep=kind == "SUBTREE")))
    return list(found)


def _below(there: Iterable[str], top: str, *, deep: bool) -> list[str]:
    """A mailbox, and those below it: all, or the next level."""
    prefix = top + names.SEPARATOR
    return [top] + [
        name
        for name in there
        if name.startswith(prefix) and (deep or names.SEPARATOR not in name[len(prefix) :])
    ]


HANDLERS: Final[Handlers] = {MultiSearch: multi_search}
