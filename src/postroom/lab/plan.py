"""What a lab consists of: its two domains, their hosts, addresses and ports, and who lives there.

Names under .test (RFC 6761 §6.2), addresses in 127.0.0.0/8 (RFC 1122 §3.2.1.3): nothing can leave the machine. Values only; not here: the servers.
"""

from __future__ import annotations

import msgspec

from postroom.message.address import Address, parse_mailbox

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
    """One domain of the lab: `ip` is its server's address in the lab's DNS, `step` what its ports are above the base."""

    domain: str
    ip: str
    step: int
    people: tuple[str, ...]

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


class BadAccount(Exception):
    """An --account that the lab cannot have; the text names it and the remedy."""


class Person(msgspec.Struct, frozen=True):
    """An account with its password, "" for one that the lab makes up."""

    address: Address
    password: str = ""


def residents() -> list[Person]:
    """Those who live in every lab."""
    return [Person(Address(name, house.domain)) for house in HOUSES for name in house.people]


def parse_account(text: str) -> Person:
    """`ADDR:PASSWORD`; raises `BadAccount`."""
    written, separator, password = text.partition(":")
    address = parse_mailbox(written)
    domains = " or ".join(house.domain for house in HOUSES)
    if address is None or not separator or not password:
        raise BadAccount(f"--account {text!r}: write it as carol@{HOUSES[0].domain}:password")
    if address.domain not in {house.domain for house in HOUSES}:
        raise BadAccount(f"--account {written}: the lab's domains are {domains}")
    return Person(address, password)
