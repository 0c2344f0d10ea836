"""UIDBATCHES.

RFC 10022: the newest messages first, each range from its highest message down to the one above the next range, the last down to 1. Nothing is read
but the uids at the ends. Not here: what a client does with a batch.
"""

from __future__ import annotations

import asyncio
from typing import Final

from postroom.proto.imap.commands.batching import UidBatches
from postroom.proto.imap.rendering import string
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal

LEAST_BATCH: Final = (
    500  # messages in a batch: fewer would be many ranges; the RFC has servers take this size
)


async def uid_batches(conversation: Conversation, command: UidBatches) -> Answer:
    """Tells the ranges that there are, of those that are wanted."""
    if command.size < LEAST_BATCH:
        raise Refusal(f"A batch has at least {LEAST_BATCH} messages", "TOOFEW")
    view, tx = conversation.selected, conversation.reading
    count = -(-view.total // command.size)
    first, last = command.span or (1, count)
    ranges: list[bytes] = []
    for number in range(first, min(last, count) + 1):
        high = await view.uid_at(tx, view.total - (number - 1) * command.size)
        below = view.total - number * command.size
        low = await view.uid_at(tx, below) + 1 if below > 0 else 1
        ranges.append(b"%d:%d" % (high, low) if high != low else b"%d" % high)
        await asyncio.sleep(0)
    listed = b" " + b",".join(ranges) if ranges else b""
    conversation.out.untagged(b"UIDBATCHES (TAG %b)%b" % (string(conversation.machine.tag), listed))
    return Answer("Those are the batches")


HANDLERS: Final[Handlers] = {UidBatches: uid_batches}
