"""One connection's way past the guard: a door in front of a door.

It looks, and then asks the door behind. RFC 5321 §3.3 (unknown recipients are refused at RCPT, so that no report goes to a forged sender), §4.5.1
(postmaster); what was found is in the reply, in the log (`detail`) and in the journey (`Decided`). Nothing is looked up before MAIL, nothing
at all of who has logged in or is exempt. Not here: the checks.
"""

from __future__ import annotations

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Door, Parcel
from postroom.intake.guard.findings import Finding, is_reachable, refusal
from postroom.intake.guard.guard import Guard
from postroom.intake.guard.milters import Filtering
from postroom.intake.rates import Counted
from postroom.message.address import fold
from postroom.message.envelope import Recipient
from postroom.message.errors import NoSuchUser, PolicyRefused
from postroom.message.journey.events import Decided
from postroom.net.networks import network_of


class Visit:
    """Made anew for each connection, and when a proxy says that it speaks for another client."""

    __slots__ = (
        "_client_findings",
        "_door",
        "_filtering",
        "_findings",
        "_free",
        "_guard",
        "_helo",
        "_refusals",
    )

    def __init__(self, guard: Guard, door: Door, client: Client) -> None:
        self._guard = guard
        self._door = door
        self._free = guard.is_free(client)
        self._client_findings: list[Finding] | None = None
        self._findings: list[Finding] = []
        self._helo = ""
        self._refusals = 0
        self._filtering: Filtering | None = None

    @property
    def greet_delay(self) -> float:
        """Seconds until the greeting: who speaks before it is no mail server (RFC 5321 §3.1)."""
        return 0.0 if self._free else self._guard.terms.greet_delay

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """Looks the client up, and counts its messages."""
        guard = self._guard
        if self._is_checked(client):
            if guard.rates:
                guard.rates.take(Counted.MESSAGES, network_of(client.peer.ip))
            await self._look(client)
            for finding in self._findings:
                _note(incoming, finding)
        await self._door.mail(client, incoming)
        if guard.milters and guard.filters(client):
            if self._filtering is None:
                self._filtering = Filtering(guard.milters)
            await self._filtering.mail(client, incoming)

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """Refuses whom too much speaks against, then whom the door does not know; the rest may have to come again."""
        guard = self._guard
        checked = self._is_checked(client)
        if guard.rates:
            self._count(client, incoming, recipient)
        if checked and not is_reachable(recipient.address):
            await self._judge(client)
        try:
            await self._door.rcpt(client, incoming, recipient)
        except NoSuchUser:
            if checked and guard.rates:
                guard.rates.count(Counted.UNKNOWN, network_of(client.peer.ip))
            raise
        if checked and guard.greylist is not None and not is_reachable(recipient.address):
            _note(incoming, await guard.come_again(client, incoming, recipient))
        if self._filtering is not None:
            await self._filtering.rcpt(client, incoming, recipient)

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        """Shows it to the filters."""
        filtering = self._filtering
        if filtering is not None:
            filtered = await filtering.message(client, incoming, parcel)
            if filtered.discarded:
                return Receipt(parcel.accept_id, [None] * len(incoming.envelope.recipients))
            incoming, parcel = filtered.incoming, filtered.parcel
        return await self._door.message(client, incoming, parcel)

    async def hold(self) -> None:
        """After a refusal: the more there were, the longer the next one waits, within bounds."""
        if not self._free:
            self._refusals += 1
            await self._guard.hold(self._refusals)

    def close(self) -> None:
        """The connection has ended."""
        if self._filtering is not None:
            self._filtering.close()

    def _is_checked(self, client: Client) -> bool:
        return not self._free and client.login is None

    def _count(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        rates = self._guard.rates
        if client.login is not None:
            rates.take(Counted.SENT, client.login.address)
        elif not self._free:
            network = network_of(client.peer.ip)
            rates.check(Counted.UNKNOWN, network)
            rates.take(Counted.RECIPIENTS, network)
            if incoming.envelope.sender is None:
                rates.take(Counted.BOUNCES, fold(str(recipient.address)))

    async def _look(self, client: Client) -> None:
        """What the address and its name say is found out once, what the greeting says for each greeting."""
        if self._client_findings is None:
            self._client_findings = await self._guard.client_findings(client)
            self._helo = ""
        if self._helo != client.helo:
            self._helo = client.helo
            self._findings = self._client_findings + await self._guard.greeting_findings(client)

    async def _judge(self, client: Client) -> None:
        guard = self._guard
        why = refusal(self._findings, guard.terms.refuse_at)
        if why:
            reason = await guard.reason(client, self._findings)
            public = f"{why[0].upper()}{why[1:]}{': ' if reason else ''}{reason}"
            raise PolicyRefused(public, detail="; ".join(map(str, self._findings)))


def _note(incoming: Incoming, finding: Finding) -> None:
    because = f"{finding.because} ({finding.points:+d})" if finding.points else finding.because
    incoming.hop.record(Decided(0, finding.check, finding.result, because))
