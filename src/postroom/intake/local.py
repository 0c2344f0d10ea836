"""The door for users of this machine: `sendmail`, cron, whatever hands a message to the control socket or the drop directory.

The kernel has said who it is, and that goes into the Received field; the sender may be any, as local mail has always had it. RFC 6409 §8
(repairs). Not here: options and header recipients.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from postroom.intake.client import Client, Incoming
from postroom.intake.door import Desk, Parcel, Premises
from postroom.message.address import Address
from postroom.message.composing.modifications import apply_modifications, modifications
from postroom.message.envelope import BodyKind, Envelope, Recipient
from postroom.message.errors import MailError
from postroom.message.headers.trace import close_header
from postroom.message.journey.events import Authenticated, Hop, HopKind
from postroom.net.session import Peer
from postroom.store.blobs.spilled import Content, head_of, with_head


class LocalDoor:
    """Takes messages from local users. `unique` makes the left half of a Message-ID."""

    def __init__(self, premises: Premises, unique: Callable[[], str]) -> None:
        self._desk = Desk(premises)
        self._premises = premises
        self._unique = unique

    async def submit(self, user: str, envelope: Envelope, content: Content) -> int:
        """Accepts a message with CRLF line ends; gives the journey id. Raises `MailError` and keeps nothing.

        Of some recipients that cannot be, the sender gets a report, as of mail that came by SMTP, and the others get the message; where all fail, or he
        cannot be told, it is refused as a whole.
        """
        self._desk.check_room(len(content))
        hop = Hop(HopKind.RECEIVED, self._premises.clock.now())
        hop.record(Authenticated(0, user, "local"))
        incoming = Incoming(envelope, hop, vouched=True)
        for number, recipient in enumerate(envelope.recipients):
            try:
                incoming.known[number] = await self._desk.resolve(recipient)
            except (
                MailError
            ) as error:  # acceptance, which does not know this one, comes to the same and reports it
                if not error.permanent or not await self._hears(envelope.sender):
                    raise
        head = close_header(head_of(content))
        unique = f"{self._unique()}@{self._premises.hostname}"
        changes = modifications(head, envelope.sender, self._desk.date(), unique)
        content = with_head(content, apply_modifications(head, changes))
        if envelope.body is BodyKind.SEVEN_BIT and not await _is_ascii(content):
            envelope.body = BodyKind.EIGHT_BIT
        client = Client(Peer(""), Peer(""), local_user=user)
        accept_id = self._premises.next_id()
        await self._desk.take(client, incoming, Parcel(accept_id, content, []), content)
        return accept_id

    async def _hears(self, sender: Address | None) -> bool:
        """Whether a report would reach somebody, as far as this system knows."""
        try:
            if sender is not None:
                await self._desk.resolve(Recipient(sender))
        except MailError:
            return False
        return sender is not None


async def _is_ascii(content: Content) -> bool:
    if isinstance(content, bytes):
        return content.isascii()
    return await asyncio.to_thread(content.kind, BodyKind.SEVEN_BIT) is BodyKind.SEVEN_BIT
