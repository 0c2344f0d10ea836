"""What a lab consists of: its two domains, their hosts, addresses and ports, and who lives there.

Names under .test (RFC 6761 §6.2), addresses in 127.0.0.0/8 (RFC 1122 §3.2.1.3): nothing can leave the machine. Values only; not here: the servers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from postroom.message.address import Address, parse_domain, parse_mailbox

DEFAULT_BASE = 2500
DNS_OFFSET = 53
PAGE_OFFSET = 88  # the lab's own HTTP server
OFFSETS = {
    "smtp": 25,
    "submission": 587,
    "submissions": 465,
    "lmtp": 24,
    "pop3": 110,
    "pop3s": 995,
    "imap": 143,
    "imaps": 993,
    "http": 80,
    "https": 443,
}


class House(msgspec.Struct, frozen=True):
    """One domain of the lab: `ip` is its server's address in the lab's DNS, `step` what its ports are above the base.

    `further` are domains that its server has besides.
    """

    domain: str
    ip: str
    step: int
    people: tuple[str, ...]
    further: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The name of its server."""
        return f"mail.{self.domain}"

    def port(self, service: str, base: int) -> int:
        """A service's port; 0, any free one, when the base is 0."""
        return base + self.step + OFFSETS[service] if base else 0


HOUSES = (
    House("hamburger.test", "127.0.0.3", 0, ("bob",)),
    House("crepes.test", "127.0.0.2", 1000, ("alice",)),
)


# Names that nobody can have in the world's DNS: RFC 6761 §6.2 to §6.5, multicast DNS's, the home network's, and ICANN's for private use.
RESERVED = ("test", "example", "invalid", "localhost", "local", "internal", "home.arpa")
EXAMPLES = ("example.com", "example.net", "example.org")  # RFC 2606 §3: themselves and what is below them


class BadDomain(Exception):
    """A --domain that the lab cannot have; the text names it and the remedy."""


class BadAccount(Exception):
    """An --account that the lab cannot have; the text names it and the remedy."""


def houses_at(domains: Sequence[str]) -> tuple[House, ...]:
    """The usual houses under other names: the first name is for the first house. Raises `BadDomain`."""
    if len(domains) > len(HOUSES):
        raise BadDomain(
            f"--domain {domains[len(HOUSES)]}: a lab has {len(HOUSES)} domains, and that is one more"
        )
    named = [_reserved(text) for text in domains]
    names = [*named, *(house.domain for house in HOUSES[len(named) :])]
    if len(set(names)) < len(names):
        raise BadDomain(f"--domain {named[-1]}: both domains of the lab would have this name")
    return tuple(
        msgspec.structs.replace(house, domain=name) for house, name in zip(HOUSES, names, strict=True)
    )


def _reserved(text: str) -> str:
    """A domain below a name that is for no one; raises `BadDomain`."""
    name = parse_domain(text)
    if name is None or name.startswith("[") or not name.isascii():
        raise BadDomain(f"--domain {text}: that is no domain name; write it as uni.test")
    if name not in EXAMPLES and not name.endswith(tuple(f".{suffix}" for suffix in (*RESERVED, *EXAMPLES))):
        first = name.partition(".")[0]
        raise BadDomain(
            f"--domain {text}: this name belongs to somebody, or may one day, and mail written for it elsewhere would reach him: "
            f"use one that is kept free for such ends, as {first}.test or {first}.internal"
        )
    return name


class Person(msgspec.Struct, frozen=True):
    """An account with its password, "" for one that the lab makes up."""

    address: Address
    password: str = ""


def residents(houses: Sequence[House] = HOUSES) -> list[Person]:
    """Those who live in every lab of these houses."""
    return [Person(Address(name, house.domain)) for house in houses for name in house.people]


def each_once(people: Iterable[Person]) -> list[Person]:
    """Whoever is named several times has the first password that was given: those who live there anyway are named without one."""
    found: dict[str, Person] = {}
    for person in people:
        known = found.get(person.address.key)
        if known is None or not known.password:
            found[person.address.key] = Person((known or person).address, person.password)
    return list(found.values())


def domains_of(houses: Iterable[House]) -> str:
    """The domains of a lab, as words."""
    return " and ".join(house.domain for house in houses)


def parse_account(text: str, houses: Sequence[House] = HOUSES) -> Person:
    """`ADDR:PASSWORD`; raises `BadAccount`."""
    written, separator, password = text.partition(":")
    address = parse_mailbox(written)
    if address is None or not separator or not password:
        raise BadAccount(f"--account {text!r}: write it as carol@{houses[0].domain}:password")
    if address.domain not in {house.domain for house in houses}:
        domains = " or ".join(house.domain for house in houses)
        raise BadAccount(f"--account {written}: the lab's domains are {domains}")
    return Person(address, password)
