"""Reports to other domains: made of what was counted, when their day is over, and sent as mail (or to a URL).

RFC 9990 §3 (one report for each policy, once a day), §3.5 (transport), §4 (to whom), RFC 8460 §4.1 and §5 (TLS reports, by mail and HTTPS). Each domain
has its own moment after midnight UTC, so that not all go at once. A report's id follows from what it is about: sent twice, after a crash, it is the same
report. Its mail asks for no notifications, so no report leads to another. Not here: counting (`deliver.tally`), formats (`message.feedback`).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from postroom.mailauth import tlsrpt
from postroom.mailauth.dmarc.destinations import destinations
from postroom.mailauth.dmarc.discovery import Discovery, Undiscovered
from postroom.mailauth.tlsrpt import TlsRptUnknown
from postroom.message.address import Address
from postroom.message.errors import MailError
from postroom.message.feedback import aggregate_xml, report_mail, tls_report
from postroom.message.feedback.aggregate import AggregateReport, Counted, Metadata, PolicyPublished, Row
from postroom.message.feedback.packing import gzipped
from postroom.message.feedback.report_mail import Cover
from postroom.message.feedback.tls_report import (
    CountedFailure,
    PolicyReport,
    TlsFailure,
    TlsPolicy,
    TlsReport,
)
from postroom.proto.dns.resolver import Resolver
from postroom.store.engine.transaction import Engine, Urgency
from postroom.store.peers import report_rows
from postroom.store.peers.report_rows import DMARC, TLS, DueReport, SentReport

DAY = 86_400  # seconds
PAUSE = (
    600  # seconds after midnight in which no report goes: the last rows of the day are still being written
)
SPREAD = 4 * 3600  # seconds after that within which reports go
RETRIED = 24 * 3600  # seconds that a URL is tried for (RFC 8460 §5)
GIVE_UP = 3  # days after which a report that could not be sent is not tried again
MAX_DUE = 5000  # reports of one run
MAX_POLICIES = 4  # reports about one domain's day: its policy may have changed so often
_SECOND = 1_000_000

Packed = tuple[bytes, bytes, int]
Post = Callable[[Address, Sequence[Address], bytes], Awaitable[int]]


class Reports(msgspec.Struct, frozen=True):
    """What reports are made with. `organization` is the domain in whose name they are, `author` the address they come from.

    `post` sends a message from an address to others, asks for no notifications, and gives its journey; raises `MailError`. `publish` hands octets to
    a URL by POST, with their media type, and raises OSError, `Unwanted` where it is of no use to try again; None where that cannot be done.
    """

    engine: Engine
    resolver: Resolver
    organization: str
    author: Address
    post: Post
    generator: str = "Postroom"
    publish: Callable[[str, bytes, str], Awaitable[None]] | None = None


class Unwanted(OSError):
    """A URL does not take reports, and will not later."""


class _Tried(msgspec.Struct):
    """What went wrong with URLs, and those of them that are to be tried again."""

    problems: list[str] = []
    again: list[str] = []


class _Later(Exception):
    """It cannot be sent now, and may be later."""


class ReportSender:
    """Sends what is due."""

    def __init__(self, reports: Reports) -> None:
        self._with = reports

    async def send_due(self, now: int, *, today: bool = False) -> list[SentReport]:
        """Sends the reports whose moment has come (`now` is unix microseconds), with `today` all there are, unfinished days too."""
        done: list[SentReport] = []
        second = now // _SECOND
        before = second // DAY + (1 if today else 0)
        for kind in (DMARC, TLS):
            for about in await report_rows.due(self._with.engine.reading(), kind, before, MAX_DUE):
                if today or second >= moment(about):
                    done += await self._settle(about, now)
        return done

    async def _settle(self, about: DueReport, now: int) -> list[SentReport]:
        try:
            sent = await (self._dmarc(about, now) if about.kind == DMARC else self._tls(about, now))
        except (_Later, Undiscovered, TlsRptUnknown) as error:
            if not _is_late(about, now):
                return []
            sent = [
                SentReport(
                    about.kind,
                    about.domain,
                    _id(self._with.organization, about, now),
                    about.day,
                    now,
                    0,
                    "",
                    str(error),
                )
            ]
        await self._with.engine.write(lambda tx: report_rows.finish(tx, about, sent), Urgency.HOUSEKEEPING)
        return sent

    async def _dmarc(self, about: DueReport, now: int) -> list[SentReport]:
        rows = await report_rows.rows(self._with.engine.reading(), about)
        to, problem = await self._wanted(about.domain, late=_is_late(about, now))
        sent = []
        for policy, counted in _by_policy(rows)[:MAX_POLICIES]:
            report_id = _id(self._with.organization, about, now, policy)
            messages = sum(one.count for one in counted)
            if to:
                report = AggregateReport(
                    self._metadata(about, report_id, now),
                    msgspec.json.decode(policy, type=PolicyPublished),
                    counted,
                )
                packed = await asyncio.to_thread(_aggregate, report)
                await self._post(
                    report_mail.aggregate_mail(self._cover(about, to, report_id, now), packed), to
                )
            names = " ".join(map(str, to))
            sent.append(SentReport(DMARC, about.domain, report_id, about.day, now, messages, names, problem))
        return sent

    async def _wanted(self, domain: str, *, late: bool) -> tuple[tuple[Address, ...], str]:
        """Where reports on a domain may go now, and why nowhere. Who cannot be asked is waited for, until it is `late` for the others."""
        discovery = Discovery(self._with.resolver)
        published = await discovery.record_at(domain)
        if published is None or not published.record.reports:
            return (), f"_dmarc.{domain} asks for no reports any more"
        found = await destinations(self._with.resolver, discovery, published)
        undecided = next((one.problem for one in found if one.problem), "")
        to = {other.key: other for one in found for other in one.to}
        if undecided and not (late and to):
            raise _Later(undecided)
        refused = next((one for one in found if not one.agreed), None)
        if to or refused is None:
            return tuple(to.values()), ""
        return (), f"{refused.address.domain} has not agreed: {refused.asked or 'its name'} has no record"

    async def _tls(self, about: DueReport, now: int) -> list[SentReport]:
        record = await tlsrpt.look_up(self._with.resolver, about.domain)
        if record is None or not (record.mail or (record.https and self._with.publish)):
            return []
        reading = self._with.engine.reading()
        rows = await report_rows.rows(reading, about)
        report_id = _id(self._with.organization, about, now)
        before = await report_rows.noted(reading, about, report_id)
        if (
            before is not None
            and _may_come(about, now)
            and now - before.at < before.at - moment(about) * _SECOND
        ):
            raise _Later(before.problem)  # each pause is as long as all the time before it
        report = TlsReport(
            self._with.organization, str(self._with.author), report_id, *_span(about, now), _policies(rows)
        )
        packed = await asyncio.to_thread(_tls, report)
        had = before.destinations.split(" ") if before is not None else []
        by_mail = [str(one) for one in record.mail]
        if record.mail and not set(by_mail) <= set(had):
            await self._post(
                report_mail.tls_mail(self._cover(about, record.mail, report_id, now), packed), record.mail
            )
        tried = await self._publish([url for url in record.https if url not in had], packed)
        sessions = sum(times for _, _, times in rows)
        sent = SentReport(
            TLS, about.domain, report_id, about.day, now, sessions, "", "; ".join(tried.problems)
        )
        if tried.again and _may_come(about, now):
            has = " ".join([*by_mail, *(url for url in record.https if url not in tried.again)])
            so_far = msgspec.structs.replace(sent, destinations=has)
            await self._with.engine.write(lambda tx: report_rows.note(tx, so_far), Urgency.HOUSEKEEPING)
            raise _Later(sent.problem)
        return [msgspec.structs.replace(sent, destinations=" ".join([*by_mail, *record.https]))]

    async def _publish(self, urls: Iterable[str], packed: bytes) -> _Tried:
        """RFC 8460 §5.4."""
        tried, publish = _Tried(), self._with.publish
        if publish is None:
            return tried
        for url in urls:
            try:
                await publish(url, packed, "application/tlsrpt+gzip")
            except Unwanted as error:
                tried.problems.append(f"{url}: {error}")
            except OSError as error:
                tried.problems.append(f"{url}: {error}")
                tried.again.append(url)
        return tried

    async def _post(self, raw: bytes, to: Sequence[Address]) -> None:
        try:
            await self._with.post(self._with.author, to, raw)
        except MailError as error:
            raise _Later(error.public) from error

    def _metadata(self, about: DueReport, report_id: str, now: int) -> Metadata:
        uses = self._with
        begin, end = _span(about, now)
        return Metadata(uses.organization, str(uses.author), report_id, begin, end, generator=uses.generator)

    def _cover(self, about: DueReport, to: tuple[Address, ...], report_id: str, now: int) -> Cover:
        uses = self._with
        return Cover(
            uses.author,
            to,
            about.domain,
            uses.organization,
            report_id,
            *_span(about, now),
            now // _SECOND,
            report_id,
        )


def _aggregate(report: AggregateReport) -> bytes:
    return gzipped(aggregate_xml.render(report))


def _tls(report: TlsReport) -> bytes:
    return gzipped(tls_report.render(report))


def moment(about: DueReport) -> int:
    """When a report is due, unix seconds: in the hours after its day, at a time of the domain's own."""
    own = int.from_bytes(hashlib.blake2b(about.domain.encode(), digest_size=4).digest(), "big")
    return (about.day + 1) * DAY + PAUSE + own % SPREAD


