"""Where a domain's policy is, and which organization a domain belongs to.

RFC 9989 §4.10 (the DNS tree walk), §4.10.1 (policy discovery), §4.10.2 (the organizational domain); RFC 7489 §3.2 and §6.6.3 (both by a Public
Suffix List, where one is given). One `Discovery` serves one message: what it asked once it does not ask again. Not here: what a policy means.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator

import msgspec

from postroom.mailauth.dmarc.record import Psd, Record, parse, select
from postroom.mailauth.dmarc.suffixes import SuffixList
from postroom.proto.dns.answer import Family, Rcode
from postroom.proto.dns.resolver import Resolver

MAX_QUERIES = 8  # of one tree walk, RFC 9989 §4.10


class Method(enum.StrEnum):
    """How policies are found, in the words of RFC 9990 (discovery_method)."""

    TREE_WALK = "treewalk"
    SUFFIX_LIST = "psl"


class Undiscovered(Exception):
    """The DNS failed, so nothing is known; the text says what was asked."""


class Published(msgspec.Struct, frozen=True):
    """A record and the domain that has it."""

    domain: str
    record: Record


class _Looked(msgspec.Struct, frozen=True):
    """What is at `_dmarc.<domain>`: the one record, or none; of several, none counts. `exists`: the name itself is in the DNS."""

    published: Published | None
    several: bool = False
    exists: bool = True


class Discovery:
    """Asks a resolver; with a list of suffixes as RFC 7489 does it, else as RFC 9989."""

    def __init__(
        self,
        resolver: Resolver,
        suffixes: SuffixList | None = None,
        read: Callable[[bytes], Record] = parse,
    ) -> None:
        """`read` is `record.parse`, or it with a memory."""
        self._resolver = resolver
        self._read = read
        self._suffixes = suffixes
        self._looked: dict[str, _Looked] = {}
        self._organizations: dict[str, str] = {}

    @property
    def method(self) -> Method:
        """Which of the two."""
        return Method.TREE_WALK if self._suffixes is None else Method.SUFFIX_LIST

    async def policy_of(self, author: str) -> Published | None:
        """The record that applies to mail from this domain; raises Undiscovered."""
        own = await self._look(author)
        if own.published is not None:
            return own.published
        if self._suffixes is not None:
            if own.several:  # RFC 7489 §6.6.3, step 5
                return None
            organization = self._suffixes.organizational_domain(author)
            return None if organization == author else (await self._look(organization)).published
        found = await self._walk(author)
        organization = _organization(author, found)
        of_organization = [one for one in found if one.domain == organization]
        of_suffix = [one for one in found if one.record.psd is Psd.YES]
        return next(iter(of_organization + of_suffix), None)

    async def record_at(self, domain: str) -> Published | None:
        """The record at exactly this domain; raises Undiscovered."""
        return (await self._look(domain)).published

    async def organization_of(self, domain: str) -> str:
        """The organizational domain; raises Undiscovered."""
        if self._suffixes is not None:
            return self._suffixes.organizational_domain(domain)
        if domain not in self._organizations:
            self._organizations[domain] = _organization(domain, await self._walk(domain))
        return self._organizations[domain]

    async def exists(self, domain: str) -> bool:
        """Whether a name is in the DNS (RFC 9989 §3.2.13: the answer is not NXDOMAIN); raises Undiscovered."""
        looked = self._looked.get(domain)
        if looked is not None and looked.exists:
            return True
        answer = await self._resolver.addresses(domain, Family.IPV4)
        if answer.failed:
            raise Undiscovered(f"the DNS answers {answer.rcode} for {answer.kind} of {domain}")
        return answer.rcode is not Rcode.NXDOMAIN

    async def _walk(self, domain: str) -> list[Published]:
        """RFC 9989 §4.10: the records from the domain upwards, the last one being where psd= ended the walk."""
        found: list[Published] = []
        for target in targets(domain):
            published = (await self._look(target)).published
            if published is not None:
                found.append(published)
                if published.record.psd is not Psd.UNSAID:
                    break
        return found

    async def _look(self, domain: str) -> _Looked:
        if domain not in self._looked:
            answer = await self._resolver.txt(record_name(domain))
            if answer.failed:
                raise Undiscovered(f"the DNS answers {answer.rcode} for {answer.kind} of {answer.name}")
            records = select(answer.records)
            published = Published(domain, self._read(records[0])) if len(records) == 1 else None
            # RFC 8020 §2: what has a name below it exists, and an answer other than NXDOMAIN says that `_dmarc` below it does
            self._looked[domain] = _Looked(published, len(records) > 1, answer.rcode is not Rcode.NXDOMAIN)
        return self._looked[domain]


def record_name(domain: str) -> str:
    """Where the record of a domain is (RFC 9989 §4.5)."""
    return f"_dmarc.{domain}"


def targets(domain: str) -> Iterator[str]:
    """The domains that a tree walk looks at: the domain, then its parents, of long names the last seven labels first."""
    yield domain
    labels = domain.split(".")
    for start in range(max(1, len(labels) - MAX_QUERIES + 1), len(labels)):
        yield ".".join(labels[start:])


def _organization(domain: str, found: list[Published]) -> str:
    """RFC 9989 §4.10.2, of what a walk from `domain` found."""
    for one in found:
        if one.record.psd is Psd.NO:
            return one.domain
        if one.record.psd is Psd.YES and one.domain != domain:
            below = one.domain.count(".") + 2
            return ".".join(domain.split(".")[-below:])
    return found[-1].domain if found else domain
