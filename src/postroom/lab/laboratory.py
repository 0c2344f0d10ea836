"""The lab: two whole mail servers, a DNS and a certificate authority in one process, on loopback.

Everything is real but the world around it: names, certificates and the clock are the lab's own. RFC 5321 is spoken between its two domains as
between any others. Not here: the command (`lab.cli`), the zones (`lab.zones`), the faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from postroom.app.locate import places_of
from postroom.app.server import Server
from postroom.app.surroundings import Surroundings
from postroom.lab.attendance import CLASS, attendance
from postroom.lab.ca import LabCa
from postroom.lab.capture import CAPTURE, Captures, taken
from postroom.lab.clock import CLOCK, moved
from postroom.lab.control import LabControl, Operation
from postroom.lab.dns import Question
from postroom.lab.fault_rules import FaultRules
from postroom.lab.faults import FaultyDoor
from postroom.lab.feed import Feed, heard
from postroom.lab.house_settings import LabSettings, settings_of
from postroom.lab.inhabitants import Inhabitant
from postroom.lab.keys import Publisher
from postroom.lab.mishaps import Troubles
from postroom.lab.names import Names
from postroom.lab.notes import people_of, settle_notes
from postroom.lab.plan import DNS_OFFSET, PAGE_OFFSET, House, Person
from postroom.lab.policies import PolicySite, completed, policy_of, sts_lines, tlsa_lines
from postroom.lab.reading_here import READ, read_here
from postroom.lab.resetting import RESET, reset
from postroom.lab.settling import Passwords, moved_in, settle_in
from postroom.lab.slips import SLIPS, slip
from postroom.lab.watching import WATCH, told
from postroom.lab.zones import ZoneText
from postroom.net.certificates import Pair, opportunistic
from postroom.net.clock import MovableClock
from postroom.net.ourselves import is_ourselves
from postroom.store.throttle import Limits as LoginLimits
from postroom.web.hosts import names_of
from postroom.web.mta_sts import Policy

if TYPE_CHECKING:
    from postroom.lab.http_server import HttpServer

FAREWELL_SECONDS = (
    1.0  # that conversations have when the lab stops: whoever presses Ctrl-C waits for the prompt
)

BOUND_DELAYS = (2, 4, 8, 15)  # seconds before a name may be tried again from elsewhere


class Laboratory:
    """A running lab; made by `start`."""

    def __init__(self, settings: LabSettings) -> None:
        self.settings = settings
        self.houses = tuple(settings.houses)
        self.clock = MovableClock()
        self.failed = asyncio.Event()
        self.servers: dict[str, Server] = {}
        self.ports: dict[str, dict[str, int]] = {}
        self.inhabitants: list[Inhabitant] = []
        self.rules = FaultRules()
        settings.data.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.ca = LabCa(settings.data / "ca", self.clock.now(), settings.keys)
        self.feed = Feed(self.clock.now, self._name_of)
        self.captures = Captures(
            self.clock.now, self.address_of, {house.ip: house.host for house in self.houses}
        )
        self.http: HttpServer | None = None  # as soon as it listens
        self.control = LabControl(settings.data, self._operations())
        self._shown = _certified(self._certificates_of, self.houses)
        self._policies = {house.domain: self._policy(house) for house in self.houses}
        self._sites = {
            house.domain: PolicySite(
                self._policies[house.domain], self._certificates([f"mta-sts.{house.domain}"])
            )
            for house in self.houses
        }
        self.names = Names(self.houses, self.clock, self._heard, self._edited)
        self.names.server.overheard = self.captures.asked
        self._set_names_wrong()
        self.publisher = Publisher(self.names, "quarantine" if settings.enforce else "none")

    async def start(self) -> None:
        """Starts everything. Raises `CannotListen`, `StoreRefused` and then leaves nothing running."""
        base = self.settings.base
        try:
            await self.names.start(base + DNS_OFFSET if base else 0)
            await asyncio.gather(*(self._sites[house.domain].start(house.ip) for house in self.houses))
            await asyncio.gather(*(self._open(house) for house in self.houses))
            self.publisher.start(
                [(house, self.servers[house.domain], self.ports[house.domain]) for house in self.houses]
            )
            await self._open_page(base + PAGE_OFFSET if base else 0)
            await self.control.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops everything, in order."""
        await self.publisher.stop()
        await self.control.stop()
        if self.http is not None:
            await self.http.stop(FAREWELL_SECONDS)
        await asyncio.gather(*(server.stop() for server in self.servers.values()))
        await asyncio.gather(*(site.stop() for site in self._sites.values()))
        await self.names.stop()

    async def _open_page(self, port: int) -> None:
        """The lab's own HTTP server, last: its page shows what is there."""
        await asyncio.to_thread(import_module, "postroom.lab.routes")  # which takes a while
        from postroom.lab.http_server import HttpServer
        from postroom.lab.routes import routes_of

        self.http = HttpServer(self.clock, routes_of(self), self._tell)
        await self.http.start(port)

    @property
    def url(self) -> str:
        """Where its page is; "" before it has started."""
        return self.http.url if self.http is not None else ""

    def _tell(self, error: BaseException) -> None:
        self.settings.log.error("lab.fault", exc_info=error, error=str(error))

    def _troubles(self, house: House) -> Troubles:
        return Troubles(self.settings.faults, house.domain)

    def _certificates(self, names: Sequence[str]) -> list[Pair]:
        return self.ca.issue(names, self.clock.now(), kinds=("ecdsa",))

    def _certificates_of(self, house: House) -> list[Pair]:
        """What a house's servers show. With an expired one, each call makes another key."""
        names = [house.host, house.domain, *names_of(house.domain), *house.further]
        names += ["localhost", house.ip, "127.0.0.1", *filter(None, (self.settings.bind,))]
        match self._troubles(house).certificate:
            case "expired":
                names[0] = f"expired.{house.host}"  # files of their own
                pairs = self.ca.issue(names, self.clock.now())
                self.ca.expire(pairs, [house.host, *names[1:]], self.clock.now())
                return pairs
            case "another name":
                return self.ca.issue([f"elsewhere.{house.domain}"], self.clock.now())
        return self.ca.issue(names, self.clock.now())

    def _policy(self, house: House) -> Policy:
        return policy_of(self._troubles(house).sts_mx or house.host)

    def _edited(self, zone: ZoneText) -> ZoneText:
        """A zone with what its domain says of the safety of its mail server, unless it does already, and with what is wrong with it."""
        house = next((house for house in self.houses if house.domain == zone.origin), None)
        if house is None:
            return zone
        said = [*tlsa_lines(self._shown[house.domain]), *sts_lines(house, self._policies[house.domain])]
        return ZoneText(zone.origin, self._troubles(house).edited(completed(zone, said)))

    def https_port(self, ip: str) -> int:
        """Where the web server at an address of the lab is."""
        return next((self._sites[house.domain].port for house in self.houses if house.ip == ip), 443)

    def _set_names_wrong(self) -> None:
        for house in self.houses:
            for name, fault in self._troubles(house).faults:
                self.names.server.set_fault(house.domain if name == "@" else f"{name}.{house.domain}", fault)

    def _forget_faults(self) -> int:
        """Ends the faults that were switched on while it ran; gives how many."""
        switched_on = len(list(self.rules)) + self.names.server.clear_faults()
        self.rules.clear()
        self._set_names_wrong()
        return switched_on - sum(len(self._troubles(house).faults) for house in self.houses)

    async def reset(self) -> dict[str, int]:
        """As it was at its beginning, though not the clock; gives what was taken away: `faults`, `messages`, `queued`, `journeys`."""
        faults = self._forget_faults()
        taken = await reset(self.servers.values())
        self.feed.clear()
        return {"faults": faults, **taken}

    async def _reset(self, _: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield await self.reset()

    async def _slips(self, _: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """A slip for each account whose password the lab knows, by address."""
        for one in sorted(self.inhabitants, key=lambda one: one.address):
            ports = self.ports[one.address.rpartition("@")[2]]
            yield msgspec.to_builtins(slip(one.address, one.password, self.settings.bind, ports))

    async def _open(self, house: House) -> None:
        pairs = self._shown[house.domain]
        settings = settings_of(house, self.settings, pairs, self.ca.path)
        world = Surroundings(
            self.clock,
            self.names.resolver(),
            heard(self.settings.log, self.feed, house.domain),
            lambda ip: is_ourselves(ip, (house.ip,), loopback_is_far=True),
            opportunistic,
            self._smtp_port,
            house.ip,
            True,
            lambda door: FaultyDoor(door, house.domain, self.clock.sleep, self.rules),
            LoginLimits(0, 0, BOUND_DELAYS if self.settings.bind else ()),
            farewell=FAREWELL_SECONDS,
            https_port_of=self.https_port,
            withheld=self._troubles(house).withheld,
            tap=partial(self.captures.hear, self.feed, house.domain),
            journeyed=partial(self.feed.journeyed, house.domain),
            found=partial(self.feed.found, house.domain, house.host),
            strict_at=frozenset(filter(None, (self.settings.bind,))),
            password_cost=self.settings.password_cost,
        )
        server = await Server.open(settings, world, self.failed)
        try:
            self.inhabitants += await settle_in(
                server, house, self.settings.people, Passwords(Path(settings.server.data))
            )
            own = {str(one.address) for one in self.settings.people if one.password}
            await settle_notes(server, house, own, passwords=not self.settings.bind)
            self.ports[house.domain] = await server.start()
            await self.publisher.publish(house, server, self.ports[house.domain])
        except BaseException:
            await server.stop()
            raise
        self.servers[house.domain] = server

    def _operations(self) -> dict[str, Operation]:
        """What commands may ask of the running lab."""
        return {
            CLOCK: partial(moved, self.clock),
            WATCH: partial(told, self.feed),
            CAPTURE: partial(taken, self.captures),
            SLIPS: self._slips,
            CLASS: partial(attendance, self.servers),
            READ: partial(read_here, self.servers),
            RESET: self._reset,
        }

    def address_of(self, domain: str) -> str:
        """What the name of a domain's server leads to in this lab."""
        return next((house.ip for house in self.houses if house.domain == domain), "")

    def _name_of(self, ip: str) -> str:
        """The server that has an address of its own in this lab."""
        return next((house.host for house in self.houses if house.ip == ip), "")

    def _heard(self, question: Question) -> None:
        """A question to the lab's DNS."""
        self.feed.asked(question)
        self.settings.log.debug(
            "dns.question",
            name=question.name,
            kind=question.kind,
            rcode=question.rcode,
            transport=question.transport,
        )

    def _smtp_port(self, ip: str) -> int:
        """Where the host at an address of the lab takes mail; port 25 of addresses that are not the lab's leads nowhere."""
        for house in self.houses:
            if house.ip == ip:
                return self.ports[house.domain]["smtp"]
        return 25

    async def move_in(self, server: Server, person: Person) -> None:
        """One more account, also while the lab runs; whoever is there already stays as he is."""
        self.inhabitants.append(await moved_in(server, person))

    def controls(self) -> dict[str, Path]:
        """The control socket of each domain's server."""
        return {domain: places_of(server.settings).control for domain, server in self.servers.items()}

    @property
    def printed(self) -> dict[str, str]:
        """The passwords that course notes have, by address; none are good where others can reach the lab."""
        if self.settings.bind:
            return {}
        return {name: word for house in self.houses for name, word in people_of(house).items()}

    def describe(self) -> dict[str, object]:
        """What is where: the object that `postroom lab --json` prints."""
        notes = {name: house.domain for house in self.houses for name in house.further}
        further = {"notes": {"domains": notes, "accounts": self.printed}} if notes else {}
        return {
            "domains": {house.domain: self.ports[house.domain] for house in self.houses},
            "dns": self.names.port,
            "ca": str(self.ca.path),
            "accounts": {
                one.address: one.password for one in sorted(self.inhabitants, key=lambda one: one.address)
            },
            "data": str(self.settings.data),
            "page": self.url,
            **further,
        }


def _certified(issue: Callable[[House], list[Pair]], houses: Sequence[House]) -> dict[str, list[Pair]]:
    """The certificates of all houses, in threads: a key of RSA takes long to be made."""
    with ThreadPoolExecutor() as threads:
        return {house.domain: pairs for house, pairs in zip(houses, threads.map(issue, houses), strict=True)}
