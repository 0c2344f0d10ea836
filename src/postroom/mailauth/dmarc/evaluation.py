"""The evaluation: does SPF or DKIM speak for the author, and if not, what does the author's domain ask for?

RFC 9989 §5.3 (the steps), §4.4 and §4.10.2 (alignment), §4.7 (t=), §11.5 (several authors); RFC 7489 §6.6.4 (pct=, only where policies are found
by a list of suffixes as that RFC does). Pure: the DNS is a `Resolver`, chance a function. Not here: SPF, DKIM, and what is done with a message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from postroom.mailauth.dkim.names import a_labels, is_within
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dmarc.author import Authors
from postroom.mailauth.dmarc.discovery import (
    Discovery,
    Method,
    Published,
    Undiscovered,
    record_name,
)
from postroom.mailauth.dmarc.record import Mode, Policy, Record, parse
from postroom.mailauth.dmarc.suffixes import SuffixList
from postroom.mailauth.dmarc.verdict import Identifier, Result, Verdict
from postroom.mailauth.spf import verdict as spf
from postroom.proto.dns.resolver import Resolver

MAX_IDENTIFIERS = (
    16  # domains that SPF and DKIM found good, of which alignment is asked; more are not looked at
)
MAX_DOMAINS = 4  # author domains whose policies are asked for, when there are several


class Terms(msgspec.Struct, frozen=True):
    """On which terms: `suffixes` makes it RFC 7489, `roll` gives a number from 0 to 99 and decides about pct=.

    `read` is `record.parse`, or it with a memory.
    """

    suffixes: SuffixList | None = None
    roll: Callable[[], int] = lambda: 0
    read: Callable[[bytes], Record] = parse


async def evaluate(
    resolver: Resolver,
    authors: Authors,
    sender: spf.Verdict | None,
    signatures: Sequence[SignatureResult],
    terms: Terms | None = None,
) -> Verdict:
    """The verdict on a message with these authors, what SPF says of MAIL FROM (None: not checked) and of its signatures."""
    terms = terms or Terms()
    evaluation = _Evaluation(
        Discovery(resolver, terms.suffixes, terms.read), identifiers(sender, signatures), terms
    )
    if authors.fault is not None:
        return await evaluation.of_a_fault(authors)
    return await evaluation.of(authors.domains[0])


def first_queries(authors: Authors) -> list[str]:
    """The names whose texts are asked for in any case: several authors need not wait for each other's DNS."""
    return [record_name(domain) for domain in authors.domains[:MAX_DOMAINS]]


def identifiers(sender: spf.Verdict | None, signatures: Sequence[SignatureResult]) -> tuple[Identifier, ...]:
    """What SPF and DKIM looked at. RFC 9989 §4.4.2: of SPF, MAIL FROM alone counts; a null one is checked by the name of HELO."""
    found: list[Identifier] = []
    if sender is not None and sender.identity.scope is spf.Scope.MAIL_FROM:
        found.append(Identifier("spf", _name(sender.identity.domain), sender.result.value))
    found += [
        Identifier("dkim", _name(one.domain), one.verdict.value, selector=one.selector) for one in signatures
    ]
    return tuple(found)


def _name(domain: str) -> str:
    return a_labels(domain.removesuffix(".")) or domain


