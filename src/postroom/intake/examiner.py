"""Checks who sent a message: begun while its dialogue goes on, ended when it is there, never for longer than the time that is set.

RFC 7208 §2.3 and §2.4 (HELO and MAIL FROM), RFC 8601 §3 (iprev), RFC 6376 §6, RFC 8617 §5.2, RFC 9989 §5.3. The DNS may fail or be silent:
that is a verdict of its own, and the message goes on. Not here: the checks themselves and the decision (`mailauth`), and what is done (`intake.mx`).
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from postroom.deliver.feedback import Arrival, is_report, seen
from postroom.intake.patience import Patience
from postroom.intake.rates import Counted, Rates
from postroom.mailauth import iprev
from postroom.mailauth.arc.validation import Remembering
from postroom.mailauth.decision import Action, Decision, Policy, decide
from postroom.mailauth.dkim.public_key import PublicKey, parse_key_record
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dkim.results import Verdict as Word
from postroom.mailauth.dkim.verification import KeyReading
from postroom.mailauth.dmarc import record as dmarc_record
from postroom.mailauth.dmarc import verdict as dmarc
from postroom.mailauth.dmarc.author import authors
from postroom.mailauth.dmarc.evaluation import Terms as DmarcTerms
from postroom.mailauth.dmarc.evaluation import evaluate, first_queries
from postroom.mailauth.examination import NO_CHAIN, Examination
from postroom.mailauth.spf import check as spf_check
from postroom.mailauth.spf import record as spf_record
from postroom.mailauth.spf import verdict as spf
from postroom.mailauth.verdicts import Verdicts, trace_fields
from postroom.message.address import Address
from postroom.message.errors import TooFast
from postroom.message.feedback.aggregate import Seen
from postroom.message.headers.header import Header
from postroom.message.journey.events import Asked
from postroom.net.eager import Begun
from postroom.proto.dns.answer import Answer
from postroom.proto.dns.resolver import Resolver
from postroom.store.blobs.spilled import Content, head_of

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SENDER_SECONDS = 20.0  # that SPF, and the look for the client's name, may take from MAIL on (RFC 7208 §4.6.4)
MESSAGE_SECONDS = 20.0  # that keys and chain may take once the message is there, and then the policy
HOST_SECONDS = 60  # that what was found out about a client is good for its next connections
MOST_HOSTS = 1000  # clients of which that is remembered
MOST_SENDERS = 20  # senders of one client that are remembered with it
MOST_RECORDS = 1000  # records of SPF, of DMARC, and of keys, that are read once
INLINE = 64 * 1024  # octets of a message that is hashed at once; a longer one in a thread
_PIECE = 1 << 18
_APPLIED = {
    Action.ACCEPT: dmarc_record.Policy.NONE,
    Action.JUNK: dmarc_record.Policy.QUARANTINE,
    Action.REFUSE: dmarc_record.Policy.REJECT,
}
_FAULT = "the check failed by a fault of this system"


class Examining(msgspec.Struct, frozen=True):
    """What an examiner works with. `identity` is our name in the results; `exempt` are networks whose mail is not checked.

    `now` gives unix microseconds, `tell` logs an event with its facts; `count` is told what a report of DMARC says of a message (None:
    nothing). Times are seconds. `rates` bound how often one signature counts. `found` hears, with the client's address, what is known so far as soon
    as there is more of it.
    """

    resolver: Resolver
    identity: str
    policy: Policy
    now: Callable[[], int]
    tell: Callable[..., object]
    count: Callable[[Seen | None], None] = lambda _: None
    exempt: Sequence[Network] = ()
    terms: DmarcTerms = DmarcTerms()
    sender_seconds: float = SENDER_SECONDS
    message_seconds: float = MESSAGE_SECONDS
    rates: Rates = Rates({}, lambda: 0.0)
    found: Callable[[str, Verdicts], None] | None = None


class Sent(msgspec.Struct, frozen=True):
    """Whether a client may send for the address of MAIL FROM."""

    address: Address
    asking: Patience
    verdict: Begun[spf.Verdict]


class Host(msgspec.Struct):
    """What is found out about a client once for all of its messages under one greeting, and under the same one soon after."""

    client: spf.Client
    asking: Patience
    reverse: Begun[iprev.Verdict]
    helo: Begun[spf.Verdict]
    senders: dict[Address, Sent] = {}  # those of which it is known


class Opening(msgspec.Struct, frozen=True):
    """The checks of one message that were begun at MAIL; `sender` is None where MAIL FROM is null, as then HELO is what is checked."""

    host: Host
    sender: Sent | None

    @property
    def asked(self) -> list[Asked]:
        """What the DNS was asked for them."""
        return [*self.host.asking.asked, *(self.sender.asking.asked if self.sender is not None else ())]


class Examined(msgspec.Struct, frozen=True):
    """What came of it: the verdicts, the decision, the fields for the top of the message, and what the DNS was asked."""

    verdicts: Verdicts
    decision: Decision
    fields: bytes
    asked: list[Asked]
    report: bool = False  # it brings a report itself, by its header


class Examiner:
    """Examines messages for a door."""

    def __init__(self, examining: Examining) -> None:
        self._with = examining
        self._read_spf = lru_cache(MOST_RECORDS)(spf_record.parse)
        self._keys = KeyReading(lru_cache(MOST_RECORDS)(parse_key_record), lru_cache(MOST_RECORDS)(PublicKey))
        read_dmarc = lru_cache(MOST_RECORDS)(dmarc_record.parse)
        self._terms = replace(examining.terms, read=read_dmarc)
        self._exempt = lru_cache(MOST_HOSTS)(partial(_is_exempt, examining.exempt))
        self._hosts: OrderedDict[tuple[str, str], tuple[int, Host]] = OrderedDict()

    def concerns(self, ip: str) -> bool:
        """Whether mail from this address is checked at all."""
        return bool(ip) and not self._exempt(ip)

    def greeted(self, ip: str, helo: str) -> Host:
        """Begins what depends on the client alone, or remembers it."""
        now, who = self._with.now(), (ip, helo)
        since, host = self._hosts.get(who, (0, None))
        if host is None or not 0 <= now - since <= HOST_SECONDS * 1_000_000:
            host = self._asked(ip, helo)
            self._hosts[who] = now, host
            self._hosts.move_to_end(who)
            if len(self._hosts) > MOST_HOSTS:
                self._hosts.popitem(last=False)
        return host

    def _asked(self, ip: str, helo: str) -> Host:
        use = self._with
        asking = Patience(use.resolver, use.sender_seconds)
        client = spf.Client(ip, helo, use.identity, use.now() // 1_000_000)
        terms = spf_check.Terms(expired=asking.over, read=self._read_spf)
        unknown = iprev.Verdict(iprev.Result.TEMPERROR, ip, "", _FAULT)
        undecided = spf.Verdict(spf.Result.TEMPERROR, spf.helo_identity(helo), client, problem=_FAULT)
        return Host(
            client,
            asking,
            Begun(self._sure(iprev.check(asking, ip), unknown)),
            Begun(self._sure(spf_check.check_helo(asking, client, terms), undecided)),
        )

    def opened(self, host: Host, sender: Address | None) -> Opening:
        """Begins what MAIL FROM allows to begin, or remembers it."""
        if sender is None:
            return Opening(host, None)
        return Opening(host, host.senders.get(sender) or self._sent(host.client, sender))

    def _sent(self, client: spf.Client, sender: Address) -> Sent:
        asking = Patience(self._with.resolver, self._with.sender_seconds)
        identity = spf.mail_from_identity(sender, client.helo)
        undecided = spf.Verdict(spf.Result.TEMPERROR, identity, client, problem=_FAULT)
        terms = spf_check.Terms(expired=asking.over, read=self._read_spf)
        work = spf_check.check_mail_from(asking, client, sender, terms)
        return Sent(sender, asking, Begun(self._sure(work, undecided)))

    async def examine(self, opening: Opening | None, content: Content, *, utf8: bool = False) -> Examined:
        """The rest, once the message is there; never raises for what strangers or the DNS do. None: nobody knows who brought it."""
        use = self._with
        asking = Patience(use.resolver, use.message_seconds)
        examination, header = await self._read(content)
        found = await self._sure(_signatures(examination, asking, self._keys), (_failed(),))
        signatures = tuple(map(self._unless_replayed, found))
        self._tell(opening, Verdicts(signatures=signatures, untried=examination.untried))
        chain = await self._sure(
            examination.chain(_InTurns(asking), self._keys),
            replace(NO_CHAIN, verdict=Word.FAIL, reason=_FAULT),
        )
        client = await self._about_client(opening) if opening is not None else Verdicts()
        self._tell(opening, replace(client, signatures=signatures, untried=examination.untried, chain=chain))
        # a time of its own: keys and chain are what a stranger chooses
        deciding = Patience(use.resolver, use.message_seconds)
        about = self._about_author(deciding, header, client.sender, signatures)
        verdicts = Verdicts(
            client.iprev,
            client.helo,
            client.sender,
            signatures,
            examination.untried,
            chain,
            await self._sure(about, dmarc.Verdict(dmarc.Result.TEMPERROR, problem=_FAULT)),
        )
        self._tell(opening, verdicts)
        decision = decide(verdicts, use.policy)
        fields = trace_fields(
            verdicts, use.identity, utf8=utf8, reason=decision.because if decision.override else ""
        )
        before = opening.asked if opening is not None else []
        return Examined(
            verdicts, decision, fields, [*before, *asking.asked, *deciding.asked], is_report(header)
        )

    def _tell(self, opening: Opening | None, verdicts: Verdicts) -> None:
        if self._with.found is not None:
            self._with.found(opening.host.client.ip if opening is not None else "", verdicts)

    def _unless_replayed(self, one: SignatureResult) -> SignatureResult:
        """A signature that came too often is good, and says nothing any more of who sends it (RFC 6376 §8.6)."""
        rates = self._with.rates
        if one.verdict is not Word.PASS or not rates:
            return one
        try:
            rates.take(Counted.COPIES, f"{one.domain} {one.selector} {one.mark}")
        except TooFast:
            reason = "the same signature has come too often within an hour"
            return replace(one, verdict=Word.POLICY, reason=reason)
        return one

    async def _about_author(
        self,
        asking: Patience,
        header: Header,
        sender: spf.Verdict | None,
        signatures: Sequence[SignatureResult],
    ) -> dmarc.Verdict:
        """What DMARC says; of several authors a slow one must not take the time of the others."""
        found = authors(header)
        asking.begin_texts(first_queries(found))
        return await evaluate(asking, found, sender, signatures, self._terms)

    async def _about_client(self, opening: Opening) -> Verdicts:
        """What was begun before the message came."""
        host = opening.host
        helo, reverse = await host.helo.result(), await host.reverse.result()
        if helo.result is spf.Result.TEMPERROR or reverse.result is iprev.Result.TEMPERROR:
            self._hosts.pop((helo.client.ip, helo.client.helo), None)  # asked again by the next connection
        if (
            opening.sender is None
        ):  # RFC 7208 §2.4: the null sender is postmaster of HELO, so the result is the same
            return Verdicts(reverse, None, _as_mail_from(helo))
        sender = await opening.sender.verdict.result()
        if sender.result is not spf.Result.TEMPERROR:
            _remember(host.senders, opening.sender)
        return Verdicts(reverse, helo, sender)

    def count(self, examined: Examined) -> None:
        """Tells what a report says of a message that was taken, or refused for what was found out (RFC 9990 §3.1.1)."""
        found, decision = examined.verdicts.dmarc, examined.decision
        if found is None or decision.action is Action.DEFER or examined.verdicts.sender is None:
            return
        applied = _APPLIED[decision.action] if found.result is dmarc.Result.FAIL else dmarc_record.Policy.NONE
        ip = examined.verdicts.sender.client.ip
        arrival = Arrival(ip, self._with.now(), applied, decision.override, decision.because, examined.report)
        self._with.count(seen(found, examined.verdicts.sender, arrival))

    async def _read(self, content: Content) -> tuple[Examination, Header]:
        """The header, and the hashes of the body; whatever takes longer than a moment is done beside the loop."""
        if isinstance(content, bytes) and len(content) <= INLINE:
            return self._hashed(content)
        return await asyncio.to_thread(self._hashed, content)

    def _hashed(self, content: Content) -> tuple[Examination, Header]:
        header = Header.parse(head_of(content))
        examination = Examination(header, self._with.now() // 1_000_000)
        if examination.signed:
            examination.feed(_body(content, header.end))
        return examination, header

    async def _sure(self, work: Coroutine[Any, Any, T], instead: T) -> T:
        """The result; a fault of ours is told, and never costs the message its way."""
        try:
            return await work
        except Exception as error:  # noqa: BLE001 -- as said
            self._with.tell("check.fault", error=f"{type(error).__name__}: {error}")
            return instead


class _InTurns(Remembering):
    """At each question others have their turn: a chain's hundred signatures would hold the loop for long."""

    async def txt(self, name: str) -> Answer[bytes]:
        await asyncio.sleep(0)
        return await super().txt(name)


def _remember(senders: dict[Address, Sent], one: Sent) -> None:
    senders[one.address] = one
    if len(senders) > MOST_SENDERS:
        del senders[next(iter(senders))]


async def _signatures(
    examination: Examination, asking: Patience, keys: KeyReading
) -> tuple[SignatureResult, ...]:
    """All keys are asked for at once: whoever adds signatures whose keys are slow must not take the time of the others."""
    asking.begin_texts(examination.queries)
    return await examination.signatures(asking, keys)


def _is_exempt(networks: Sequence[Network], ip: str) -> bool:
    if not networks:
        return False
    address = spf.Client(ip).address
    return any(address in network for network in networks)


def _body(content: Content, start: int) -> Any:
    """The pieces of a body that begins at `start`."""
    if isinstance(content, bytes):
        for at in range(start, len(content), _PIECE):
            yield content[at : at + _PIECE]
        return
    skip = start
    for piece in content:
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))


def _as_mail_from(verdict: spf.Verdict) -> spf.Verdict:
    identity = replace(verdict.identity, scope=spf.Scope.MAIL_FROM)
    return replace(verdict, identity=identity)


def _failed() -> SignatureResult:
    return SignatureResult(Word.TEMPERROR, _FAULT)
