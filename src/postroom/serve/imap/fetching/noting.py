"""What an IMAP session adds to the journeys of messages: that somebody has read them.

RFC 9051 §2.3.2 (\\Seen): a message is read when its body is fetched for the first time. A person reads one, or a few at once; a program that fetches a whole
mailbox is no reader, and would fill the journal. Not here: where notes are kept.
"""

from __future__ import annotations

from collections.abc import Collection

from postroom.message.journey.events import READ_TOGETHER, Connected, Handled, Hop, HopKind, Secured
from postroom.net.session import Connection, Peer
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.store.mailboxes import mailboxes, messages


async def note_read(conversation: Conversation, uids: Collection[int]) -> None:
    """These messages of the selected mailbox have become \\Seen by being fetched."""
    note, connection = conversation.service.note, conversation.connection
    if note is None or connection is None or not 0 < len(uids) <= READ_TOGETHER:
        return
    ref, hop = conversation.selected.ref, _hop(conversation, connection)
    hop.record(
        Handled(0, "retrieved", conversation.address, (await mailboxes.get(conversation.reading, ref)).name)
    )
    for uid in uids:
        for copy in await messages.sizes(conversation.reading, ref, uid - 1, 1):
            if copy.uid == uid:
                note(ref.account_id, copy.email_id, hop)


def _hop(conversation: Conversation, connection: Connection) -> Hop:
    tls = connection.tls
    hop = Hop(HopKind.READ, conversation.service.now())
    hop.record(Connected(0, "imap", _end(connection.peer), _end(connection.local)))
    if tls is not None:
        hop.record(Secured(0, tls.version, tls.cipher, tls.server_name, tls.subject, tls.verified))
    return hop


def _end(peer: Peer) -> str:
    if not peer.ip:
        return ""
    return f"[{peer.ip}]:{peer.port}" if ":" in peer.ip else f"{peer.ip}:{peer.port}"
