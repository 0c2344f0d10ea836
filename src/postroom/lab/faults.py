"""Faults by address: a recipient whose name asks for trouble gets it, the same way every time.

`tempfail@`, `permfail@` and `452@` are refused at RCPT, `slow@` is accepted slowly, `drop-after-data@` loses the reply after the message was
made durable (RFC 5321 §4.5.3.2.6: the sender will try again). A door like any other, in front of the real one. Not here: faults of the DNS
(`lab.dns`), and faults that are switched on for a time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Door, HangUp, Parcel
from postroom.message.address import fold
from postroom.message.envelope import Recipient
from postroom.message.errors import NoSuchUser, TooManyRecipients, TryLater

SLOW_SECONDS = 5.0

FAULTS = {
    "tempfail": "RCPT is answered 451 4.3.0",
    "permfail": "RCPT is answered 550 5.1.1",
    "452": "RCPT is answered 452 4.5.3",
    "slow": f"RCPT is answered after {SLOW_SECONDS:.0f} s",
    "drop-after-data": "the message is taken, then the connection is cut without a reply",
}


class FaultyDoor:
    """Stands before `door` of the domain whose addresses ask for faults: other servers pass them on like any address.

    `sleep` is the lab's clock, so that a moved clock ends a slow answer.
    """

    def __init__(self, door: Door, domain: str, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._door = door
        self._domain = domain
        self._sleep = sleep

    def _fault(self, recipient: Recipient) -> str:
        """The fault that an address asks for, "" for none."""
        address = recipient.address
        return fold(address.local) if address.domain == self._domain else ""

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """As the door behind."""
        await self._door.mail(client, incoming)

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """The fault that the local part names, else as the door behind."""
        match self._fault(recipient):
            case "tempfail":
                raise TryLater("A temporary failure, as asked for by this address")
            case "permfail":
                raise NoSuchUser("A permanent failure, as asked for by this address")
            case "452":
                raise TooManyRecipients("Too many recipients, as asked for by this address")
            case "slow":
                await self._sleep(SLOW_SECONDS)
        await self._door.rcpt(client, incoming, recipient)

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        """As the door behind, and then perhaps not a word."""
        receipt = await self._door.message(client, incoming, parcel)
        recipients = incoming.envelope.recipients
        if any(self._fault(recipient) == "drop-after-data" for recipient in recipients):
            raise HangUp
        return receipt
