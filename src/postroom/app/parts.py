"""The parts of a server that outlive its listeners: store, queue and doors, wired to each other.

One function builds them in the order in which they need each other. Not here: sockets, sessions, chores.
"""

from __future__ import annotations

import random
import secrets
import ssl
from collections.abc import Callable

import msgspec

from postroom.app import authenticating, building
from postroom.app.locate import make_data, places_of, store_url
from postroom.app.maildrop import make_directory
from postroom.app.node import ALONE, Node, Told
from postroom.app.room import Gauges, Room, free_octets
from postroom.app.settings.file import Settings
from postroom.app.signing_terms import signing_terms
from postroom.app.surroundings import Surroundings
from postroom.deliver.accept import Acceptance, Accepting
from postroom.deliver.attempt import Attempt
from postroom.deliver.conversation import Desk
from postroom.deliver.filing import Filing
from postroom.deliver.forwarding import Forwarding
from postroom.deliver.local import LocalWorker
from postroom.deliver.placing import Placer
from postroom.deliver.remote import Relaying, RemoteRelay
from postroom.deliver.reports import Reporter
from postroom.deliver.router import Router
from postroom.deliver.runner import Runner, Running
from postroom.deliver.settling import Settler, Settling
from postroom.deliver.signing import Signatory, Signing
from postroom.deliver.signing_keys import KeyRing
from postroom.deliver.tally import Tally
from postroom.deliver.tls.assessing import Security
from postroom.deliver.tls.sts import StsPolicies
from postroom.deliver.tls_outcome import TlsOutcomes
from postroom.deliver.turning import Turner, Turning, fetched
from postroom.intake.door import Premises
from postroom.proto.sasl.scram import derived
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.store.administration import domains
from postroom.store.blobs.spilled import Content
from postroom.store.login.login import LoginPolicy, LoginSettings
from postroom.store.login.passwords import Passwords
from postroom.store.search.postgres import PostgresSearch
from postroom.store.search.sqlite import SqliteSearch
from postroom.store.search.text import SearchIndex
from postroom.store.spool import spool
from postroom.store.spool.jobs import Job
from postroom.store.spool.spool import Blob
from postroom.store.store import Store
from postroom.store.vault import Vault, key_in

DAY = 86_400_000_000  # microseconds
CLASS_LOGINS = 1_000  # of one address that wait for their turn in an open house: a class has one


class Parts(msgspec.Struct):
    """What `build` made."""

    store: Store
    node: Node
    vault: Vault
    passwords: Passwords
    login: LoginPolicy
    room: Room
    router: Router
    settler: Settler
    runner: Runner
    premises: Premises
    budget: BodyBudget
    index: SearchIndex
    tally: Tally
    sts: StsPolicies | None
    ring: KeyRing
    signatory: Signatory


async def build(settings: Settings, world: Surroundings, on_fatal: Callable[[BaseException], None]) -> Parts:
    """Opens the store and builds everything above it. Raises `StoreRefused`, `SettingsError`."""
    places = places_of(settings)
    make_data(places)
    places.keys.mkdir(mode=0o700, exist_ok=True)
    make_directory(places.drop)
    store = await Store.open(store_url(settings), building.store_settings(world.worker.of), on_fatal)
    try:
        place = world.worker.name if settings.server.database else ALONE
        node = await Node.join(store.engine, Told(_teller(world), on_fatal), place)
        await _set_rules(store, settings)
        return _build(settings, world, store, node)
    except BaseException:
        await store.close()
        raise


