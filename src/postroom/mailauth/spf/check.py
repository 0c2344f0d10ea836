"""The check: may this client use this name?

RFC 7208 §4 (check_host), §5.2 (include), §6 (redirect and exp). Everything is asked of a `Resolver`, one question after the other. Not here:
grammar (`record`, `macros`), what the other mechanisms match, counting (`questions`), and what a result is good for.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from postroom.mailauth.spf.inquiry import Inquiry
from postroom.mailauth.spf.macros import MacroString, explain_string, has_fitting_labels
from postroom.mailauth.spf.mechanisms import ASKING, OFFLINE
from postroom.mailauth.spf.questions import Questions, Undecided
from postroom.mailauth.spf.record import Mechanism, Record, RecordError, parse, select
from postroom.mailauth.spf.verdict import (
    Client,
    Identity,
    Limits,
    Match,
    Result,
    Verdict,
    helo_identity,
    mail_from_identity,
)
from postroom.message.address import Address
from postroom.message.printable import printable
from postroom.proto.dns.resolver import Resolver
from postroom.wire.cursor import GrammarError

MAX_EXPLANATION = 500  # characters; a longer one is not used


class Terms(msgspec.Struct, frozen=True):
    """On which terms checks are made: how much may be asked, and `expired`, which tells when the time is over.

    `expired` is asked before and after each question, and makes the result temperror: RFC 7208 §4.6.4 wants at least 20 seconds. One
    question may take longer than what is left, as long as the resolver lets it. `read` is `record.parse`, or it with a memory.
    """

    limits: Limits = Limits()
    expired: Callable[[], bool] = lambda: False
    read: Callable[[bytes], Record] = parse


async def check_helo(resolver: Resolver, client: Client, terms: Terms | None = None) -> Verdict:
    """The HELO identity (RFC 7208 §2.3). Raises ValueError when the client's address is none."""
    return await check(resolver, client, helo_identity(client.helo), terms)


async def check_mail_from(
    resolver: Resolver, client: Client, sender: Address | None, terms: Terms | None = None
) -> Verdict:
    """The MAIL FROM identity (RFC 7208 §2.4), None being the null sender. Raises ValueError when the client's address is none."""
    return await check(resolver, client, mail_from_identity(sender, client.helo), terms)


async def check(
    resolver: Resolver, client: Client, identity: Identity, terms: Terms | None = None
) -> Verdict:
    """Any identity."""
    terms = terms or Terms()
    questions = Questions(resolver, terms.limits, terms.expired)
    return await _Check(Inquiry(client, identity, questions), terms.read).verdict(client, identity)


class _Outcome(msgspec.Struct, frozen=True):
    """What check_host gives: the way to the term that decided, the record that it stands in, and whose that is; no record is "none"."""

    result: Result
    path: tuple[Match, ...] = ()
    domain: str = ""
    record: Record | None = None


