"""Which hosts take a domain's mail, in the order they are to be tried.

RFC 5321 §5.1 (preference, equal ones shuffled, the address itself when there is no MX, own name removed with worse ones, CNAME),
RFC 7505 (null MX), RFC 5321 §4.1.3 (address literals). Not here: connections, and routes that an administrator set (`deliver.routes`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from postroom.message.errors import EnhancedStatus, MailError, NoSuchDomain, NullMx, RoutingLoop
from postroom.message.idn import a_labels
from postroom.message.journey.events import Asked, Record
from postroom.proto.dns.answer import Answer, Mx, Rcode
from postroom.proto.dns.resolver import Resolver
from postroom.wire.ip import is_address

MAX_EXCHANGERS = 10  # tried for one domain
MAX_ADDRESSES = 4  # tried for one exchanger


class DnsUnavailable(MailError):
    """The DNS did not answer: never a reason to give up before the message's life ends (RFC 3463 §3.5, X.4.3)."""

    status = EnhancedStatus(4, 4, 3)
    words = "The DNS does not answer for the domain, will try again"


class NoHost(MailError):
    """There are exchangers, but none of them has an address now."""

    status = EnhancedStatus(4, 4, 4)
    words = "No mail exchanger of the domain has an address, will try again"


class Target(msgspec.Struct, frozen=True):
    """One address to try. `host` is the exchanger's name (what its certificate must say), "" for an address literal.

    `named`: an administrator has named the host, no MX record. `mx_secure` and `secure`: DNSSEC covers what led to the host, and its addresses;
    `canonical` is where an alias leads that the host's name is, "" when it is none; `expanded` likewise of the domain whose MX records name the host.
    """

    host: str
    ip: str
    port: int = 25
    named: bool = False
    mx_secure: bool = False
    secure: bool = False
    canonical: str = ""
    expanded: str = ""


class Identity(msgspec.Struct, frozen=True):
    """Who this system is in the DNS: the names it goes by, and which addresses are its own."""

    names: Collection[str]
    owns: Callable[[str], bool]


class MxLookup:
    """Finds targets. `chance` shuffles exchangers of equal preference; `port_of` is 25 for every address but in a lab."""

    def __init__(
        self, resolver: Resolver, identity: Identity, chance: random.Random, port_of: Callable[[str], int]
    ) -> None:
        self._resolver = resolver
        self._identity = identity
        self._chance = chance
        self._port_of = port_of

    async def targets(self, domain: str, record: Record, at: Callable[[], int]) -> list[Target]:
        """The addresses to try, best first; `at` gives the journey's milliseconds.

        Raises the `MailError` that holds for every recipient of the domain.
        """
        if domain.startswith("["):
            ip = domain.strip("[]").removeprefix("IPv6:")
            if self._identity.owns(ip):
                raise _loop(domain)
            return [Target("", ip, self._port_of(ip))]
        exchangers, explicit, naming = await self._exchangers(ascii_domain(domain), record, at)
        hosts: list[tuple[Mx, Answer[str]]] = []
        ours = False
        for mx in exchangers:
            answer = await self._resolver.addresses(mx.exchange)
            record(asked(answer, at()))
            if any(self._identity.owns(ip) for ip in answer.records):
                ours = True  # RFC 5321 §5.1: the rest is no better than we are
                hosts = [host for host in hosts if host[0].preference < mx.preference]
                break
            hosts.append((mx, answer))
        targets = [
            Target(
                mx.exchange,
                ip,
                self._port_of(ip),
                mx_secure=naming.authenticated,
                secure=answer.authenticated,
                canonical=answer.canonical,
                expanded=naming.canonical,
            )
            for mx, answer in hosts
            for ip in answer.records[:MAX_ADDRESSES]
        ]
        if targets:
            return targets
        if any(answer.failed for _, answer in hosts):
            raise DnsUnavailable(
                f"The DNS does not answer for the mail exchangers of {domain}, will try again"
            )
        if ours and not hosts:
            raise _loop(domain)
        if not explicit:
            raise NoSuchDomain(f"The domain {domain} has neither a mail exchanger nor an address")
        raise NoHost(
            f"No mail exchanger of {domain} has an address ({', '.join(mx.exchange for mx, _ in hosts[:3])})"
        )

    async def hosts(self, name: str, record: Record, at: Callable[[], int]) -> list[Target]:
        """The addresses of one host that was named by an administrator; our own may be among them. Raises as `targets`."""
        if is_address(name):
            return [Target("", name, self._port_of(name))]
        answer = await self._resolver.addresses(ascii_domain(name))
        record(asked(answer, at()))
        if not answer.records:
            raise DnsUnavailable(
                f"The next server {name} has no address now, will try again", detail=answer.rcode
            )
        return [Target(name, ip, self._port_of(ip)) for ip in answer.records[:MAX_ADDRESSES]]

    async def _exchangers(
        self, domain: str, record: Record, at: Callable[[], int]
    ) -> tuple[list[Mx], bool, Answer[Mx]]:
        """Exchangers, best first, whether MX records name them (else the implicit MX of RFC 5321 §5.1), and the answer that says so."""
        answer = await self._resolver.mx(domain)
        record(asked(answer, at()))
        if answer.failed:
            raise DnsUnavailable(f"The DNS does not answer for {domain}, will try again", detail=answer.rcode)
        if not answer.records:
            if answer.rcode == Rcode.NXDOMAIN:
                raise NoSuchDomain(f"The domain {domain} does not exist")
            return [Mx(0, answer.canonical or domain)], False, answer
        named = [mx for mx in answer.records if mx.exchange]
        if not named:
            raise NullMx(f"The domain {domain} accepts no mail (null MX)")
        usable = self._better_than_us(self._ordered(named))
        if not usable:
            raise _loop(domain)
        return usable[:MAX_EXCHANGERS], True, answer

    def _ordered(self, records: list[Mx]) -> list[Mx]:
        shuffled = list(records)
        self._chance.shuffle(shuffled)
        return sorted(shuffled, key=lambda mx: mx.preference)

    def _better_than_us(self, ordered: list[Mx]) -> list[Mx]:
        """RFC 5321 §5.1: when one of them is us, it goes and so do all of the same or a worse preference."""
        own = [mx.preference for mx in ordered if mx.exchange in self._identity.names]
        return [mx for mx in ordered if not own or mx.preference < min(own)]


def _loop(domain: str) -> RoutingLoop:
    return RoutingLoop(f"The best mail exchanger of {domain} is this system, which does not know the domain")


def ascii_domain(domain: str) -> str:
    """The A-label form that the DNS is asked with (RFC 5891 §4); raises `NoSuchDomain` when there is none."""
    try:
        return a_labels(domain)
    except ValueError as error:
        raise NoSuchDomain(
            f"The domain {domain} is not a valid internationalized name", detail=str(error)
        ) from error


def asked(answer: Answer[Any], at: int) -> Asked:
    """The journey's event for a DNS answer."""
    return Asked(at, answer.name, answer.kind.value, answer.rcode.value, answer.texts(), answer.authenticated)
