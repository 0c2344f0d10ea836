"""The switches of a lab: faults with names and faults by rule, put on and taken off while it runs.

One list of all that is on, for the command line, the API, the page and tests. RFC 8461 §3.1 (a policy that has changed has another id), RFC 9208 §3 (a full
mailbox). Not here: which faults there are (`lab.faults.mishaps`, `lab.faults.rules`), where they enter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from postroom.app.server import Server
from postroom.lab.faults.mishaps import FULL_DISK, FULL_MAILBOX, Chosen, Troubles
from postroom.lab.faults.rules import FaultRule, FaultRules
from postroom.store.engine.transaction import Transaction

_ELSEWHERE: Final = frozenset(
    {"connect", "banner", "tls", "smtp", "dns"}
)  # what a connection that stands does not come to any more
BRIM: Final = 1 << 50  # octets that a full mailbox seems to hold, and may hold
_FILL: Final = "UPDATE accounts SET used_bytes = used_bytes + $2, quota_bytes = $2 WHERE account_id = $1"
_EMPTY: Final = "UPDATE accounts SET used_bytes = used_bytes - $2, quota_bytes = $3 WHERE account_id = $1"
_FOUND: Final = "SELECT account_id, quota_bytes, used_bytes FROM accounts ORDER BY account_id"


async def emptied(tx: Transaction) -> None:
    """Mailboxes that were full when a lab was killed are so no longer; what they were allowed to hold is not known any more."""
    rows = await tx.fetch("SELECT account_id FROM accounts WHERE quota_bytes = $1 AND used_bytes >= $1", BRIM)
    await tx.executemany(_EMPTY, [(row[0], BRIM, 0) for row in rows])


class Switches:
    """What is wrong in a lab now. `server` gives a domain's, None before it has started; `changed` is awaited when a zone or a policy is another one now,
    `revive` when something is well again: what waits for it in queues is tried at once. `part` has servers
    forget what they know of each other: connections that they keep, answers of the DNS.
    """

    def __init__(
        self,
        rules: FaultRules,
        server: Callable[[str], Server | None],
        changed: Callable[[str], Awaitable[None]],
        revive: Callable[[], Awaitable[None]],
        part: Callable[[], None],
    ) -> None:
        self._rules = rules
        self._server = server
        self._changed = changed
        self._revive = revive
        self._part = part
        self._on: dict[Chosen, list[FaultRule]] = {}
        self._filled: dict[str, list[tuple[int, int]]] = {}  # accounts and their quotas, by domain
        self._applying = asyncio.Lock()  # what is on may change while a server is made to be so

    def __iter__(self) -> Iterator[Chosen]:
        return iter(tuple(self._on))

    def __contains__(self, chosen: Chosen) -> bool:
        return chosen in self._on

    def troubles(self, domain: str) -> Troubles:
        """All that is wrong with one domain."""
        return Troubles(self._on, domain)

    def hits(self, chosen: Chosen) -> int:
        """How often it has happened, as far as that can be counted."""
        return sum(rule.hits for rule in self._on.get(chosen, ()))

    def start_with(self, chosen: Sequence[Chosen]) -> None:
        """What is wrong from the start on: before there are servers."""
        for one in chosen:
            self._on.setdefault(one, [self._rules.add(rule) for rule in one.rules()])

    def add(self, rule: FaultRule) -> FaultRule:
        """One more rule."""
        if rule.stage in _ELSEWHERE:
            self._part()
        return self._rules.add(rule)

    async def put_on(self, chosen: Chosen) -> None:
        """Something is wrong from now on; what is on already stays so."""
        if chosen not in self._on:
            self.start_with([chosen])
            await self.apply(chosen)

    async def take_off(self, chosen: Chosen) -> None:
        """It is well again."""
        if chosen not in self._on:
            return
        for rule in self._on.pop(chosen):
            self._rules.remove(rule)
        await self.apply(chosen)
        await self._revive()

    async def remove(self, *rules: FaultRule) -> None:
        """These rules are over."""
        for rule in rules:
            self._rules.remove(rule)
        if any(rule.stage in _ELSEWHERE for rule in rules):
            self._part()
        if any(rule.hits for rule in rules):
            await self._revive()

    async def clear(self) -> None:
        """All is well again, and all rules are gone."""
        for chosen in self:
            await self.take_off(chosen)
        await self.remove(*self._rules)

    async def begin_again(self, chosen: Sequence[Chosen]) -> int:
        """As it was at the start, with what was wrong then; gives how many were switched on since."""
        on = self.described()
        await self.clear()
        for one in chosen:
            await self.put_on(one)
        return len(on) - len(self.described())

    async def apply(self, chosen: Chosen) -> None:
        """Has the domain's server and zone be as they are with what is on."""
        server = self._server(chosen.domain)
        if server is None:
            return
        if chosen.name == FULL_MAILBOX:
            async with self._applying:
                await self._fill(server, chosen)
        if chosen.name == FULL_DISK:
            server.parts.room.forget()
        await self._changed(chosen.domain)
        self._part()

    async def welcome(self, domain: str) -> None:
        """Somebody has moved in at a domain: his mailbox is as full as all others there."""
        server, full = self._server(domain), Chosen(FULL_MAILBOX, domain)
        if server is not None and full in self._on:
            async with self._applying:
                await self._fill(server, full)

    @property
    def is_any_full(self) -> bool:
        """Whether mailboxes seem to be full, which the store would remember."""
        return bool(self._filled)

    def is_full(self, domain: str) -> bool:
        """Whether a domain's disk is."""
        return Chosen(FULL_DISK, domain) in self._on

    async def _fill(self, server: Server, chosen: Chosen) -> None:
        """Fills all mailboxes of a server that are not full yet, or empties those that were filled."""
        filled = self._filled.get(chosen.domain)

        async def fill(tx: Transaction) -> list[tuple[int, int]]:
            rows = [row for row in await tx.fetch(_FOUND) if row[2] < BRIM]
            await tx.executemany(_FILL, [(row[0], BRIM) for row in rows])
            return [(row[0], row[1]) for row in rows]

        async def empty(tx: Transaction) -> None:
            await tx.executemany(_EMPTY, [(account, BRIM, quota) for account, quota in filled or ()])

        if chosen in self._on:
            self._filled[chosen.domain] = [*(filled or ()), *await server.engine.write(fill)]
        elif chosen not in self._on and filled is not None:
            await server.engine.write(empty)
            del self._filled[chosen.domain]
        server.parts.router.forget()

    def described(self) -> list[dict[str, Any]]:
        """What is on, for programs: named faults first, then rules by their numbers."""
        named = {id(rule) for rules in self._on.values() for rule in rules}
        told: list[dict[str, Any]] = [
            {"fault": one.key, "words": one.mishap.words}
            | ({"happened": self.hits(one)} if self._on[one] else {})
            for one in self
        ]
        for rule in self._rules:
            if id(rule) not in named:
                left = {"left": max(0, rule.times - rule.hits)} if rule.times else {}
                terms = {name: value for name, value in rule.terms.items() if name != "times"}
                told.append({"number": rule.number, "at": rule.at, **terms, "happened": rule.hits, **left})
        return told
