"""FLAGS and PERMANENTFLAGS: when a mailbox is selected, and again when a keyword comes up that they did not name.

RFC 9051 §7.3.5 and §7.1 (PERMANENTFLAGS), RFC 4314 §5.1.1 (who may change which). A client may remember keywords by their place in the list, so that it
is told of one before a message has it. Not here: the flags of messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from postroom.proto.imap import rendering
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.conversation.view import View
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import Right, rights_in

_RIGHTS = {"\\Seen": Right.KEEP_SEEN, "\\Deleted": Right.DELETE_MESSAGE}  # what others need is WRITE_FLAGS


async def tell_flags(conversation: Conversation, view: View) -> None:
    """The flags that messages of the mailbox have or may have, and those that this session may change."""
    tx, out = conversation.reading, conversation.out
    keywords = await mailboxes.keywords(tx, view.ref)
    view.keywords.update(keywords)
    flags = [*rendering.SYSTEM_FLAGS.decode().split(" "), *keywords]
    permanent = [] if view.read_only else _permanent(flags, await rights_in(tx, view.ref))
    out.untagged(f"FLAGS ({' '.join(flags)})")
    out.status(b"*", "OK", "Flags that are kept", f"PERMANENTFLAGS ({' '.join(permanent)})")


async def tell_keywords(conversation: Conversation, view: View, used: Collection[str]) -> None:
    """Tells the flags anew, if messages have one of these keywords that was not told."""
    if not view.keywords.issuperset(used):
        view.keywords.update(used)
        await tell_flags(conversation, view)


def _permanent(flags: Iterable[str], rights: str) -> list[str]:
    kept = [flag for flag in flags if _RIGHTS.get(flag, Right.WRITE_FLAGS) in rights]
    return [*kept, "\\*"] if Right.WRITE_FLAGS in rights else kept
