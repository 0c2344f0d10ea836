"""The listeners of a server: which service stands at which port, behind which door.

RFC 5321 (25), RFC 6409 (587), RFC 8314 §3.3 (465), RFC 2033 (LMTP), RFC 1939 (110), RFC 8314 §3.1 (995), RFC 9110 §4.2 (80, 443). Not here: what is said there.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from postroom.app import authenticating, building, guarding
from postroom.app.building import Tls
from postroom.app.housekeeping import Chore, Whose
from postroom.app.locate import places_of
from postroom.app.login_offers import LoginOffers
from postroom.app.parts import Parts, turner
from postroom.app.places import places_to_listen
from postroom.app.settings.file import Settings
from postroom.app.surroundings import Surroundings
from postroom.intake.guard.guard import Guard
from postroom.intake.mx import MxDoor
from postroom.intake.submission import SubmissionDoor
from postroom.net import sockets
from postroom.net.connections import Connections
from postroom.net.listener import Door, Listener
from postroom.net.pump import Endpoint
from postroom.net.session import Session
from postroom.net.tls.certificates import ServerTls
from postroom.proto.sasl.exchange import Discovery
from postroom.proto.smtp.config import Service
from postroom.proto.smtp.extensions import Offers
from postroom.serve.imap.conversation.conversation import ImapService
from postroom.serve.imap.session import ImapSession
from postroom.serve.jmap.methods.post import Post
from postroom.serve.pop3.maildrop import Shelves, StoreMaildrops
from postroom.serve.pop3.notes import JourneyNotes
from postroom.serve.pop3.session import Pop3Service, Pop3Session
from postroom.serve.pop3.visits import Visits
from postroom.serve.presence import Presence
from postroom.serve.smtp.body import Body
from postroom.serve.smtp.lookups import Lookups
from postroom.serve.smtp.queue import QueueDesk
from postroom.serve.smtp.session import SmtpService, SmtpSession
from postroom.serve.standing import Standing
from postroom.store.blobs.spilled import discard_leftovers
from postroom.store.search.wordbook import IndexWordbook
from postroom.store.spool import jobs
from postroom.store.spool.jobs import Destinations

if TYPE_CHECKING:
    from postroom.app.site import Site

IMPLICIT_TLS = frozenset(("submissions", "pop3s", "imaps", "https"))
WEB = frozenset(("http", "https"))
_BUSY_SMTP = b"421 4.7.0 Too many connections from your address, try again later\r\n"
_BUSY_POP3 = b"-ERR [SYS/TEMP] too many connections from your address\r\n"
_BUSY_IMAP = b"* BYE [LIMIT] Too many connections from your address\r\n"
_BUSY_HTTP = b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_BUSY = {
    "pop3": _BUSY_POP3,
    "pop3s": _BUSY_POP3,
    "imap": _BUSY_IMAP,
    "imaps": _BUSY_IMAP,
    "http": _BUSY_HTTP,
}


class Services:
    """All listeners of one server, which share their connections and the limits for neighbours."""

    def __init__(
        self, settings: Settings, world: Surroundings, parts: Parts, certificates: ServerTls
    ) -> None:
        self._settings = settings
        self._world = world
        self._parts = parts
        self._tls = Tls(certificates)
        self._connections = Connections(world.clock.monotonic)
        self._gate = guarding.gate(settings, world)
        self._proxies = guarding.networks(settings.guard.proxies, "proxies")
        self._xclient = guarding.networks(settings.guard.xclient, "xclient")
        self._listeners: list[Listener] = []
        self._ports: dict[str, int] = {}
        self._site: Site | None = None
        self._standing = Standing()
        self._user_guard = guarding.submission_guard(settings, world, parts)
        self._user_door = SubmissionDoor(parts.premises, self.unique)
        self.notes = JourneyNotes(parts.store.engine, parts.node.ids)
        self.logins = LoginOffers(
            parts.store.engine,
            settings.server.hostname,
            discovery=self._discovery,
            guessable=settings.login.without_tls,
            visited=bool(building.visited(settings)),
        )

    @property
    def ports(self) -> dict[str, int]:
        """Where each service listens."""
        return dict(self._ports)

    @property
    def _incoming(self) -> Path | None:
        return places_of(self._settings).incoming if self._parts.store.files is not None else None

    def body(self) -> Body:
        """For a message that comes by another way than these listeners, counted with theirs."""
        return Body(self._parts.budget, self._incoming)

    def chores(self) -> list[Chore]:
        """What the services want done from time to time."""
        chores = [
            Chore("login offers", 60.0, self.logins.look),
            Chore("ended logins", 30.0, self._end_logins),
        ]
        if self._settings.guard.greylist:
            greylist = guarding.greylist(self._settings, self._world, self._parts)
            chores.append(Chore("greylist", 3600.0, greylist.prune, Whose.STORE))
        if self._site is not None:
            chores += self._site.chores()
        return chores

    async def _end_logins(self) -> bool:
        await self._standing.look(self._parts.login.holds)
        return False

    def unique(self) -> str:
        """The left half of a Message-ID."""
        return secrets.token_hex(12)

    async def start(self) -> dict[str, int]:
        """Opens all ports that are asked for; gives those that were opened, by service. Raises `CannotListen` and then listens nowhere."""
        await self.logins.look()
        await asyncio.to_thread(discard_leftovers, places_of(self._settings).incoming)
        sessions = self._sessions(self._world)
        strict = sessions
        if self._world.strict_at:
            strict = self._sessions(structs.replace(self._world, strict=True))
        opened: list[tuple[Listener, str]] = []
        for place in places_to_listen(self._settings.listen):
            given = self._world.inherited.get(place.service)
            if place.port >= 0 or given:
                for one in given or sockets.tcp(place.addresses, place.port):
                    chosen = strict if one.getsockname()[0] in self._world.strict_at else sessions
                    door = self._door(place.service, chosen.get(place.service, self._web))
                    opened.append((Listener(one, door), place.service))
        self._listeners = [listener for listener, _ in opened]
        self._ports.update((name, listener.port) for listener, name in opened)
        await self._listen([one for one in opened if one[1] not in WEB])
        if WEB & set(self._ports):
            await self._open_site()
            await self.logins.look()  # tokens are to be had now
        await self._listen([one for one in opened if one[1] in WEB])
        return dict(self._ports)

    async def _listen(self, opened: Sequence[tuple[Listener, str]]) -> None:
        for listener, name in opened:
            await listener.start()
            if self._world.meddling is not None:
                self._world.meddling.listening(name, listener)

    def _sessions(self, world: Surroundings) -> Mapping[str, Callable[[], Session]]:
        """What serves a client of each service."""
        submission, imap = self._submission(world), self._imap(world)
        return {
            "smtp": self._mx(world, "smtp"),
            "submission": submission,
            "submissions": submission,
            "lmtp": self._lmtp(world),
            "pop3": self._pop3(world),
            "pop3s": self._pop3(world),
            "imap": imap,
            "imaps": imap,
        }

    async def _open_site(self) -> None:
        await asyncio.to_thread(
            import_module, "postroom.app.site"
        )  # which takes a while; mail is served meanwhile
        from postroom.app.site import Behind, Site

        behind = Behind(self._ports, self._post(), self._tell, self.notes.add, self._standing)
        self._site = Site(self._settings, self._world, self._parts, behind)

    def _web(self) -> Session:
        assert self._site is not None, "there before its listeners are"
        return self._site.session()

    async def stop(self, grace: float) -> None:
        """No new connections; those that are there get `grace` seconds to end what they do."""
        for listener in self._listeners:
            await listener.stop()
        if self._site is not None:
            self._site.dismiss()
        await self._connections.drain(grace)
        if self._site is not None:
            await self._site.stop()

    def _door(self, name: str, sessions: Callable[[], Session]) -> Door:
        tls = self._tls.of(name) if name in IMPLICIT_TLS else None
        if self._world.meddling is not None:
            sessions = self._world.meddling.sessions(name, sessions)
        endpoint = Endpoint(sessions, self._connections, self._tell, tls)
        refusal = _BUSY.get(name, _BUSY_SMTP)
        world = self._world
        tap = None if world.tap is None else partial(world.tap, name)
        guest = None if world.meddling is None else partial(world.meddling.guest, name)
        turned_away = self._turned_away
        return Door(endpoint, self._gate, refusal, 0, self._proxies, turned_away, tap, guest)

    def _turned_away(self, ip: str, why: str) -> None:
        self._world.log.info("connection.refused", client=ip, why=why)

    def _tell(self, error: BaseException) -> None:
        self._world.log.error("session.fault", exc_info=error, error=str(error))

    def _smtp(
        self,
        world: Surroundings,
        service: Service,
        tls: str,
        door: MxDoor | SubmissionDoor,
        guard: Guard | None = None,
    ) -> Callable[[], Session]:
        parts = self._parts
        home = building.home_domain(self._settings)
        shared = SmtpService(
            offers=Offers(building.smtp_config(self._settings, world, service, self.logins.supply)),
            door=world.before_door(door),
            lookups=Lookups(parts.store.engine, home, open_to_all=world.open_house),
            budget=parts.budget,
            now=world.clock.now,
            next_id=parts.node.ids.next,
            home=home,
            logins=parts.login,
            tls=self._tls.of(tls),
            queue=QueueDesk(
                self._flush, turner(self._settings, world, parts) if service is Service.SUBMISSION else None
            ),
            tell=world.log.info,
            incoming=self._incoming,
            guard=guard,
            proxies=self._xclient,
            standing=self._standing,
        )
        return lambda: SmtpSession(shared)

    def _mx(self, world: Surroundings, tls: str) -> Callable[[], Session]:
        guard = guarding.mx_guard(self._settings, world, self._parts)
        count = self._parts.tally.saw
        door = MxDoor(self._parts.premises, authenticating.examiner(self._settings, world, count))
        return self._smtp(world, Service.MX, tls, door, guard)

    def _submission(self, world: Surroundings) -> Callable[[], Session]:
        return self._smtp(world, Service.SUBMISSION, "submission", self._user_door, self._user_guard)

    def _post(self) -> Post:
        """What stands behind port 587, for users who send by other ways."""
        config = building.smtp_config(self._settings, self._world, Service.SUBMISSION, self.logins.supply)
        door = self._world.before_door(self._user_door)
        return Post(door, Offers(config), self._user_guard, self._settings.queue.undo_seconds)

    def _lmtp(self, world: Surroundings) -> Callable[[], Session]:
        return self._smtp(world, Service.LMTP, "smtp", MxDoor(self._parts.premises))

    def _pop3(self, world: Surroundings) -> Callable[[], Session]:
        parts, mailboxes = self._parts, self._settings.mailboxes
        shelves = Shelves(parts.store, parts.node.ids, self.notes, world.clock.now)
        service = Pop3Service(
            building.pop3_config(self._settings, world, self.logins.supply),
            parts.login,
            StoreMaildrops(shelves),
            Visits(mailboxes.pop3_login_delay),
            world.clock.now,
            tls=self._tls.of("pop3"),
            stamp=self.logins.stamp,
            standing=self._standing,
        )
        return lambda: Pop3Session(service)

    def _imap(self, world: Surroundings) -> Callable[[], Session]:
        parts = self._parts
        service = ImapService(
            building.imap_config(self._settings, world, self.logins.supply, self._jmap),
            parts.login,
            parts.store,
            parts.node.ids,
            world.clock.now,
            tls=self._tls.of("imap"),
            wordbook=IndexWordbook(parts.store.engine, parts.index),
            budget=parts.budget,
            incoming=places_of(self._settings).incoming if parts.store.files is not None else None,
            presence=Presence(self._settings.mailboxes.imap_sessions),
            standing=self._standing,
            note=self.notes.add,
            check_disk=parts.room.check_disk,
        )
        return lambda: ImapSession(service)

    def _jmap(self) -> str:
        return "" if self._site is None else self._site.jmap_session()

    def _discovery(self) -> Discovery:
        return Discovery() if self._site is None else self._site.discovery()

    async def _flush(self, wanted: Destinations) -> int:
        """ETRN: everything for these next hops is due now; gives how many jobs that is."""
        waiting = await jobs.start_hops(self._parts.store.engine, wanted, self._world.clock.now())
        if waiting:
            self._parts.runner.wake()
        return waiting
