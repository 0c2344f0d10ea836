"""The lab: two whole mail servers, a DNS and a certificate authority in one process, on loopback.

Everything is real but the world around it: names, certificates and the clock are the lab's own. RFC 5321 is spoken between its two domains as
between any others. Not here: the command (`lab.cli`), the zones (`lab.dns.zones`), the faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from postroom.app.locate import places_of
from postroom.app.server import Server
from postroom.app.surroundings import Surroundings
from postroom.lab.ca import LabCa
from postroom.lab.catch_all import catch_all_address, catch_all_of
from postroom.lab.classroom.attendance import CLASS, attendance
from postroom.lab.classroom.slips import SLIPS, slip
from postroom.lab.clock import CLOCK, moved
from postroom.lab.control import LabControl, Operation
from postroom.lab.describing import DESCRIBE, FACTS, described
from postroom.lab.dns.keys import Publisher
from postroom.lab.dns.names import Names
from postroom.lab.dns.notes import extras_of, people_of, settle_notes
from postroom.lab.dns.server import Question
from postroom.lab.doors import DOOR, turned
from postroom.lab.faults.book import CLEAR, LIST, PUT_ON, FaultBook
from postroom.lab.faults.guest import Trouble
from postroom.lab.faults.rules import FaultRules
from postroom.lab.faults.server import FaultyServer, wrong_answer
from postroom.lab.faults.switches import Switches, emptied
from postroom.lab.front import Front
from postroom.lab.heard.capture import CAPTURE, Captures, taken
from postroom.lab.heard.explained import Explained
from postroom.lab.heard.feed import Feed, heard
from postroom.lab.heard.watching import WATCH, told
from postroom.lab.house_settings import LabSettings, settings_of
from postroom.lab.plan import DNS_OFFSET, House, Person
from postroom.lab.reading_here import READ, read_here
from postroom.lab.resetting import RESET, reset
from postroom.lab.settling import Inhabitant, Passwords, moved_in, settle_in
from postroom.lab.showing import Showing
from postroom.lab.wrong_certificates import WrongCertificates
from postroom.net.clock import MovableClock
from postroom.net.ourselves import is_ourselves
from postroom.net.tls.certificates import opportunistic
from postroom.store.login.throttle import Limits as LoginLimits
from postroom.store.spool import jobs
from postroom.store.spool.jobs import Destinations

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
        self.explained = Explained(self.feed)
        self.captures = Captures(self.clock.now, self.houses)
        self.front = Front(self, settings.log, settings.bind if settings.page_too else "")
        self.switches = Switches(self.rules, self.servers.get, self._republish, self._revive, self._part)
        self.switches.start_with(settings.faults)
        self.trouble = Trouble(self.rules, self.clock, WrongCertificates(self.ca, self.clock.now).context)
        self.control = LabControl(settings.data, self._operations())
        self.showing = Showing(settings, self.ca, self.clock.now, self.switches.troubles)
        wrong = partial(wrong_answer, self.rules)
        self.names = Names(self.houses, self.clock, self._heard, self.showing.edited, wrong)
        self.names.server.overheard = self.captures.asked
        self.showing.on_renewal = self._reload
        self.clock.on_move.append(self.showing.renew)
        self.publisher = Publisher(self.names, "quarantine" if settings.enforce else "none")

    async def start(self) -> None:
        """Starts everything. Raises `CannotListen`, `StoreRefused` and then leaves nothing running."""
        base = self.settings.base
        try:
            await self.names.start(base + DNS_OFFSET if base else 0)
            await self.showing.start()
            opening = (self._open(house) for house in self.houses)
            for failed in await asyncio.gather(*opening, return_exceptions=True):
                if failed is not None:
                    raise failed  # none of them is under way any more
            self.publisher.start(
                [(house, self.servers[house.domain], self.ports[house.domain]) for house in self.houses]
            )
            for chosen in self.switches:
                await self.switches.apply(chosen)
            await self.front.start(base)  # last: its page shows what is there
            await self.control.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops everything, in order, whatever one of them raises; what is full is so no longer."""
        async with AsyncExitStack() as parts:  # the last comes first
            parts.callback(self.trouble.close)
            parts.push_async_callback(self.names.stop)
            parts.push_async_callback(self.showing.stop)
            parts.push_async_callback(self._stop_servers)
            parts.push_async_callback(self.front.stop, FAREWELL_SECONDS)
            parts.push_async_callback(self.control.stop)
            parts.push_async_callback(self.publisher.stop)
            if self.switches.is_any_full:
                await self.switches.clear()

    async def _stop_servers(self) -> None:
        stopping = (server.stop() for server in self.servers.values())
        for failed in await asyncio.gather(*stopping, return_exceptions=True):
            if failed is not None:
                raise failed

    async def _republish(self, domain: str) -> None:
        """A domain's zone or policy is another one now, or whether its certificate is renewed."""
        self.showing.look_again()
        await self.publisher.again(domain)

    def _reload(self) -> None:
        """Certificates were renewed."""
        for server in self.servers.values():
            server.tls.refresh()

    def _part(self) -> None:
        """The servers forget what they know of each other."""
        self.names.forget()
        self.trouble.part({house.ip for house in self.houses})

    async def _revive(self) -> None:
        """Nothing is down any more: what waits for the lab's servers is tried now."""
        for server in self.servers.values():
            for house in self.houses:
                await jobs.start_hops(server.engine, Destinations(house.domain), self.clock.now())
            server.wake()

    async def reset(self) -> dict[str, int]:
        """As it was at its beginning, though not the clock; gives what was taken away: `faults`, `messages`, `queued`, `journeys`."""
        faults = await self.switches.begin_again(self.settings.faults)
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
        settings = settings_of(house, self.settings, self.showing.pairs(house.domain), self.ca.path)
        hear = partial(self.captures.hear, self.feed)
        meddling = FaultyServer(house.domain, self.trouble, hear, self.switches.is_full)
        world = Surroundings(
            self.clock,
            self.names.resolver(),
            heard(self.settings.log, self.feed, house.domain),
            lambda ip: is_ourselves(ip, (house.ip,), loopback_is_far=True),
            opportunistic,
            self._smtp_port,
            house.ip,
            True,
            meddling.door,
            LoginLimits(0, 0, BOUND_DELAYS if self.settings.bind else ()),
            farewell=FAREWELL_SECONDS,
            https_port_of=self.showing.https_port,
            tap=partial(hear, house.domain),
            journeyed=partial(self.feed.journeyed, house.domain),
            found=partial(self.feed.found, house.domain, house.host),
            strict_at=frozenset(filter(None, (self.settings.bind,))),
            meddling=meddling,
            password_cost=self.settings.password_cost,
            dates_by=self.clock.now,
            catch_all=catch_all_of(self.houses, self.names.has) if self.settings.catch_all else None,
        )
        server = await Server.open(settings, world, self.failed)
        try:
            self.inhabitants += await settle_in(
                server, house, self._people(), Passwords(Path(settings.server.data))
            )
            await server.engine.write(emptied)
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
        book = FaultBook(self.switches, self.rules)
        return {
            PUT_ON: book.put_on,
            LIST: book.listed,
            CLEAR: book.cleared,
            CLOCK: partial(moved, self.clock),
            WATCH: partial(told, self.explained),
            CAPTURE: partial(taken, self.captures),
            SLIPS: self._slips,
            CLASS: partial(
                attendance, self.servers, {name for house in self.houses for name in extras_of(house)}
            ),
            READ: partial(read_here, self.servers),
            RESET: self._reset,
            DESCRIBE: partial(described, self.describe, self.failed),
            FACTS: partial(described, self._facts, self.failed),
            DOOR: partial(turned, self.rules, self.servers),
        }

    def _people(self) -> list[Person]:
        """Who lives there from the start on."""
        catch_all = [Person(catch_all_address(self.houses))] if self.settings.catch_all else []
        return [*self.settings.people, *catch_all]

    def _facts(self) -> dict[str, object]:
        """What is where, and what commands of the lab want to know besides."""
        return {**self.describe(), "enforce": self.settings.enforce, "last": self.feed.last}

    def address_of(self, domain: str) -> str:
        """What the name of a domain's server leads to in this lab."""
        return next((house.ip for house in self.houses if house.domain == domain), "")

    def _name_of(self, ip: str) -> str:
        """The server that has an address of its own in this lab."""
        return next((house.host for house in self.houses if house.ip == ip), "")

    def _heard(self, question: Question) -> None:
        """A question to the lab's DNS."""
        self.feed.asked(question)
        facts = ("name", "kind", "rcode", "transport")
        self.settings.log.debug("dns.question", **{one: getattr(question, one) for one in facts})

    def _smtp_port(self, ip: str) -> int:
        """Where the host at an address of the lab takes mail; port 25 of addresses that are not the lab's leads nowhere."""
        house = next((house for house in self.houses if house.ip == ip), None)
        return self.trouble.port(house.domain, self.ports[house.domain]["smtp"]) if house is not None else 25

    async def move_in(self, server: Server, person: Person) -> None:
        """One more account, also while the lab runs; whoever is there already stays as he is."""
        self.inhabitants.append(await moved_in(server, person))
        await self.switches.welcome(person.address.domain)

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
            "page": self.front.url,
            **further,
        }