class _Check:
    """One check. `_first` is the first record that was found; `_path` the terms that are being looked at, outermost first."""

    def __init__(self, inquiry: Inquiry, read: Callable[[bytes], Record]) -> None:
        self._inquiry = inquiry
        self._read = read
        self._questions = inquiry.questions
        self._first = ""
        self._path: list[Match] = []

    async def verdict(self, client: Client, identity: Identity) -> Verdict:
        problem = explanation = ""
        try:
            outcome = await self._check_host(identity.domain)
        except Undecided as end:
            outcome, problem = _Outcome(end.result, tuple(self._path)), str(end)
        if outcome.result is Result.NONE:
            problem = _no_record(identity.domain)
        elif outcome.result is Result.FAIL and outcome.record is not None:
            explanation = await self._explanation(outcome.record.exp, outcome.domain)
        return Verdict(
            outcome.result,
            identity,
            client,
            self._first,
            outcome.path,
            printable(problem),
            explanation,
            self._questions.lookups,
            self._questions.voids,
        )

    async def _check_host(self, domain: str) -> _Outcome:
        """RFC 7208 §4. Its depth is bounded by the number of terms that ask; a redirect goes round instead of deeper."""
        base = len(self._path)
        record = await self._record(domain)
        if record is None:
            return _Outcome(Result.NONE)
        result = await self._result(record, domain)
        while result is None:
            if record.redirect is None:
                result = Result.NEUTRAL  # RFC 7208 §4.7
                break
            domain, record = await self._redirected(record.redirect, domain)
            result = await self._result(record, domain)
        outcome = _Outcome(result, tuple(self._path), domain, record)
        del self._path[base:]
        return outcome

    async def _result(self, record: Record, domain: str) -> Result | None:
        """That of the first mechanism that matches (RFC 7208 §4.6.2), which is then the last one of the path; None when none does."""
        for mechanism in record.mechanisms:
            self._path.append(Match(domain, mechanism.text))
            if await self._matches(mechanism, domain):
                return mechanism.result
            del self._path[-1]
        return None

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        offline = OFFLINE.get(mechanism.kind)
        if offline is not None:
            return await offline(self._inquiry, mechanism, domain)
        self._questions.begin(mechanism.text)
        target = await self._inquiry.target(mechanism.target, domain)
        if target is None:
            return False
        if mechanism.kind == "include":
            return await self._includes(mechanism, target)
        return bool(target) and await ASKING[mechanism.kind](self._inquiry, mechanism, target)

    async def _includes(self, mechanism: Mechanism, target: str) -> bool:
        """RFC 7208 §5.2: matches when the other domain's check passes; an error of it is ours, and its lack of a record is one."""
        outcome = await self._check_host(target)
        if outcome.record is None:
            raise Undecided(Result.PERMERROR, f"{mechanism.text}: {_no_record(target)}")
        if outcome.result is not Result.PASS:
            return False
        self._path.extend(outcome.path[len(self._path) :])
        return True

    async def _redirected(self, spec: MacroString, domain: str) -> tuple[str, Record]:
        """RFC 7208 §6.1: the record that is used instead; there must be one."""
        target = await self._inquiry.target(spec, domain) or ""
        term = f"redirect={target}"
        self._path.append(Match(domain, term))
        self._questions.begin(term)
        record = await self._record(target)
        if record is None:
            raise Undecided(Result.PERMERROR, f"{term}: {_no_record(target)}")
        return target, record

    async def _record(self, domain: str) -> Record | None:
        """RFC 7208 §4.3 to §4.6: the record of a domain; None where the result is "none"."""
        if not _is_domain(domain):
            return None
        found = select((await self._questions.txt(domain)).records)
        if not found:
            return None
        self._first = self._first or found[0].decode("ascii", "backslashreplace")
        if len(found) > 1:
            raise Undecided(Result.PERMERROR, f"{domain} has {len(found)} SPF records, one is allowed")
        try:
            return self._read(found[0])
        except RecordError as error:
            raise Undecided(Result.PERMERROR, f"the SPF record of {domain} is wrong: {error}") from error

    async def _explanation(self, spec: MacroString | None, domain: str) -> str:
        """RFC 7208 §6.2: whatever is wrong with it, there is no explanation, and the result stays."""
        try:
            target = await self._inquiry.target(spec, domain) if spec is not None else None
            texts = (await self._questions.txt(target)).records if target else ()
            if len(texts) != 1 or len(texts[0]) > MAX_EXPLANATION:
                return ""
            text = await self._inquiry.expanded(explain_string(texts[0]), domain)
        except (Undecided, GrammarError):
            return ""
        return text if text.isascii() and text.isprintable() and len(text) <= MAX_EXPLANATION else ""


def _is_domain(domain: str) -> bool:
    """RFC 7208 §4.3: several labels, none of them empty or too long; no address literal, and nothing beyond ASCII."""
    return (
        "." in domain
        and domain.isascii()
        and domain.isprintable()
        and domain[0] != "["
        and has_fitting_labels(domain)
    )


def _no_record(domain: str) -> str:
    if not domain:
        return "there is no domain to look at"
    return f"{domain} has no SPF record" if _is_domain(domain) else f"{domain} is not a full domain name"
