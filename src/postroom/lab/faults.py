"""Faults by address: a recipient whose name asks for trouble gets it, the same way every time.

`tempfail@`, `permfail@` and `452@` are refused at RCPT, `slow@` is accepted slowly, `drop-after-data@` loses the reply after the message was
made durable (RFC 5321 §4.5.3.2.6: the sender will try again). A door like any other, in front of the real one, which also asks what was switched on
(`lab.fault_rules`). Not here: faults of the DNS (`lab.dns`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Door, HangUp, Parcel
from postroom.lab.fault_rules import FaultRules, Step
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

    `sleep` is the lab's clock, so that a moved clock ends a slow answer; `rules` are the faults that were switched on.
    """

    def __init__(
        self,
        door: Door,
        domain: str,
        sleep: Callable[[float], Awaitable[None]],
        rules: FaultRules | None = None,
    ) -> None:
        self._door = door
        self._domain = domain
        self._sleep = sleep
        self._rules = rules or FaultRules()

    def _fault(self, recipient: Recipient) -> str:
        """The fault that an address asks for, "" for none."""
        address = recipient.address
        return fold(address.local) if address.domain == self._domain else ""

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """As the door behind."""
        await self._go_wrong("mail", incoming, ())
        await self._door.mail(client, incoming)

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """The fault that the local part names, else as the door behind."""
        await self._go_wrong("rcpt", incoming, (recipient,))
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
        recipients = tuple(incoming.envelope.recipients)
        await self._go_wrong("data", incoming, recipients)
        receipt = await self._door.message(client, incoming, parcel)
        await self._go_wrong("after-data", incoming, recipients)
        if any(self._fault(recipient) == "drop-after-data" for recipient in recipients):
            raise HangUp
        return receipt

    async def _go_wrong(self, at: Step, incoming: Incoming, recipients: Sequence[Recipient]) -> None:
        """What was switched on for this step."""
        sender = incoming.envelope.sender
        addresses = [str(one.address) for one in recipients]
        rule = self._rules.turn(at, str(sender or ""), addresses, self._domain)
        if rule is None:
            return
        if rule.delay:
            await self._sleep(rule.delay)
        if rule.drop:
            raise HangUp
        refusal = rule.refusal()
        if refusal is not None:
            raise refusal
