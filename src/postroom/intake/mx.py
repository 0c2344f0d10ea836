"""The door for other servers (port 25) and for LMTP: mail for domains of ours, from anybody.

RFC 5321 §3.6.1 and §7.1: nothing is relayed for strangers. RFC 2033 (LMTP) uses the same door behind a loopback listener. Not here: the
door for users (`intake.submission`).
"""

from __future__ import annotations

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Desk, Parcel, Premises
from postroom.message.envelope import Recipient
from postroom.message.errors import RelayDenied


class MxDoor:
    """Takes mail for local recipients; a client that has logged in may send anywhere."""

    def __init__(self, premises: Premises) -> None:
        self._desk = Desk(premises)

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """Any sender is as good as another here: the forged ones are for sender authentication to find."""
        self._desk.check_room(incoming.envelope.size)
        if client.login is None:  # RFC 6710 §4.1: strangers do not get ahead of others
            incoming.envelope.priority = min(incoming.envelope.priority, 0)

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """A recipient of ours, else `RelayDenied`."""
        resolved = await self._desk.admit(incoming, recipient)
        if resolved is None and client.login is None:
            raise RelayDenied
        incoming.known[len(incoming.envelope.recipients)] = resolved

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        """Stamped as it came."""
        return await self._desk.take(client, incoming, parcel, parcel.content)
