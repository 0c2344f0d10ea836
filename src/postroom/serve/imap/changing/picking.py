"""Which messages a command means: sets of numbers and uids become uids of the selected mailbox, in slices when there are many.

RFC 9051 §2.3.1.2 and §6.4.9 (a number that there is not is an error, a uid is passed over). Not here: what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from postroom.proto.imap.sets import Ranges, SequenceSet
from postroom.serve.imap.conversation.conversation import Conversation, Refusal


async def pick(conversation: Conversation, wanted: SequenceSet, *, by_uid: bool) -> Ranges:
    """The uids of messages that the session knows; raises BAD for a number beyond the last."""
    view, reading = conversation.selected, conversation.reading
    try:
        uids = await view.uids(reading, wanted, by_uid=by_uid)
    except IndexError:
        raise Refusal("There is no message with such a number", status="BAD") from None
    await view.read(reading, uids)
    return view.present(uids)


def writable(conversation: Conversation) -> None:
    """Raises NO when the mailbox was opened to be looked at only."""
    if conversation.selected.read_only:
        raise Refusal("The mailbox is open for reading only: SELECT it to change it", "READ-ONLY")


def slices(ranges: Ranges, most: int) -> Iterator[Ranges]:
    """The ranges cut into lists with at most `most` uids each."""
    part: Ranges = []
    room = most
    for start, last in ranges:
        first = start
        while last - first >= room:
            yield [*part, (first, first + room - 1)] if room else part
            first += room
            part, room = [], most
        if first <= last:
            part.append((first, last))
            room -= last - first + 1
    if part:
        yield part