def _is_late(about: DueReport, now: int) -> bool:
    """Whether nothing is waited for any more."""
    return now // _SECOND // DAY - about.day > GIVE_UP


def _may_come(about: DueReport, now: int) -> bool:
    """Whether a URL is tried again: of a day that is over, since of another each report is its own."""
    second = now // _SECOND
    return (about.day + 1) * DAY <= second < moment(about) + RETRIED


def _span(about: DueReport, now: int) -> tuple[int, int]:
    """The day, or what has passed of it."""
    return about.day * DAY, min((about.day + 1) * DAY - 1, now // _SECOND)


def _id(organization: str, about: DueReport, now: int, policy: bytes = b"") -> str:
    """The same for the same report (RFC 9990 §3.5.1); of a day that is not over there may be several."""
    text = f"{organization} {about.kind} {about.domain} {about.day} {_span(about, now)[1]} ".encode() + policy
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _by_policy(rows: Sequence[Packed]) -> list[tuple[bytes, tuple[Counted, ...]]]:
    """The rows of each policy; those of the one that most messages met come first."""
    found: dict[bytes, list[Counted]] = {}
    for policy, row, times in rows:
        found.setdefault(policy, []).append(Counted(msgspec.json.decode(row, type=Row), times))
    ordered = sorted(found.items(), key=lambda item: -sum(one.count for one in item[1]))
    return [(policy, tuple(counted)) for policy, counted in ordered]


def _policies(rows: Sequence[Packed]) -> tuple[PolicyReport, ...]:
    found: dict[bytes, list[tuple[bytes, int]]] = {}
    for policy, row, times in rows:
        found.setdefault(policy, []).append((row, times))
    return tuple(
        _policy(msgspec.json.decode(policy, type=TlsPolicy), counted) for policy, counted in found.items()
    )


def _policy(policy: TlsPolicy, counted: Sequence[tuple[bytes, int]]) -> PolicyReport:
    failures = tuple(
        CountedFailure(msgspec.json.decode(row, type=TlsFailure), times) for row, times in counted if row
    )
    succeeded = sum(times for row, times in counted if not row)
    return PolicyReport(policy, succeeded, failures, sum(one.count for one in failures))