def _build(settings: Settings, world: Surroundings, store: Store, node: Node) -> Parts:
    keys = places_of(settings).keys
    clock, ids = world.clock, node.ids
    forwarding = Forwarding([key_in(keys / "srs.key")], lambda: clock.now() // DAY)
    router = Router(forwarding, clock.monotonic, building.own_names(settings), world.catch_all)
    reporter = Reporter(settings.server.hostname, lambda: secrets.token_hex(12))
    placer = Placer(router, Filing(ids.next), reporter, building.schedule(settings), ids.next)
    limits = settings.limits
    budget = BodyBudget(limits.bodies_in_flight)
    gauges = _gauges(world, store, budget)
    room = Room(places_of(settings).data, limits.free_bytes, limits.bodies_in_flight, gauges, clock.monotonic)
    chance = random.SystemRandom()
    settler = Settler(Settling(store.engine, placer, chance, BodyReader(store).read))
    outcomes, tally = TlsOutcomes(), Tally(store.engine)
    outcomes.hear = tally.heard
    trusted = building.Authorities(settings, world).context
    sts = building.sts_policies(settings, world, store.engine, trusted, outcomes)
    security = Security(world.resolver, sts, settings.tls.dane, outcomes.note)
    vault = Vault.open(keys / "vault.key")
    ring = KeyRing(vault, clock.monotonic, _teller(world))
    signatory = Signatory(_signing(settings, world, store, ring))
    runner = _runner(settings, world, store, Queue(security, trusted, node, room, settler, chance, signatory))
    placer.lease = runner.lease
    placer.reached = runner.reached
    placer.later = runner.later
    acceptance = _acceptance(world, store, router, placer, runner)
    passwords = Passwords(world.password_cost, derived)
    login = _login(settings, world, store, passwords, vault)
    names = (settings.server.hostname, authenticating.identity(settings))
    premises = Premises(names[0], store.engine, router, acceptance, clock, ids.next, room.check, names[1])
    return Parts(
        store,
        node,
        vault,
        passwords,
        login,
        room,
        router,
        settler,
        runner,
        premises,
        budget,
        _index(settings, store),
        tally,
        sts,
        ring,
        signatory,
    )


def _acceptance(
    world: Surroundings, store: Store, router: Router, placer: Placer, runner: Runner
) -> Acceptance:
    return Acceptance(
        Accepting(
            store.engine,
            router,
            placer,
            store.changes.publish,
            runner.take,
            store.durable,
            store.discard,
            store.settings.file_from,
            world.journeyed,
        )
    )


def _login(
    settings: Settings, world: Surroundings, store: Store, passwords: Passwords, vault: Vault
) -> LoginPolicy:
    home, visited = building.home_domain(settings), building.visited(settings)
    wanted = LoginSettings(world.login_limits, home, visited=visited)
    if world.open_house:  # a whole class is behind one address
        wanted = msgspec.structs.replace(wanted, waiting_per_client=CLASS_LOGINS)
    login = LoginPolicy(store.engine, passwords, world.clock, wanted, vault)
    login.attempts.announce = store.changes.announce
    login.on_visit = lambda protocol, client, trace: world.log.info(
        "login.anonymous", protocol=protocol, client=client, trace=trace
    )
    return login


def _gauges(world: Surroundings, store: Store, budget: BodyBudget) -> Gauges:
    free = free_octets if world.meddling is None else world.meddling.free
    return Gauges(store.engine.waited, lambda: budget.used, free)


def _signing(settings: Settings, world: Surroundings, store: Store, ring: KeyRing) -> Signing:
    clock, wanted = world.clock, settings.signing
    return Signing(
        store.engine,
        ring,
        clock.now,
        clock.monotonic,
        signing_terms(settings),
        settings.server.hostname,
        building.home_domain(settings),
        wanted.dkim,
        wanted.arc,
    )


def _index(settings: Settings, store: Store) -> SearchIndex:
    return (
        PostgresSearch(store.engine)
        if settings.server.database
        else SqliteSearch.open(places_of(settings).store)
    )


class Queue(msgspec.Struct, frozen=True):
    """What the runner needs of the parts made before it."""

    security: Security
    trusted: Callable[[], ssl.SSLContext]

    node: Node
    room: Room
    settler: Settler
    chance: random.Random
    signatory: Signatory


def _runner(settings: Settings, world: Surroundings, store: Store, queue: Queue) -> Runner:
    clock, reader = world.clock, BodyReader(store)
    relay = RemoteRelay(
        Relaying(
            settings.server.hostname,
            Desk(clock, reader.read, queue.signatory.stamp),
            building.mx_lookup(settings, world, queue.chance),
            building.routes(settings),
            world.relay_tls,
            queue.trusted,
            world.source,
            queue.security,
        )
    )
    local = LocalWorker(store.engine, Filing(queue.node.ids.next), clock, store.durable, store.discard)

    async def file(job: Job) -> Attempt:
        return await local.attempt(job, await reader.read(job))

    return Runner(
        Running(
            store.engine,
            clock,
            queue.node.ids.node,
            relay,
            queue.settler,
            file,
            store.changes.publish,
            lambda: queue.room.overloaded,
            _teller(world),
            settings.queue.concurrency,
            fetched(building.routes(settings)),
            world.journeyed,
        )
    )


def turner(settings: Settings, world: Surroundings, parts: Parts) -> Turner:
    """What exchanges the roles with who fetches a domain's mail."""
    desk = Desk(world.clock, BodyReader(parts.store).read, parts.signatory.stamp)
    routes, engine = building.routes(settings), parts.store.engine
    hostname, tell = settings.server.hostname, world.log.info
    return Turner(Turning(hostname, desk, engine, routes, parts.runner, world.relay_tls, tell))


class BodyReader:
    """Reads the messages of jobs: out of the job itself, its row, or a file, where all but the head of it stays."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, job: Job) -> Content | None:
        """The message; None when the message has left the spool."""
        body = job.letter.body
        if isinstance(body, bytes):
            return body
        if body is None:
            body = await spool.body(self._store.engine.reading(), job.spool_id)
        if isinstance(body, Blob):
            return await self._store.spilled(body.account_id, body.blob_id)
        return body


async def _set_rules(store: Store, settings: Settings) -> None:
    rules = building.rules(settings)
    await store.engine.write(lambda tx: domains.set_rules(tx, rules))


def _teller(world: Surroundings) -> Callable[[BaseException], None]:
    def tell(error: BaseException) -> None:
        world.log.error("fault", exc_info=error, error=str(error))

    return tell
