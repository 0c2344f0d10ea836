"""MTA-STS policies of recipients' domains: looked up, fetched, kept.

RFC 8461 §3.1 (a record says that there is a policy, and when it has changed), §3.3 (fetched by HTTPS, with limits; a policy that is kept holds when no
other can be had), §5.1 (when what is asked), §10.2 (policies are renewed before they end). A policy is in memory after its first use; mail waits for
a fetch only when there is none yet, or a new one. Not here: the text (`proto.http.mta_sts`), HTTPS (`net.https`), rows (`store.peers.sts_policies`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import msgspec

from postroom.deliver.mx import ascii_domain, asked
from postroom.deliver.tls_outcome import PolicyKind, ResultKind, TlsOutcome
from postroom.message.errors import NoSuchDomain
from postroom.message.journey.events import Record
from postroom.net.clock import Clock
from postroom.net.https import NotFetched, Web
from postroom.proto.dns.answer import Answer
from postroom.proto.dns.resolver import Resolver, normal_name
from postroom.proto.http.client import Request
from postroom.proto.http.mta_sts import MOST_OCTETS, WELL_KNOWN, BadPolicy, Policy, parse_policy, record_id
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.peers import sts_policies
from postroom.store.peers.sts_policies import StoredPolicy

KEPT_IN_MEMORY = 10_000  # domains whose policies, or lack of one, are in memory
LOOK_AGAIN = 600.0  # seconds after which a domain's row is read again: another process may have renewed it
HOLD_OFF = 300.0  # seconds after a failed fetch, RFC 8461 §3.3
DAY = 86_400_000_000
FORGOTTEN = 14 * DAY  # microseconds without mail after which a policy is not renewed any more
RENEWED_AT_ONCE = 20  # policies of one turn of the chore
_SECOND = 1_000_000


class Sts(msgspec.Struct, frozen=True):
    """The policy that holds for a domain, None for none; `because` says in words what that is based on."""

    policy: Policy | None
    because: str


class Fetching(msgspec.Struct, frozen=True):
    """What it takes. `note` hears of policies that could not be had."""

    engine: Engine
    resolver: Resolver
    web: Web
    clock: Clock
    note: Callable[[TlsOutcome], None]


class _Kept(msgspec.Struct):
    """What is known of a domain: its policy, if there is one, and what came of the last fetch. `looked` and `not_before` are monotonic seconds: a clock that
    is set right makes nobody wait until the time that it had."""

    looked: float
    id: str = ""
    policy: Policy | None = None
    expires: int = 0
    not_before: float = 0.0  # no fetch until then
    failure: str = ""

    def holds(self, now: int) -> Policy | None:
        return self.policy if now < self.expires else None


class StsPolicies:
    """The policies that a server has to do with."""

    def __init__(self, use: Fetching) -> None:
        self._use = use
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._fetches: dict[str, asyncio.Task[None]] = {}

    async def of(self, name: str, record: Record, at: Callable[[], int]) -> Sts:
        """The policy for mail to a domain; the journey is told of the question."""
        try:
            domain = normal_name(ascii_domain(name))
        except NoSuchDomain:
            return Sts(None, "")
        kept = await self._look(domain)
        answer = await self._use.resolver.txt(f"_mta-sts.{domain}")
        record(asked(answer, at()))
        name = "" if answer.failed else record_id(answer.records) or ""
        clock = self._use.clock
        stale = kept.holds(clock.now()) is None or kept.id != name
        if name and stale and clock.monotonic() >= kept.not_before:
            await self._fetch(domain, name, kept)
        return self._said(domain, kept, answer, has_record=bool(name))

    def _said(self, domain: str, kept: _Kept, answer: Answer[bytes], *, has_record: bool) -> Sts:
        policy = kept.holds(self._use.clock.now())
        if policy is not None:
            also = f", kept ({kept.failure})" if kept.failure else "" if has_record else ", kept"
            return Sts(policy, f"MTA-STS policy {kept.id} of {domain}, mode {policy.mode}{also}")
        if has_record:
            return Sts(None, f"no MTA-STS policy of {domain} can be had: {kept.failure}")
        if answer.failed:
            return Sts(None, f"the DNS does not tell whether {domain} has an MTA-STS policy ({answer.rcode})")
        return Sts(None, f"{domain} has no MTA-STS policy")

    async def renew(self) -> bool:
        """Fetches policies again that will be needed; a chore. True when there are more."""
        use, now = self._use, self._use.clock.now()
        await use.engine.write(lambda tx: sts_policies.prune(tx, now), Urgency.HOUSEKEEPING)
        rows = await sts_policies.due(use.engine.reading(), now, now - FORGOTTEN, RENEWED_AT_ONCE)
        for row in rows:
            kept = await self._look(row.domain)
            before = kept.failure
            answer = await use.resolver.txt(f"_mta-sts.{row.domain}")
            await self._fetch(row.domain, record_id(answer.records) or row.id, kept)
            if kept.failure:
                later = partial(_later, row.domain, now + 3600 * _SECOND)
                await use.engine.write(later, Urgency.HOUSEKEEPING)
                kept.failure = before
        return len(rows) == RENEWED_AT_ONCE

    async def close(self) -> None:
        """Ends all fetches."""
        tasks = list(self._fetches.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, domain: str) -> _Kept:
        """What is known: out of memory, else out of the store."""
        looked, now = self._use.clock.monotonic(), self._use.clock.now()
        kept = self._kept.get(domain)
        if kept is not None and looked - kept.looked < LOOK_AGAIN:
            self._kept.move_to_end(domain)
            return kept
        row = await sts_policies.get(self._use.engine.reading(), domain)
        kept = self._kept.setdefault(domain, _Kept(looked))
        kept.looked = looked
        if row is not None:
            _read(row, kept)
            if now - row.used > DAY:
                await self._use.engine.write(partial(_used, domain, now), Urgency.CLIENT)
        if len(self._kept) > KEPT_IN_MEMORY:
            self._kept.popitem(last=False)
        return kept

    async def _fetch(self, domain: str, name: str, kept: _Kept) -> None:
        """Fetches once for all that wait for it."""
        task = self._fetches.get(domain)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetched(domain, name, kept))
            self._fetches[domain] = task
            task.add_done_callback(lambda _: self._fetches.pop(domain, None))
        await asyncio.shield(task)

    async def _fetched(self, domain: str, name: str, kept: _Kept) -> None:
        use = self._use
        try:
            octets, policy = await fetch(use.web, domain)
        except PolicyUnavailable as error:
            kept.failure, kept.not_before = str(error), use.clock.monotonic() + HOLD_OFF
            use.note(TlsOutcome(use.clock.now(), domain, PolicyKind.STS, error.kind, detail=str(error)))
            return
        now = use.clock.now()
        seconds = policy.max_age
        refresh = now + min(DAY, seconds * _SECOND // 2)
        row = StoredPolicy(domain, name, octets, now, now + seconds * _SECOND, refresh, now)
        await use.engine.write(lambda tx: sts_policies.put(tx, row), Urgency.CLIENT)
        kept.id, kept.policy, kept.expires, kept.failure = name, policy, row.expires, ""


class PolicyUnavailable(Exception):
    """The policy cannot be had, or is none; `kind` is what a report calls it."""

    def __init__(self, kind: ResultKind, words: str) -> None:
        super().__init__(words)
        self.kind = kind


async def fetch(web: Web, domain: str) -> tuple[bytes, Policy]:
    """The policy of a domain (A-labels) as its web server has it now. Raises `PolicyUnavailable`."""
    host = f"mta-sts.{domain}"
    url = f"https://{host}{WELL_KNOWN}"
    try:
        response = await web.ask(Request(host, WELL_KNOWN, MOST_OCTETS, fields=(("Accept", "text/plain"),)))
    except NotFetched as error:
        kind = ResultKind.STS_WEBPKI_INVALID if error.untrusted else ResultKind.STS_POLICY_FETCH_ERROR
        raise PolicyUnavailable(kind, f"{url}: {error}") from error
    if response.status != 200:  # redirects, too: RFC 8461 §3.3
        words = f"{url}: the server answers {response.status}, and redirects are not followed"
        raise PolicyUnavailable(ResultKind.STS_POLICY_FETCH_ERROR, words)
    if response.media_type != "text/plain":
        words = f"{url}: it is {response.media_type or 'of no type'}, not text/plain"
        raise PolicyUnavailable(ResultKind.STS_POLICY_INVALID, words)
    try:
        return response.body, parse_policy(response.body)
    except BadPolicy as error:
        raise PolicyUnavailable(ResultKind.STS_POLICY_INVALID, f"{url}: {error}") from error


def _read(row: StoredPolicy, kept: _Kept) -> None:
    try:
        kept.policy, kept.id, kept.expires = parse_policy(row.policy), row.id, row.expires
    except BadPolicy:  # kept by a version that read it otherwise: fetched anew
        kept.policy = None


async def _used(domain: str, now: int, tx: Transaction) -> None:
    await sts_policies.mark_used(tx, domain, now)


async def _later(domain: str, when: int, tx: Transaction) -> None:
    await sts_policies.fetch_later(tx, domain, when)
