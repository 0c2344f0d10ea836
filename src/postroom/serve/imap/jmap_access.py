"""GETJMAPACCESS: where the same mail is to be had by JMAP.

RFC 9698 §3. Messages and mailboxes have the same ids there (`message.ids`), and the same logins open both. Not here: JMAP.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.session import GetJmapAccess
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal


async def get_jmap_access(conversation: Conversation, _: GetJmapAccess) -> Answer:
    """Tells the URL of the Session resource; BAD where there is none."""
    url = conversation.service.config.jmap()
    if not url:
        raise Refusal("There is no JMAP here", status="BAD")
    conversation.out.untagged(b"JMAPACCESS " + rendering.string(url.encode()))
    return Answer("That is the place")


HANDLERS: Final[Handlers] = {GetJmapAccess: get_jmap_access}
