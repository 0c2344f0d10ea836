"""Faults by address, and faults at a door: a recipient whose name asks for trouble gets it, the same way every time, and so does whoever a rule is for.

RFC 5321 §4.2 (replies), §4.5.3.2.6 (a reply that is lost: the sender will try again). A door like any other, in front of the real one. What an address asks for is a
rule like those that are switched on (`lab.faults.rules`), and comes after them. Not here: faults of connections, commands and the DNS.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Door, HangUp, Parcel
from postroom.lab.faults.rules import FaultRule, FaultRules, Step, Terms
from postroom.message.envelope import Recipient
from postroom.net.session import Peer

SLOW_SECONDS: Final = 5.0
DRIP_SECONDS: Final = 0.1  # between two octets of the answer to drip@


class ByAddress(msgspec.Struct, frozen=True):
    """What the recipients of one name get: a rule. `takes`: RCPT is answered with 250, so somebody has to stand behind the address."""

    words: str
    at: Step
    terms: Terms
    takes: bool = False


FAULTS: Final[Mapping[str, ByAddress]] = MappingProxyType(
    {
        "tempfail": ByAddress(
            "RCPT is answered 451 4.3.0",
            "rcpt",
            {"reply": "451 4.3.0 A temporary failure, as asked for by this address"},
        ),
        "permfail": ByAddress(
            "RCPT is answered 550 5.1.1",
            "rcpt",
            {"reply": "550 5.1.1 A permanent failure, as asked for by this address"},
        ),
        "452": ByAddress(
            "RCPT is answered 452 4.5.3",
            "rcpt",
            {"reply": "452 4.5.3 Too many recipients, as asked for by this address"},
        ),
        "full": ByAddress(
            "RCPT is answered 452 4.2.2",
            "rcpt",
            {"reply": "452 4.2.2 The mailbox is full, as asked for by this address"},
        ),
        "slow": ByAddress(
            f"RCPT is answered after {SLOW_SECONDS:.0f} s", "rcpt", {"delay": SLOW_SECONDS}, takes=True
        ),
        "drip": ByAddress(
            f"RCPT is answered with an octet every {DRIP_SECONDS:g} s",
            "rcpt",
            {"drip": DRIP_SECONDS},
            takes=True,
        ),
        "drop": ByAddress("RCPT cuts the connection", "rcpt", {"drop": True}),
        "data-tempfail": ByAddress(
            "the message is answered 451 4.3.0",
            "data",
            {"reply": "451 4.3.0 A temporary failure, as asked for by this address"},
            takes=True,
        ),
        "data-permfail": ByAddress(
            "the message is answered 554 5.6.0",
            "data",
            {"reply": "554 5.6.0 A permanent failure, as asked for by this address"},
            takes=True,
        ),
        "drop-data": ByAddress(
            "the connection is cut at the end of the message, before it is taken",
            "data",
            {"drop": True},
            takes=True,
        ),
        "drop-after-data": ByAddress(
            "the message is taken, then the connection is cut without a reply",
            "after-data",
            {"drop": True},
            takes=True,
        ),
    }
)


def _nobody(_peer: Peer, _seconds: float) -> None:
    """For a door whose connections cannot be slowed down."""


class FaultyDoor:
    """Stands before `door` of the domain whose addresses ask for faults: other servers pass them on like any address.

    `sleep` is the lab's clock, so that a moved clock ends a slow answer; `rules` are the faults that were switched on. `drip` has the next answer to a
    client come octet by octet, in so many seconds each.
    """

    def __init__(
        self,
        door: Door,
        domain: str,
        sleep: Callable[[float], Awaitable[None]],
        rules: FaultRules | None = None,
        drip: Callable[[Peer, float], None] = _nobody,
    ) -> None:
        self._door = door
        self._domain = domain
        self._sleep = sleep
        self._rules = rules or FaultRules()
        self._drip = drip
        self._addressed = FaultRules()
        for name, fault in FAULTS.items():
            terms: Terms = {**fault.terms, "recipient": f"{name}@{domain}"}
            self._addressed.add(FaultRule(fault.at, **terms))

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """As the door behind."""
        await self._go_wrong("mail", client, incoming, ())
        await self._door.mail(client, incoming)

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """What goes wrong for this recipient, else as the door behind."""
        await self._go_wrong("rcpt", client, incoming, (recipient,))
        await self._door.rcpt(client, incoming, recipient)

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        """As the door behind, and then perhaps not a word."""
        recipients = tuple(incoming.envelope.recipients)
        await self._go_wrong("data", client, incoming, recipients)
        receipt = await self._door.message(client, incoming, parcel)
        await self._go_wrong("after-data", client, incoming, recipients)
        return receipt

    async def _go_wrong(
        self, at: Step, client: Client, incoming: Incoming, recipients: Sequence[Recipient]
    ) -> None:
        """What was switched on for this step, or is asked for by an address."""
        sender = str(incoming.envelope.sender or "")
        addresses = [str(one.address) for one in recipients]
        for rules in (self._rules, self._addressed):
            rule = rules.turn(at, sender, addresses, self._domain)
            if rule is not None:
                await self._happen(rule, client)

    async def _happen(self, rule: FaultRule, client: Client) -> None:
        if rule.delay:
            await self._sleep(rule.delay)
        if rule.drop:
            raise HangUp
        if rule.drip:
            self._drip(client.peer, rule.drip)
        refusal = rule.refusal()
        if refusal is not None:
            raise refusal
