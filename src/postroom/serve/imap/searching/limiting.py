"""At most so many messages for one command, where the settings say so: the newest ones, and how far it came.

RFC 9738 §3.1: FETCH, STORE, SEARCH, MOVE and UID EXPUNGE take the messages with the highest uids and say which was the lowest; COPY, APPEND, SORT,
THREAD and ESEARCH of several mailboxes, which are nothing in part, are refused. EXPUNGE, CLOSE and STATUS have no limit. Not here: other bounds of a
command (`proto.imap.config`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.query.query import And, Key, Numbered, ordered
from postroom.proto.imap.sets import Ranges, count
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Refusal
from postroom.serve.imap.conversation.view import View
from postroom.serve.imap.searching.finding import EVERY_UID, wanted

TOO_MANY: Final = "Too many messages for one command: take fewer at a time"


async def newest(conversation: Conversation, view: View, ranges: Ranges) -> tuple[Ranges, int]:
    """As many of these uids as one command may touch, and the lowest of them; all of them and 0 where there is no need to choose."""
    most = conversation.service.config.message_limit
    if not most or count(ranges) <= most:
        return ranges, 0
    await view.read(conversation.reading, ranges)
    return cut(view.present(ranges), most)


def cut(present: Ranges, most: int) -> tuple[Ranges, int]:
    """The highest `most` of these uids, all of which there are; and the lowest that is left, 0 when all are."""
    over = count(present) - most
    if over <= 0:
        return present, 0
    left: Ranges = []
    for first, last in present:
        size = last - first + 1
        if over < size:
            left.append((first + over, last))
        over = max(0, over - size)
    return left, left[0][0]


async def narrowed(conversation: Conversation, view: View, key: Key) -> tuple[Key, int]:
    """A search among as many messages as one may look at, and the lowest uid of them; 0 when that are all."""
    if not conversation.service.config.message_limit:
        return key, 0
    among, lowest = await newest(conversation, view, wanted(key))
    return (ordered(And((Numbered(tuple(among)), key))), lowest) if lowest else (key, 0)


async def looked_at(conversation: Conversation, view: View, key: Key) -> int:
    """How many messages a search has to look at."""
    among = wanted(key)
    if among == EVERY_UID:
        return view.total
    await view.read(conversation.reading, among)
    return count(view.present(among))


async def whole(conversation: Conversation, view: View, key: Key) -> None:
    """Raises `Refusal` for a search that would have to leave messages out, where that is of no use (RFC 9738 §3.3)."""
    if (await narrowed(conversation, view, key))[1]:
        raise Refusal(TOO_MANY, f"MESSAGELIMIT {conversation.service.config.message_limit}")


def savable(conversation: Conversation, picked: Ranges) -> None:
    """Raises `Refusal` for more messages than one COPY may take; the code says how far down it would have come."""
    most = conversation.service.config.saved_at_once
    _, lowest = cut(picked, most)
    if lowest:
        raise Refusal(f"{TOO_MANY}. Nothing was copied", f"MESSAGELIMIT {most} {lowest}")


def told(conversation: Conversation, answer: Answer, lowest: int) -> Answer:
    """The answer with MESSAGELIMIT, if not everything was done; where it has a code already, the limit is told before (RFC 9738 §3.1)."""
    if not lowest:
        return answer
    most = conversation.service.config.message_limit
    code, words = f"MESSAGELIMIT {most} {lowest}", f"Only the last {most} messages were looked at"
    if answer.status == "OK" and not answer.code:
        return msgspec.structs.replace(answer, words=words, code=code)
    conversation.out.status(b"*", "NO", words, code)
    return answer