class _Evaluation:
    """Of one message."""

    def __init__(self, discovery: Discovery, found: tuple[Identifier, ...], terms: Terms) -> None:
        self._discovery = discovery
        self._identifiers = found
        self._terms = terms

    async def of(self, author: str) -> Verdict:
        """The verdict for one author domain."""
        verdict = Verdict(Result.NONE, author, identifiers=self._identifiers, method=self._discovery.method)
        try:
            published = await self._discovery.policy_of(author)
            if published is None:
                return verdict
            if not published.record.applies:
                problem = f"_dmarc.{published.domain} has no policy that can be read, and counts as if it were not there"
                return msgspec.structs.replace(verdict, problem=problem)
            verdict = msgspec.structs.replace(verdict, published=published)
            policy = await self._policy(author, published)
            verdict = msgspec.structs.replace(verdict, policy=policy)
            aligned = await self._aligned(author, published)
        except Undiscovered as error:
            return msgspec.structs.replace(verdict, result=Result.TEMPERROR, problem=str(error))
        verdict = msgspec.structs.replace(verdict, identifiers=aligned)
        if any(one.aligned for one in aligned):
            return msgspec.structs.replace(verdict, result=Result.PASS)
        disposition, spared = self._disposition(published, policy)
        return msgspec.structs.replace(verdict, result=Result.FAIL, disposition=disposition, spared=spared)

    async def of_a_fault(self, authors: Authors) -> Verdict:
        """RFC 9989 §11.5: none of several authors is vouched for; the strictest policy among the checks that fail is what is asked for."""
        found = [await self.of(domain) for domain in authors.domains[:MAX_DOMAINS]]
        failing = [one for one in found if one.result is Result.FAIL]
        strictest = max(failing, key=lambda one: one.policy.strictness, default=None)
        if strictest is None or strictest.published is None:
            author = authors.domains[0] if len(authors.domains) == 1 else ""
            return Verdict(
                Result.PERMERROR, author, identifiers=self._identifiers, method=self._discovery.method,
                fault=authors.fault, problem=authors.problem,
            )  # fmt: skip
        disposition, spared = self._disposition(strictest.published, strictest.policy)
        return msgspec.structs.replace(
            strictest, result=Result.FAIL, disposition=disposition, spared=spared, fault=authors.fault,
            problem=authors.problem,
        )  # fmt: skip

    async def _policy(self, author: str, published: Published) -> Policy:
        record = published.record
        if published.domain == author:
            return record.policy(subdomain=False)
        exists = not record.depends_on_existence or await self._discovery.exists(author)
        return record.policy(subdomain=True, exists=exists)

    def _disposition(self, published: Published, policy: Policy) -> tuple[Policy, str]:
        """What is asked for this message, and why it is less than the policy, if it is."""
        record = published.record
        if policy is Policy.NONE:
            return policy, ""
        if record.testing:
            return policy.milder, "testing (t=y)"
        if self._discovery.method is Method.SUFFIX_LIST and self._terms.roll() >= record.percent:
            return policy.milder, f"sampled out (pct={record.percent})"
        return policy, ""

    async def _aligned(self, author: str, published: Published) -> tuple[Identifier, ...]:
        """The identifiers with what alignment makes of them; raises Undiscovered when none is, and of one the DNS did not tell (RFC 9989 §5.3.6)."""
        modes = {"spf": published.record.aspf, "dkim": published.record.adkim}
        undecided: Undiscovered | None = None
        good = 0
        seen: list[Identifier] = []
        for one in self._identifiers:
            aligned = False
            if one.result == "pass" and good < MAX_IDENTIFIERS:
                good += 1
                try:
                    aligned = await self._is_aligned(one.domain, author, modes[one.method])
                except Undiscovered as error:
                    undecided = error
            seen.append(msgspec.structs.replace(one, aligned=aligned))
        if any(one.aligned for one in seen):
            return tuple(seen)
        if undecided is not None:
            raise undecided
        for one in [one for one in seen if one.result == "temperror"][:MAX_IDENTIFIERS]:
            # without a domain nobody has looked at the signatures, and they may be anybody's
            if not one.domain or await self._is_aligned(one.domain, author, modes[one.method]):
                raise Undiscovered(f"{one}, which might speak for {author}")
        return tuple(seen)

    async def _is_aligned(self, domain: str, author: str, mode: Mode) -> bool:
        """RFC 9989 §4.4. What is not within the author's organization cannot have it for its own, so that is not asked."""
        if domain == author:
            return True
        if mode is Mode.STRICT or domain.rpartition(".")[2] != author.rpartition(".")[2]:
            return False
        organization = await self._discovery.organization_of(author)
        return is_within(domain, organization) and (
            domain == organization or await self._discovery.organization_of(domain) == organization
        )
