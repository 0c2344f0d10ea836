"""THREAD and UID THREAD: what a search finds, as conversations.

RFC 5256 §3 and §4 (the THREAD response). Made of kept message-ids, references and base subjects, in a thread of the process when there are many,
and kept for whoever asks for the same again. Not here: the algorithms (`message.summary.thread_tree`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from postroom.message.summary.thread_tree import Forest, Link, ordered_subject, references, refs
from postroom.proto.imap.commands.searching import Algorithm, Thread
from postroom.proto.imap.sets import Ranges
from postroom.serve.imap.conversation.columns import Column, Links
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers
from postroom.serve.imap.conversation.orders import asked
from postroom.serve.imap.searching.finding import (
    looking,
    matching_uids,
    numbered,
    numbering,
    prepared,
    send,
    uids_of,
)
from postroom.serve.imap.searching.limiting import whole
from postroom.serve.imap.searching.ordering import gathered, sent_dates

FEW: Final = 300  # messages that are threaded at once, on the loop
_PIECE: Final = 65_536  # octets of a response that are sent at once

_ALGORITHMS: Final[dict[Algorithm, Callable[[list[Link]], Forest]]] = {
    Algorithm.ORDEREDSUBJECT: ordered_subject,
    Algorithm.REFERENCES: references,
    Algorithm.REFS: refs,
}
_NONE: Final = Links(None, "", (), "", reply=False)


async def thread(conversation: Conversation, command: Thread) -> Answer:
    """Searches, threads, and tells."""
    view = conversation.selected
    key = await prepared(conversation, view, command.program)
    await whole(conversation, view, key)
    found = await matching_uids(conversation, view, key)
    numbers = [] if command.by_uid else numbered(view, found)
    orders, name = conversation.service.orders, asked(view.ref, command.algorithm, found, numbers)
    text = orders.get(name)
    if text is None:
        text = await _threads(conversation, command, found)
        orders.put(name, text)
    line = b"* THREAD %b\r\n" % text if text else b"* THREAD\r\n"
    await send(conversation, (line[at : at + _PIECE] for at in range(0, len(line), _PIECE)))
    return Answer("Threaded")


async def _threads(conversation: Conversation, command: Thread, found: Ranges) -> bytes:
    view, uids = conversation.selected, uids_of(found)
    matching = looking(conversation, view)
    links: dict[int, Links] = await gathered(matching, Column.LINKS, uids)
    dates = await sent_dates(matching, uids, {uid: one.sent for uid, one in links.items()})
    number = numbering(view, found, by_uid=command.by_uid)
    algorithm = _ALGORITHMS[command.algorithm]

    def work() -> bytes:
        messages = [_link(dates[uid], links.get(uid, _NONE)) for uid in uids]
        return rendered(algorithm(messages), [number(uid) for uid in uids])

    return work() if len(uids) <= FEW else await asyncio.to_thread(work)


def _link(date: int, links: Links) -> Link:
    return Link(date, links.message_id, links.references, links.base_subject, links.reply)


def rendered(forest: Forest, numbers: list[int]) -> bytes:
    """Threads as RFC 5256 §4 writes them: `(3 6 (4 23)(44 7 96))`; a parent that is not there is left out."""
    out: list[str] = []
    waiting: list[int | str] = list(reversed(forest.roots))
    children, real = forest.children, len(numbers)
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        out.append("(")
        if item < real:
            out.append(str(numbers[item]))
            while len(children[item]) == 1:
                item = children[item][0]
                out.append(f" {numbers[item]}")
            if children[item]:
                out.append(" ")
        waiting.append(")")
        waiting += reversed(children[item])
    return "".join(out).encode()


HANDLERS: Final[Handlers] = {Thread: thread}
