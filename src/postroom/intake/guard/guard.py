"""What the visits of one service share: terms, lists, counts, greylist, filters, and the places where somebody waits.

Not here: what happens to one connection (`visit`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec

from postroom.intake.client import Client, Incoming
from postroom.intake.guard.findings import Finding
from postroom.intake.guard.greylist import Greylist
from postroom.intake.guard.lists import Lists
from postroom.intake.guard.milters import Milters
from postroom.intake.guard.names import Greeting, NameWeights, greeting_findings, reverse_findings
from postroom.intake.rates import Rates
from postroom.mailauth.spf.check import check_mail_from
from postroom.mailauth.spf.verdict import Client as SpfClient
from postroom.mailauth.spf.verdict import Result
from postroom.message.envelope import Recipient
from postroom.net.networks import Networks
from postroom.proto.dns.resolver import Resolver

T = TypeVar("T")
U = TypeVar("U")

MOST_HELD = 20.0  # seconds that one reply waits


class GuardTerms(msgspec.Struct, frozen=True):
    """`refuse_at` points refuse; 0: nobody. A refusal waits `hold` seconds for each one before it, of `most_held` connections at a time.

    `exempt` networks are neither looked at nor made to wait. `own_names` are folded. The DNS is waited for for `dns_seconds` at a time; what
    it has not said by then counts for nothing.
    """

    refuse_at: int = 0
    greet_delay: float = 0.0
    hold: float = 0.0
    most_held: int = 100
    exempt: Networks = Networks()
    weights: NameWeights = NameWeights()
    own_names: frozenset[str] = frozenset()
    dns_seconds: float = 3.0


class Guard:
    """One service's. Parts that are None or empty cost nothing."""

    def __init__(
        self, terms: GuardTerms, resolver: Resolver, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self.terms = terms
        self.rates: Rates = Rates({}, lambda: 0.0)
        self.lists: Lists | None = None
        self.greylist: Greylist | None = None
        self.spf = False
        self.milters: Milters | None = None
        self._resolver = resolver
        self._sleep = sleep
        self._held = 0

    @property
    def is_useful(self) -> bool:
        """Whether there is anything at all to do."""
        terms = self.terms
        looks = (terms.greet_delay, terms.hold, *msgspec.structs.astuple(terms.weights))
        return any(looks) or any((self.rates, self.lists, self.greylist, self.milters))

    def is_free(self, client: Client) -> bool:
        """Whether nothing is looked up of this client: it is of this machine, or exempt."""
        return client.peer.is_loopback or client.peer.ip in self.terms.exempt

    def filters(self, client: Client) -> bool:
        """Whether this client's mail is shown to the filters."""
        return not client.lmtp

    async def client_findings(self, client: Client) -> list[Finding]:
        """What the lists and the DNS say of the client's address."""
        ip, weights = client.peer.ip, self.terms.weights
        found = await self.lists.look(ip) if self.lists else []
        if weights.no_reverse or weights.unconfirmed_reverse:
            nothing: tuple[list[Finding], str] = ([], "")
            wrong, name = await self._within(reverse_findings(self._resolver, ip, weights), nothing)
            found += wrong
            if name and not client.reverse:
                client.reverse, client.received_start = name, ""
        return found

    async def greeting_findings(self, client: Client) -> list[Finding]:
        """What its greeting says."""
        greeting = Greeting(client.helo, client.peer.ip, client.local.ip)
        terms = self.terms
        return await self._within(
            greeting_findings(self._resolver, greeting, terms.own_names, terms.weights), []
        )

    async def reason(self, client: Client, findings: Sequence[Finding]) -> str:
        """What the list that weighs most says itself."""
        listing = [one for one in findings if one.check.startswith("list ") and one.points > 0]
        if not listing or self.lists is None:
            return ""
        return await self.lists.reason(client.peer.ip, max(listing, key=lambda one: one.points))

    async def come_again(self, client: Client, incoming: Incoming, recipient: Recipient) -> Finding:
        """The greylist's word; raises `Greylisted`."""
        assert self.greylist is not None
        sender = incoming.envelope.sender

        async def vouched() -> str:
            if not self.spf or sender is None:
                return ""
            who = SpfClient(client.peer.ip, client.helo)
            verdict = await self._within(check_mail_from(self._resolver, who, sender), None)
            if verdict is None or verdict.result is not Result.PASS:
                return ""
            return f"SPF lets {client.peer.ip} send for {sender.domain}"

        return await self.greylist.check(client.peer.ip, sender, recipient.address, vouched)

    async def _within(self, work: Coroutine[Any, Any, T], otherwise: U) -> T | U:
        """The result of questions to the DNS, or `otherwise` when they take too long."""
        asking = asyncio.get_running_loop().create_task(work)
        try:
            done, _ = await asyncio.wait((asking,), timeout=self.terms.dns_seconds)
        finally:
            asking.cancel()
        return asking.result() if done else otherwise

    async def hold(self, refusals: int) -> None:
        """Waits before a refusal is said; nobody waits where too many do already."""
        seconds = min(self.terms.hold * refusals, MOST_HELD)
        if seconds <= 0 or self._held >= self.terms.most_held:
            return
        self._held += 1
        try:
            await self._sleep(seconds)
        finally:
            self._held -= 1
