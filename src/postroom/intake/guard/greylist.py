"""Greylisting: whoever is unknown is asked to come again, and whoever comes again is taken.

RFC 6647 §2.4 (triples), §2.7 (exceptions), §5 (what to watch for: a network rather than an address, sender addresses that change with every
message). A domain several of whose triples from one network came again is known there; so is, if it is wished, a sender whom SPF lets use that
client. Not here: the rows (`store.peers.greylist`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import msgspec

from postroom.intake.guard.findings import Finding
from postroom.message.address import Address, fold
from postroom.message.errors import Greylisted
from postroom.net.networks import network_of
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.peers import greylist
from postroom.store.peers.greylist import Seen, Triple

LENGTHS = (24, 64)  # of the networks that may exchange their roles between two tries
MOST_ROWS = 1_000_000  # triples that are remembered
MOST_KEY = 320  # characters of an address in a key
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_DIGITS = re.compile(r"[0-9]+")


class GreylistTerms(msgspec.Struct, frozen=True):
    """Seconds to wait after a first try, seconds in which to come again, days that a triple is remembered after its last message.

    After `known_after` triples of a domain from a network the domain is known there; 0: never. `spf` lets pass whom SPF lets.
    """

    wait: int = 300
    window: int = 2 * 86_400
    days: int = 35
    known_after: int = 5
    spf: bool = True


class Greylist:
    """The decision for one recipient. `now` gives unix microseconds."""

    def __init__(self, terms: GreylistTerms, engine: Engine, now: Callable[[], int]) -> None:
        self._terms = terms
        self._engine = engine
        self._now = now

    async def check(
        self,
        ip: str,
        sender: Address | None,
        recipient: Address,
        vouched: Callable[[], Awaitable[str]],
    ) -> Finding:
        """Why the recipient may be taken; raises `Greylisted`. `vouched` is asked only of somebody new, and gives why he is known, or ""."""
        terms, now = self._terms, self._now()
        triple, domain = keys(ip, sender, recipient)
        reading = self._engine.reading()
        seen = await greylist.get(reading, triple)
        if seen is not None and seen.passes:
            await self._again(triple, seen, now)
            return _passed(f"{triple.network} has sent for {triple.sender or '<>'} before")
        known = await greylist.get(reading, domain) if terms.known_after else None
        if known is not None and known.passes >= terms.known_after:
            await self._again(domain, known, now)
            return _passed(
                f"{triple.network} has sent for {known.passes} others of {domain.sender[1:]} before"
            )
        stale = now - terms.window * _SECOND
        if seen is not None and seen.first >= stale:
            return await self._second(triple, domain, seen, now)
        words = await vouched()
        if words:
            return _passed(words)
        await self._engine.write(lambda tx: greylist.tried(tx, triple, now, stale))
        raise _come_again(terms.wait, triple, "first try")

    async def prune(self) -> bool:
        """Forgets what is old, and the oldest of too much; whether there may be more."""
        now = self._now()
        before, tried = now - self._terms.days * _DAY, now - self._terms.window * _SECOND

        async def work(tx: Transaction) -> int:
            return await greylist.prune(tx, before, tried) or await greylist.prune_beyond(tx, MOST_ROWS)

        return await self._engine.write(work, Urgency.HOUSEKEEPING) >= greylist.PRUNED_AT_ONCE

    async def _second(self, triple: Triple, domain: Triple, seen: Seen, now: int) -> Finding:
        waited = (now - seen.first) // _SECOND
        left = self._terms.wait - waited
        if left > 0:
            raise _come_again(left, triple, f"came again after {waited} s")

        async def work(tx: Transaction) -> None:
            if await greylist.passed(tx, triple, now) == 1 and domain.sender != "@":
                await greylist.passed(tx, domain, now)

        await self._engine.write(work)
        return _passed(f"came again after {waited} s, {self._terms.wait} s were asked for")

    async def _again(self, triple: Triple, seen: Seen, now: int) -> None:
        """Keeps the row young; once a day will do."""
        if now - seen.last > _DAY:

            async def work(tx: Transaction) -> int:
                return await greylist.passed(tx, triple, now)

            await self._engine.write(work)


def keys(ip: str, sender: Address | None, recipient: Address) -> tuple[Triple, Triple]:
    """The triple, and the one that stands for the sender's domain. Numbers and details of a sender's name change with each message."""
    network = network_of(ip, LENGTHS)
    domain = fold(sender.domain) if sender is not None else ""
    local = _DIGITS.sub("#", fold(sender.local).partition("+")[0]) if sender is not None else ""
    name = f"{local}@{domain}" if sender is not None else ""
    to = f"{fold(recipient.local)}@{fold(recipient.domain)}"
    return Triple(network, name[:MOST_KEY], to[:MOST_KEY]), Triple(network, f"@{domain}"[:MOST_KEY], "")


def _passed(because: str) -> Finding:
    return Finding("greylist", "passed", because)


def _come_again(seconds: int, triple: Triple, why: str) -> Greylisted:
    return Greylisted(
        f"Greylisted: try again in {seconds} seconds",
        detail=f"greylist, {why}: {triple.network} {triple.sender or '<>'} {triple.recipient}",
    )
