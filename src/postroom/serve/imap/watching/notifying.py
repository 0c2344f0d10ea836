"""NOTIFY.

RFC 5465 §3.1: what has gathered in the selected mailbox is told at once, where watched mailboxes stand before the tagged answer. Not here: what is told
from then on (`serve.imap.watching.telling`, `serve.imap.watching.watching`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.proto.imap.commands.notifying import Event, Notify
from postroom.proto.imap.sources import Source
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.conversation.watch import EVERYTHING, Wishes
from postroom.serve.imap.mailboxes import names
from postroom.serve.imap.watching import watching
from postroom.serve.imap.watching.telling import tell

EVENTS: Final = " ".join(Event)


async def notify(conversation: Conversation, command: Notify) -> Answer:
    """Replaces what was wanted before, or leaves it when the command cannot be done."""
    if command.unknown:  # RFC 5465 §3.1
        raise Refusal("There are no such events here", f"BADEVENT ({EVENTS})")
    groups = tuple(
        msgspec.structs.replace(
            group, source=Source(group.source.kind, tuple(map(names.normal, group.source.names)))
        )
        for group in command.groups
    )
    wishes, before = Wishes(groups), conversation.wishes
    watch = await watching.begin(conversation, wishes.others, told=command.status)
    try:
        if command.groups:
            conversation.wishes = wishes
            await tell(conversation, EVERYTHING, asked=True)
    except BaseException:
        conversation.wishes = before
        if watch is not None:
            watch.close()
        raise
    conversation.listen(wishes, watch)
    return Answer("You will hear of it" if command.groups else "You will hear of nothing")


HANDLERS: Final[Handlers] = {Notify: notify}
