"""What a check of SPF is about, and what came of it, with all that it was based on.

RFC 7208 §2.3 and §2.4 (the two identities), §2.6 (results), §4.1 (arguments), §4.6.4 (limits), RFC 8616 §4 (A-labels). Values only. Not
here: how a result is found, and what is done about it.
"""

from __future__ import annotations

import enum
import ipaddress
from typing import TypeAlias

import msgspec

from postroom.message.address import Address
from postroom.message.idn import a_labels

SHOWN_RECORD = 200  # characters of a record in a sentence

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Result(enum.StrEnum):
    """The seven of RFC 7208 §2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Scope(enum.StrEnum):
    """Which identity is checked, in the words of RFC 7208 §9.1."""

    MAIL_FROM = "mailfrom"
    HELO = "helo"


class Limits(msgspec.Struct, frozen=True):
    """How much one check may ask (RFC 7208 §4.6.4)."""

    lookups: int = 10  # terms that ask the DNS, all records of a check together
    voids: int = 2  # of these, terms that are told that there is nothing
    exchangers: int = 10  # MX records of one name; more are an error
    names: int = 10  # PTR records of the client that are looked at


class Client(msgspec.Struct, frozen=True):
    """Who connected: IP address, what it said with HELO. For explanations: the receiving host's name, the time in Unix seconds."""

    ip: str
    helo: str = ""
    receiver: str = "unknown"
    now: int = 0

    @property
    def address(self) -> Ip:
        """The address, as IPv4 when it is an IPv4-mapped one (RFC 7208 §5); raises ValueError when it is none."""
        found = ipaddress.ip_address(self.ip.partition("%")[0])
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return mapped or found


class Identity(msgspec.Struct, frozen=True):
    """What is checked; `domain` is in A-labels where it can be."""

    scope: Scope
    local: str
    domain: str

    @property
    def sender(self) -> str:
        """The <sender> of RFC 7208 §4.1."""
        return f"{self.local}@{self.domain}"


def helo_identity(helo: str) -> Identity:
    """RFC 7208 §2.3."""
    return Identity(Scope.HELO, "postmaster", _name(helo))


def mail_from_identity(sender: Address | None, helo: str) -> Identity:
    """RFC 7208 §2.4: the null sender counts as postmaster of the HELO name; §4.3: so does postmaster where a local part is missing."""
    if sender is None:
        return Identity(Scope.MAIL_FROM, "postmaster", _name(helo))
    return Identity(Scope.MAIL_FROM, sender.local or "postmaster", _name(sender.domain))


def _name(domain: str) -> str:
    """The form that the DNS is asked with (RFC 7208 §4.3), without a final dot; as it is when there is none."""
    try:
        domain = a_labels(domain)
    except ValueError:
        pass
    return domain.removesuffix(".")


class Match(msgspec.Struct, frozen=True):
    """A term that led on: `term` as written in the record of `domain`."""

    domain: str
    term: str

    @property
    def is_last_resort(self) -> bool:
        """Whether it says nothing of the client: `all`, or a redirect behind which nothing matched."""
        return self.term.lstrip("+-~?").lower() == "all" or self.term.startswith("redirect=")


class Verdict(msgspec.Struct, frozen=True):
    """The result with its inputs.

    `record` is that of the identity's domain, "" without one. `path` are the terms that were followed, the one that decided last: include
    and redirect, then e.g. `ip4:192.0.2.0/24`; empty when no term matched. `problem` says what is wrong (none, temperror, permerror).
    `explanation` is what the domain says about a fail (RFC 7208 §6.2): a stranger's words. `lookups` and `voids` are counted as `Limits` does.
    """

    result: Result
    identity: Identity
    client: Client
    record: str = ""
    path: tuple[Match, ...] = ()
    problem: str = ""
    explanation: str = ""
    lookups: int = 0
    voids: int = 0

    @property
    def mechanism(self) -> str:
        """The term of the domain's own record that matched; "default" when none did (RFC 7208 §9.1)."""
        return self.path[0].term if self.path else "default"

    @property
    def words(self) -> str:
        """Why, in one sentence: `203.0.113.9 is not in v=spf1 ip4:192.0.2.0/24 -all of crepes.test`."""
        if self.problem:
            return self.problem
        decisive = self.path[-1] if self.path else None
        if decisive is None or decisive.is_last_resort:
            inside = "is in" if self.result is Result.PASS else "is not in"
            shown = self.record if len(self.record) <= SHOWN_RECORD else self.record[:SHOWN_RECORD] + "..."
            return f"{self.client.ip} {inside} {shown} of {self.identity.domain}"
        way = "".join(f", by {match.term} of {match.domain}" for match in reversed(self.path[:-1]))
        return f"{self.client.ip} matches {decisive.term} of {decisive.domain}{way}"
