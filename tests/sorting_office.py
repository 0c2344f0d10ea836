"""The way of a letter over a real store, for tests: router, acceptance, runner and doors as a server has them, and next hops to order."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from people import at
from postroom.deliver.accept import Acceptance, Accepting
from postroom.deliver.attempt import Attempt
from postroom.deliver.conversation import Desk
from postroom.deliver.destinations import Conversation, Relay
from postroom.deliver.filing import Filing
from postroom.deliver.forwarding import Forwarding
from postroom.deliver.letter import Letter, Receipt
from postroom.deliver.local import LocalWorker
from postroom.deliver.mx import Identity, MxLookup
from postroom.deliver.placing import Placer
from postroom.deliver.remote import Relaying, RemoteRelay
from postroom.deliver.reports import Reporter, Result
from postroom.deliver.router import OwnNames, Router
from postroom.deliver.routes import Route
from postroom.deliver.runner import Runner, Running
from postroom.deliver.schedule import Schedule
from postroom.deliver.settling import Settler, Settling
from postroom.deliver.signing import Signatory, Signing
from postroom.deliver.signing_keys import KeyRing
from postroom.deliver.tls.assessing import Security
from postroom.intake.door import Premises
from postroom.mailauth.dkim.signing import SigningTerms
from postroom.message.address import Address
from postroom.message.envelope import Envelope, Recipient
from postroom.message.journey.events import Hop, HopKind
from postroom.message.notifications.dsn_rules import Happened
from postroom.net.clock import MovableClock
from postroom.net.tls.certificates import opportunistic
from postroom.proto.dns.answer import Answer, Family, Kind, Mx, Rcode, Tlsa
from postroom.store import journal
from postroom.store.administration import accounts, aliases, domains
from postroom.store.administration.accounts import NewAccount
from postroom.store.blobs.spilled import Content, Spilled
from postroom.store.changes import Change
from postroom.store.engine.ids import Ids
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.spool import spool
from postroom.store.spool.jobs import Job
from postroom.store.spool.spool import Blob
from postroom.store.store import Store
from postroom.store.vault import Vault

MESSAGE = b"From: alice@crepes.test\r\nSubject: lunch\r\nMessage-ID: <1@crepes.test>\r\n\r\nHello\r\n"
HOUR = 3600


class Zone:
    """A resolver over dictionaries; an absent name is NXDOMAIN, an `Rcode` is that failure. DNSSEC covers the answers about names in `secure`
    (with "*" all); an alias in `aliases` leads elsewhere. `asked` are the questions for texts and TLSA records."""

    def __init__(self) -> None:
        self.exchangers: dict[str, Sequence[Mx] | Rcode] = {}
        self.hosts: dict[str, Sequence[str] | Rcode] = {}
        self.texts: dict[str, Sequence[bytes] | Rcode] = {}
        self.tlsas: dict[str, Sequence[Tlsa] | Rcode] = {}
        self.aliases: dict[str, str] = {}
        self.secure: set[str] = set()
        self.asked: list[str] = []

    async def mx(self, name: str) -> Answer[Mx]:
        found = self.exchangers.get(name, () if name in self.hosts else Rcode.NXDOMAIN)
        return self._answer(name, Kind.MX, found)

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        target = self.aliases.get(name, "")
        found = self.hosts.get(f"{name} {family}", self.hosts.get(target or name, Rcode.NXDOMAIN))
        answer = self._answer(name, Kind.ADDRESS, found)
        covered = answer.authenticated and (not target or self._covered(target))
        return msgspec.structs.replace(answer, canonical=target, authenticated=covered)

    async def txt(self, name: str) -> Answer[bytes]:
        self.asked.append(name)
        return self._answer(name, Kind.TXT, self.texts.get(name, Rcode.NXDOMAIN))

    async def tlsa(self, name: str) -> Answer[Tlsa]:
        self.asked.append(name)
        return self._answer(name, Kind.TLSA, self.tlsas.get(name, Rcode.NXDOMAIN))

    async def cname(self, name: str) -> Answer[str]:
        found = self.aliases.get(name)
        return self._answer(name, Kind.CNAME, (found,) if found else ())

    async def ptr(self, ip: str) -> Answer[str]:
        return self._answer(ip, Kind.PTR, Rcode.NXDOMAIN)

    def _covered(self, name: str) -> bool:
        return "*" in self.secure or name in self.secure

    def _answer(self, name: str, kind: Kind, found: Sequence[Any] | Rcode) -> Answer[Any]:
        if isinstance(found, Rcode):
            sure = found is Rcode.NXDOMAIN and self._covered(name)
            return Answer(name, kind, found, authenticated=sure)
        return Answer(name, kind, records=tuple(found), authenticated=self._covered(name))


Script = Callable[[Job], Attempt]


class ScriptedRelay:
    """Next hops as functions by name; one that is not there takes everything. `opened`, `sent` and `bodies` say what was asked of them."""

    def __init__(self, clock: MovableClock, read: Callable[[Job], Awaitable[Content | None]]) -> None:
        self.clock = clock
        self.read = read
        self.bodies: list[bytes | None] = []
        self.scripts: dict[str, Script] = {}
        self.down: dict[str, str] = {}
        self.opened: list[str] = []
        self.sent: list[Job] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def open(self, job: Job) -> Conversation | Attempt:
        self.opened.append(job.hop)
        if job.hop in self.down:
            return Attempt(self.clock.now(), hop_down=self.down[job.hop])
        return _Scripted(self, self.scripts.get(job.hop, self.take))

    def take(self, job: Job) -> Attempt:
        return Attempt(self.clock.now(), [Result(copy, Happened.RELAYED) for copy in job.copies])


class _Scripted:
    usable = True

    def suits(self, job: Job) -> bool:
        return True

    def __init__(self, relay: ScriptedRelay, script: Script) -> None:
        self._relay = relay
        self._script = script

    async def deliver(self, job: Job) -> Attempt:
        self._relay.sent.append(job)
        body = await self._relay.read(job)
        self._relay.bodies.append(body.whole() if isinstance(body, Spilled) else body)
        await self._relay.gate.wait()
        return self._script(job)

    async def quit(self) -> None:
        """Nothing to close."""


class SortingOffice:
    """All of it. `faults` are what the runner complained of, `news` the published changes. Runs as node `node`."""

    def __init__(self, store: Store, *, node: int = 1, clock: MovableClock | None = None) -> None:
        self.store = store
        self.engine = store.engine
        self.clock = clock or MovableClock()
        self.ids = Ids(node)
        self.faults: list[BaseException] = []
        self.news: list[Change] = []
        self.overloaded = False
        self.bob = 0  # an account of the fixture
        self.zone = Zone()
        self.ports: dict[str, int] = {}
        self.routes: dict[str, Route] = {}
        self.forwarding = Forwarding([b"k" * 32], lambda: self.clock.now() // 86_400_000_000)
        self.router = Router(
            self.forwarding,
            self.clock.monotonic,
            OwnNames(frozenset(("mx.hamburger.test", "[192.0.2.99]")), "hamburger.test"),
        )
        self.filing = Filing(self.ids.next)
        self._unique = iter(range(1, 1 << 30))
        reporter = Reporter("mx.hamburger.test", lambda: f"u{next(self._unique)}")
        self.placer = Placer(self.router, self.filing, reporter, Schedule(jitter=0.0), self.ids.next)
        self.settler = Settler(Settling(self.engine, self.placer, random.Random(1), self.read))
        self.scripted = ScriptedRelay(self.clock, self.read)
        self.acceptance = Acceptance(
            Accepting(
                self.engine,
                self.router,
                self.placer,
                self.news.extend,
                lambda jobs: self.runner.take(jobs) if self.running else None,
                store.durable,
                store.discard,
                store.settings.file_from,
            )
        )
        self.vault = Vault(bytes(32))
        self.ring = KeyRing(self.vault, self.clock.monotonic, self.faults.append)
        self.signatory = self.make_signatory()
        self.running = False
        self.runner = self.make_runner(self.scripted)

    def make_runner(self, relay: Relay, *, node: int = 0, fetched: frozenset[str] = frozenset()) -> Runner:
        local = LocalWorker(self.engine, self.filing, self.clock, self.store.durable, self.store.discard)

        async def file(job: Job) -> Attempt:
            return await local.attempt(job, await self.read(job))

        return Runner(
            Running(
                self.engine,
                self.clock,
                node or self.ids.node,
                relay,
                self.settler,
                file,
                self.news.extend,
                lambda: self.overloaded,
                self.faults.append,
                fetched=fetched,
            )
        )

    def make_signatory(self, *, arc: bool = False, dkim: bool = True) -> Signatory:
        """What signs, and with `arc` seals, in the name of hamburger.test."""
        clock, names = self.clock, ("mx.hamburger.test", "hamburger.test")
        wanted = Signing(
            self.engine, self.ring, clock.now, clock.monotonic, SigningTerms(), *names, dkim, arc
        )
        return Signatory(wanted)

    def remote(
        self,
        tls: Callable[[], ssl.SSLContext] = opportunistic,
        verified: Callable[[], ssl.SSLContext] | None = None,
        security: Security | None = None,
    ) -> RemoteRelay:
        """The real relay, with the zone for its DNS."""
        lookup = MxLookup(
            self.zone,
            Identity({"mx.hamburger.test"}, lambda ip: ip == "192.0.2.99"),
            random.Random(1),
            lambda ip: self.ports.get(ip, 1),
        )
        return RemoteRelay(
            Relaying(
                "mx.hamburger.test",
                Desk(self.clock, self.read, self.signatory.stamp),
                lookup,
                self.routes,
                tls,
                verified or tls,
                security=security,
            )
        )

    def start(self, relay: Relay | None = None) -> None:
        """Begins to work, with `relay` or the scripted one."""
        if relay is not None:
            self.runner = self.make_runner(relay)
        self.placer.lease = self.runner.lease
        self.placer.reached = self.runner.reached
        self.placer.later = self.runner.later
        self.running = True
        self.runner.start()

    def premises(self, check_room: Callable[[int], None] = lambda size: None) -> Premises:
        return Premises(
            "mx.hamburger.test",
            self.engine,
            self.router,
            self.acceptance,
            self.clock,
            self.ids.next,
            check_room,
        )

    # ------------------------------------------------------------------------------------------------------------ directory

    async def add_domain(self, name: str = "hamburger.test") -> None:
        await self.engine.write(lambda tx: domains.add(tx, name, self.clock.now()))

    async def add_account(
        self, text: str, quota: int = 0, forwards: Sequence[str] = (), keeps: bool = True
    ) -> int:
        new = NewAccount(at(text), b"", quota_bytes=quota)
        account_id = await self.engine.write(lambda tx: accounts.add(tx, new, self.ids, self.clock.now()))
        if forwards:
            targets = [at(one) for one in forwards]
            await self.engine.write(lambda tx: accounts.set_forwards(tx, at(text), targets, keeps_copy=keeps))
        self.router.forget()
        return account_id

    async def add_alias(self, text: str, *targets: str) -> None:
        await self.engine.write(lambda tx: aliases.add_alias(tx, at(text), [at(one) for one in targets]))

    async def add_list(self, text: str, owner: str, *members: str) -> None:
        await self.engine.write(
            lambda tx: aliases.add_list(tx, at(text), at(owner), [at(one) for one in members])
        )

    # -------------------------------------------------------------------------------------------------------------- letters

    def letter(
        self, *recipients: str | Recipient, sender: str | None = "alice@crepes.test", **more: Any
    ) -> Letter:
        """A letter; `content`, `each`, `vouched` and whatever an envelope has may be given."""
        content, vouched = more.pop("content", MESSAGE), more.pop("vouched", False)
        listed = [one if isinstance(one, Recipient) else Recipient(at(one)) for one in recipients]
        envelope = Envelope(at(sender) if sender else None, listed, **more)
        hop = Hop(HopKind.RECEIVED, self.clock.now())
        return Letter(self.ids.next(), envelope, content, self.clock.now(), hop, vouched=vouched)

    async def accept(self, *recipients: str | Recipient, each: bool = False, **more: Any) -> Receipt:
        return await self.acceptance.accept(self.letter(*recipients, **more), each=each)

    async def read(self, job: Job) -> Content | None:
        body = job.letter.body
        if body is None:
            body = await spool.body(self.engine.reading(), job.spool_id)
        if isinstance(body, Blob):
            return await self.store.spilled(body.account_id, body.blob_id)
        return body

    async def inbox(self, account_id: int) -> list[bytes]:
        """The messages of an account's INBOX, whole."""
        tx = self.engine.reading()
        ref = MailboxRef(account_id, await mailboxes.inbox_id(tx, account_id))
        found = await messages.listing(tx, ref)
        return [await self.store.read(account_id, one.blob_id) or b"" for one in found]

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.engine.reading().fetch(sql, *args)]

    async def waiting(self) -> list[tuple[str, list[str]]]:
        """Next hops of the queue with the addresses of their copies."""
        found = await self.rows(
            "SELECT j.hop, r.address FROM jobs j JOIN rcpt r ON r.slot = j.slot AND r.spool_id = j.spool_id AND r.job = j.job"
            " ORDER BY j.spool_id, j.hop, r.n"
        )
        hops: dict[str, list[str]] = {}
        for hop, address in found:
            hops.setdefault(hop, []).append(address)
        return list(hops.items())

    async def senders(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT sender FROM spool ORDER BY spool_id")]

    async def empty(self) -> bool:
        """Whether nothing at all was kept of mail."""
        tables = ("spool", "jobs", "rcpt", "messages", "emails", "blobs", "journal", "journal_links")
        return all([not await self.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in tables])

    async def hops(self, accept_id: int) -> list[Hop]:
        return [row.hop() for row in await journal.read(self.engine.reading(), accept_id)]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Waits until a condition, perhaps a coroutine's, holds; the test's own timeout ends it."""
        while True:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return
            await asyncio.sleep(0.01)

    async def idle(self) -> None:
        """Waits until the queue is empty."""
        await self.until(self._nothing_waits)

    async def _nothing_waits(self) -> bool:
        return not await self.rows("SELECT 1 FROM jobs LIMIT 1")

    async def close(self) -> None:
        if self.running:
            await self.runner.stop()


def bounce_of(raw: bytes) -> tuple[str, ...]:
    """The lines of a report that say what became of whom."""
    wanted = ("Final-Recipient:", "Action:", "Status:", "Original-Recipient:", "Original-Envelope-Id:")
    return tuple(line for line in raw.decode().split("\r\n") if line.startswith(wanted))


ALICE = Address("alice", "hamburger.test")
