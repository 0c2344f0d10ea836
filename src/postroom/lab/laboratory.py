"""The lab: two whole mail servers, a DNS and a certificate authority in one process, on loopback.

Everything is real but the world around it: names, certificates and the clock are the lab's own. RFC 5321 is spoken between its two domains as
between any others. Not here: the command (`lab.cli`), the zones (`lab.zones`), the faults.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from postroom.app.locate import places_of
from postroom.app.logs import Log
from postroom.app.server import Server
from postroom.app.settings import (
    AuthenticationSettings,
    LimitSettings,
    ListenSettings,
    LogSettings,
    ServerSettings,
    Settings,
)
from postroom.app.surroundings import Surroundings
from postroom.app.tls_settings import MtaStsSettings, TlsSettings
from postroom.lab.ca import LabCa
from postroom.lab.catch_all import CATCH_ALL, catch_all_of
from postroom.lab.clock import CLOCK, moved
from postroom.lab.control import LabControl, Operation
from postroom.lab.dns import Question
from postroom.lab.fault_book import CLEAR, LIST, PUT_ON, FaultBook
from postroom.lab.fault_guest import Trouble
from postroom.lab.fault_rules import FaultRules
from postroom.lab.fault_server import FaultyServer, wrong_answer
from postroom.lab.faults import FAULTS
from postroom.lab.feed import Feed, heard
from postroom.lab.keys import Publisher, new_keys, settle
from postroom.lab.mishaps import Chosen, Troubles
from postroom.lab.names import Names
from postroom.lab.plan import DNS_OFFSET, HOUSES, House, Person
from postroom.lab.policies import MAX_AGE, PolicySite, completed, policy_of, sts_lines, tlsa_lines
from postroom.lab.switches import Switches, emptied
from postroom.lab.watching import WATCH, told
from postroom.lab.wrong_certificates import WrongCertificates
from postroom.lab.zones import ZoneText
from postroom.message.address import Address
from postroom.net.certificates import Pair, opportunistic
from postroom.net.clock import MovableClock
from postroom.net.ourselves import is_ourselves
from postroom.store import accounts, aliases, directory, domains, jobs
from postroom.store.accounts import NewAccount
from postroom.store.engine import Transaction
from postroom.store.jobs import Destinations
from postroom.store.throttle import Limits as LoginLimits
from postroom.web.hosts import names_of
from postroom.web.mta_sts import Policy

FREE_BYTES = 64 << 20  # a lab is content with a small disk
FAREWELL_SECONDS = (
    1.0  # that conversations have when the lab stops: whoever presses Ctrl-C waits for the prompt
)


class LabSettings(msgspec.Struct, frozen=True):
    """`base` 0: any free ports. `data` is kept between two runs. `enforce`: what fails sender authentication is treated as a server does.

    With `catch_all`, one mailbox gets what has no other, of any domain.
    """

    data: Path
    base: int
    people: Sequence[Person]
    log: Log
    faults: Sequence[Chosen] = ()
    enforce: bool = False
    catch_all: bool = False


class Inhabitant(msgspec.Struct, frozen=True):
    """Somebody with an account, and his password as far as the lab knows it."""

    address: str
    password: str


class Laboratory:
    """A running lab; made by `start`."""

    def __init__(self, settings: LabSettings) -> None:
        self.settings = settings
        self.clock = MovableClock()
        self.failed = asyncio.Event()
        self.servers: dict[str, Server] = {}
        self.ports: dict[str, dict[str, int]] = {}
        self.inhabitants: list[Inhabitant] = []
        self.rules = FaultRules()
        settings.data.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.ca = LabCa(settings.data / "ca", self.clock.now())
        self.feed = Feed(self.clock.now, self._name_of)
        self.switches = Switches(self.rules, self.servers.get, self._republish, self._revive, self._part)
        self.switches.start_with(settings.faults)
        wrong = WrongCertificates(self.ca, self.clock.now)
        self.trouble = Trouble(self.rules, self.clock, wrong.context)
        self.control = LabControl(settings.data, self._operations())
        self._shown = {house.domain: self._certificates_of(house) for house in HOUSES}
        self._sites = {
            house.domain: PolicySite(
                partial(self._policy, house), self._certificates([f"mta-sts.{house.domain}"])
            )
            for house in HOUSES
        }
        self.names = Names(HOUSES, self.clock, self._heard, self._edited, partial(wrong_answer, self.rules))
        self.publisher = Publisher(self.names, "quarantine" if settings.enforce else "none")

    async def start(self) -> None:
        """Starts everything. Raises `CannotListen`, `StoreRefused` and then leaves nothing running."""
        base = self.settings.base
        try:
            await self.names.start(base + DNS_OFFSET if base else 0)
            await asyncio.gather(*(self._sites[house.domain].start(house.ip) for house in HOUSES))
            await asyncio.gather(*(self._open(house) for house in HOUSES))
            self.publisher.start(
                [(house, self.servers[house.domain], self.ports[house.domain]) for house in HOUSES]
            )
            for chosen in self.switches:
                await self.switches.apply(chosen)
            await self.control.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops everything, in order; what is full is so no longer."""
        if self.switches.is_any_full:
            await self.switches.clear()
        await self.publisher.stop()
        await self.control.stop()
        await asyncio.gather(*(server.stop() for server in self.servers.values()))
        await asyncio.gather(*(site.stop() for site in self._sites.values()))
        await self.names.stop()
        self.trouble.close()

    def settings_of(self, house: House) -> Settings:
        """The configuration of one of the servers, as a file would hold it."""
        base, here = self.settings.base, self.settings.data / house.domain
        pairs = self._shown[house.domain]
        return Settings(
            server=ServerSettings(
                house.host, house.domain, str(here), administrator=f"{house.people[0]}@{house.domain}"
            ),
            listen=ListenSettings(
                ("127.0.0.1", house.ip),
                smtp=house.port("smtp", base),
                submission=house.port("submission", base),
                submissions=house.port("submissions", base),
                lmtp=house.port("lmtp", base),
                pop3=house.port("pop3", base),
                pop3s=house.port("pop3s", base),
                imap=house.port("imap", base),
                imaps=house.port("imaps", base),
                http=house.port("http", base),
                https=house.port("https", base),
            ),
            tls=TlsSettings(
                tuple(str(pair.chain) for pair in pairs),
                tuple(str(pair.key) for pair in pairs),
                str(self.ca.path),
            ),
            authentication=AuthenticationSettings(
                exempt=(), most="refuse" if self.settings.enforce else "note"
            ),
            mta_sts=MtaStsSettings("enforce", max_age=MAX_AGE),
            limits=LimitSettings(free_bytes=FREE_BYTES),
            log=LogSettings(),
        )

    def _troubles(self, house: House) -> Troubles:
        return self.switches.troubles(house.domain)

    def _certificates(self, names: Sequence[str]) -> list[Pair]:
        return self.ca.issue(names, self.clock.now(), kinds=("ecdsa",))

    def _certificates_of(self, house: House) -> list[Pair]:
        """What a house's servers show."""
        names = [house.host, house.domain, *names_of(house.domain), "localhost", house.ip, "127.0.0.1"]
        return self.ca.issue(names, self.clock.now())

    def _policy(self, house: House) -> Policy:
        return policy_of(self._troubles(house).sts_mx or house.host)

    def _edited(self, zone: ZoneText) -> ZoneText:
        """A zone with what its domain says of the safety of its mail server, unless it does already, and with what is wrong with it."""
        house = next((house for house in HOUSES if house.domain == zone.origin), None)
        if house is None:
            return zone
        said = [*tlsa_lines(self._shown[house.domain]), *sts_lines(house, self._policy(house))]
        troubles = self._troubles(house)
        return ZoneText(zone.origin, troubles.edited(completed(troubles.unsaid(zone), said)))

    async def _republish(self, domain: str) -> None:
        """A domain's zone or policy is another one now."""
        await self.publisher.again(domain)

    def _part(self) -> None:
        """The servers forget what they know of each other."""
        self.names.forget()
        self.trouble.part({house.ip for house in HOUSES})

    async def _revive(self) -> None:
        """Nothing is down any more: what waits for the lab's servers is tried now."""
        for server in self.servers.values():
            for house in HOUSES:
                await server.engine.write(partial(_due, Destinations(house.domain), self.clock.now()))
            server.wake()

    def https_port(self, ip: str) -> int:
        """Where the web server at an address of the lab is."""
        return next((self._sites[house.domain].port for house in HOUSES if house.ip == ip), 443)

    async def _open(self, house: House) -> None:
        settings = self.settings_of(house)
        meddling = FaultyServer(house.domain, self.trouble, self.feed, self.switches.is_full)
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
            LoginLimits(0, 0, ()),
            farewell=FAREWELL_SECONDS,
            https_port_of=self.https_port,
            tap=partial(self.feed.overhear, house.domain),
            meddling=meddling,
            catch_all=catch_all_of(self.names.has) if self.settings.catch_all else None,
        )
        server = await Server.open(settings, world, self.failed)
        try:
            await self._settle_in(server, house)
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
            CLOCK: partial(moved, self.clock),
            WATCH: partial(told, self.feed),
            PUT_ON: book.put_on,
            LIST: book.listed,
            CLEAR: book.cleared,
        }

    def _name_of(self, ip: str) -> str:
        """The server that has an address of its own in this lab."""
        return next((house.host for house in HOUSES if house.ip == ip), "")

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
        for house in HOUSES:
            if house.ip == ip:
                return self.trouble.port(house.domain, self.ports[house.domain]["smtp"])
        return 25

    async def _settle_in(self, server: Server, house: House) -> None:
        """The domain, its people and the addresses of faults; whoever lives there already stays as he is."""
        keys = asyncio.create_task(new_keys())
        people = [person for person in self.settings.people if person.address.domain == house.domain]
        if self.settings.catch_all and CATCH_ALL.domain == house.domain:
            people.append(Person(CATCH_ALL))
        passwords = _Passwords(self.settings.data / house.domain / "passwords")
        for person in people:
            await self.move_in(server, Person(person.address, passwords.of(person)))
        first = Address(house.people[0], house.domain)
        await server.engine.write(_fault_addresses(house, first))
        await server.engine.write(emptied)
        await settle(server, house, await keys)

    async def move_in(self, server: Server, person: Person) -> None:
        """One more account, also while the lab runs; whoever is there already stays as he is."""
        password = person.password.encode()
        verifier = await server.passwords.verifier(password)
        scram = await server.passwords.scram(password, person.address.key, server.vault)
        new = NewAccount(person.address, verifier, scram=scram)
        await server.engine.write(_moving_in(server, new))
        self.inhabitants.append(Inhabitant(str(person.address), person.password))

    def controls(self) -> dict[str, Path]:
        """The control socket of each domain's server."""
        return {domain: places_of(server.settings).control for domain, server in self.servers.items()}

    def describe(self) -> dict[str, object]:
        """What is where: the object that `postroom lab --json` prints."""
        return {
            "domains": {house.domain: self.ports[house.domain] for house in HOUSES},
            "dns": self.names.port,
            "ca": str(self.ca.path),
            "accounts": {
                one.address: one.password for one in sorted(self.inhabitants, key=lambda one: one.address)
            },
            "data": str(self.settings.data),
        }


class _Passwords:
    """The passwords of a lab's accounts, kept beside it so that the second start knows those that the first made up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = msgspec.json.decode(path.read_bytes()) if path.exists() else {}

    def of(self, person: Person) -> str:
        """The password that the account has, or will have."""
        known = self._known.get(person.address.key)
        if known is None:
            known = self._known[person.address.key] = person.password or secrets.token_hex(4)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(0o600)
            self._path.write_bytes(msgspec.json.encode(self._known))
        return known


def _moving_in(server: Server, new: NewAccount) -> Callable[[Transaction], Awaitable[None]]:
    async def work(tx: Transaction) -> None:
        now, address = server.clock.now(), new.address
        if await directory.domain(tx, address.domain) is None:
            await domains.add(tx, address.domain, now)
        if await directory.exact(tx, address) is None:
            await accounts.add(tx, new, server.ids, now)

    return work


async def _due(hop: Destinations, now: int, tx: Transaction) -> None:
    await jobs.hop_due(tx, hop, now)


def _fault_addresses(house: House, target: Address) -> Callable[[Transaction], Awaitable[None]]:
    async def work(tx: Transaction) -> None:
        for name in (name for name, fault in FAULTS.items() if fault.takes):
            address = Address(name, house.domain)
            if await directory.exact(tx, address) is None:
                await aliases.add_alias(tx, address, [target])

    return work
