"""`postroom reports`: what others report about our domains' mail and about TLS towards us, and what we report to others.

RFC 9990, RFC 8460, RFC 6591. Not here: how reports come and go by mail (`app.reporting`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column, count_text, time_text
from postroom.app.cli.session import Administration, administration
from postroom.app.operations import reports
from postroom.app.operations.reports import (
    ImportRecord,
    ImportReports,
    ListReports,
    ListSent,
    ReportRecord,
    SendReports,
    SentRecord,
)
from postroom.message.feedback.aggregate import AggregateReport, AuthResult
from postroom.message.feedback.failure import FailureReport
from postroom.message.feedback.tls_report import TlsReport
from postroom.store.peers.received_reports import FAILURE
from postroom.store.peers.report_rows import DMARC, TLS

app = commands("Reports about our mail by others, and about theirs by us.")
MAX_FILE = 16_000_000  # octets of a file that is imported: what the control socket takes

Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="About this domain only.")]
Days = Annotated[
    int, typer.Option("--days", metavar="N", min=1, max=1_000_000, help="About the last so many days.")
]
Rows = Annotated[bool, typer.Option("--rows", help="What each report says, row by row.")]
Sent = Annotated[bool, typer.Option("--sent", help="The reports that this server sent instead.")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many reports.")]


class Line(msgspec.Struct, frozen=True):
    """A row of a report as it is listed; `what` says which results led to it."""

    organization: str
    domain: str
    begins: int
    origin: str
    source: str
    count: int
    result: str
    what: str


REPORTS = (
    Column[ReportRecord]("Domain", lambda one: one.domain),
    Column[ReportRecord]("By", lambda one: one.organization or one.sender, cut=True),
    Column[ReportRecord]("From", lambda one: time_text(one.begins * 1_000_000)),
    Column[ReportRecord]("To", lambda one: time_text(one.ends * 1_000_000)),
    Column[ReportRecord]("Pass", lambda one: str(one.passed), number=True),
    Column[ReportRecord]("Fail", lambda one: str(one.failed), number=True),
    Column[ReportRecord]("Sender", lambda one: f"{one.sender or '-'} ({one.origin})"),
)
LINES = (
    Column[Line]("Domain", lambda one: one.domain),
    Column[Line]("By", lambda one: one.organization),
    Column[Line]("From", lambda one: time_text(one.begins * 1_000_000)),
    Column[Line]("Source", lambda one: one.source),
    Column[Line]("Count", lambda one: str(one.count), number=True),
    Column[Line]("Result", lambda one: one.result),
    Column[Line]("Why", lambda one: one.what, cut=True),
)
SENT = (
    Column[SentRecord]("Domain", lambda one: one.domain),
    Column[SentRecord]("Day (UTC)", lambda one: str(dt.datetime.fromtimestamp(one.day, dt.UTC).date())),
    Column[SentRecord]("Sent", lambda one: time_text(one.sent * 1_000_000)),
    Column[SentRecord]("Count", lambda one: str(one.messages), number=True),
    Column[SentRecord]("To", lambda one: one.destinations or "-"),
    Column[SentRecord]("Problem", lambda one: one.problem or "-", cut=True),
)
IMPORTED = (
    Column[ImportRecord]("Kind", lambda one: one.kind),
    Column[ImportRecord]("Domain", lambda one: one.domain),
    Column[ImportRecord]("Id", lambda one: one.report_id),
    Column[ImportRecord]("New", lambda one: "yes" if one.new else "no"),
)


@app.callback()
def group() -> None:
    """Reports about our mail by others, and about theirs by us."""


def _add_listing(kind: str, words: str) -> None:
    """The command that lists reports of a kind which has rows, and which we send too."""

    @app.command(kind, help=words)
    @command(administration)
    def listing(
        session: Administration,
        domain: Domain = "",
        *,
        days: Days = 30,
        limit: Limit = 100,
        rows: Rows = False,
        sent: Sent = False,
    ) -> None:
        _list(session, ListReports(kind, domain, days, limit, rows), sent=sent)


_add_listing(
    DMARC,
    "List DMARC aggregate reports: how much mail in our domains' names passed, and where the rest came from.",
)
_add_listing(
    TLS,
    "List TLS reports: whether others could connect to our servers as our policies want it, and why not.",
)


@app.command()
@command(administration)
def failures(session: Administration, domain: Domain = "", *, days: Days = 30, limit: Limit = 100) -> None:
    """List failure reports: single messages in our domains' names that failed SPF, DKIM or DMARC."""
    _list(session, ListReports(FAILURE, domain, days, limit, whole=True), sent=False)


@app.command()
@command(administration)
def send(
    session: Administration,
    today: Annotated[bool, typer.Option("--today", help="Days that are not over, too.")] = False,
) -> None:
    """Send the reports to other domains now that are due; they go by themselves in the hours after midnight UTC."""
    if not session.terminal.listing(session.perform(reports.SEND, SendReports(today)), SENT):
        session.terminal.note("there is nothing to report")


@app.command("import")
@command(administration)
def import_(
    session: Administration,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="Reports as they are attached (.xml, .gz, .zip, .json), or mail."
        ),
    ],
) -> None:
    """Keep reports out of files, as if they had come by mail."""
    session.terminal.listing(_imported(session, files), IMPORTED)


def _imported(session: Administration, files: Sequence[Path]) -> Iterator[ImportRecord]:
    for file in files:
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_FILE + 1)
        except OSError as error:
            raise CommandFailed(f"{file}: {error.strerror}") from error
        if len(content) > MAX_FILE:
            raise CommandFailed(f"{file} has more than {MAX_FILE} octets: import it in its packed form")
        yield from session.perform(reports.IMPORT, ImportReports(content, file.name))


def _list(session: Administration, wanted: ListReports, *, sent: bool) -> None:
    terminal = session.terminal
    if sent:
        number = terminal.listing(session.perform(reports.SENT, ListSent(wanted.kind, wanted.limit)), SENT)
    else:
        found = session.perform(reports.LIST, wanted)
        if wanted.whole and terminal.json:
            number = sum(_tell(session, one) for one in found)
        elif wanted.whole:
            number = terminal.listing((line for one in found for line in _lines(one)), LINES)
        else:
            number = terminal.listing(found, REPORTS)
    if not number:
        terminal.note(
            "there are no reports"
            if sent
            else f"there are no reports about the last {count_text(wanted.days, 'day')}"
        )


def _tell(session: Administration, one: ReportRecord) -> bool:
    """A report with all it says, as JSON within JSON would be no joy to read."""
    session.terminal.record({**msgspec.structs.asdict(one), "report": msgspec.json.decode(one.report)})
    return True


def _lines(one: ReportRecord) -> Iterator[Line]:
    read = {DMARC: _aggregate, TLS: _tls, FAILURE: _failure}[one.kind]
    for source, count, result, what in read(one.report.encode()):
        yield Line(
            one.organization or one.sender, one.domain, one.begins, one.origin, source, count, result, what
        )


_Said = tuple[str, int, str, str]


def _aggregate(report: bytes) -> Iterator[_Said]:
    for counted in msgspec.json.decode(report, type=AggregateReport).rows:
        row = counted.row
        results = [
            *(_result("dkim", one) for one in row.signatures),
            *(_result("spf", one) for one in row.senders),
        ]
        reasons = [f"{one.kind} {one.comment}".strip() for one in row.reasons]
        what = f"From {row.header_from}: {', '.join([*results, *reasons]) or 'nothing'}"
        yield row.source_ip, counted.count, "pass" if row.passed else row.disposition, what


def _result(method: str, one: AuthResult) -> str:
    return f"{method}={one.result} {one.domain}"


def _tls(report: bytes) -> Iterator[_Said]:
    for one in msgspec.json.decode(report, type=TlsReport).policies:
        policy = f"{one.policy.kind} of {one.policy.domain}"
        if one.succeeded:
            yield "-", one.succeeded, "pass", policy
        for counted in one.failures:
            failure = counted.failure
            where = f"{failure.mx or '?'} [{failure.receiving_ip or '?'}]"
            details = " ".join(filter(None, (failure.information, failure.code)))
            yield (
                failure.sending_ip or "-",
                counted.count,
                failure.result,
                f"{policy}, {where} {details}".strip(),
            )


def _failure(report: bytes) -> Iterator[_Said]:
    one = msgspec.json.decode(report, type=FailureReport)
    yield one.source_ip, 1, one.kind or "fail", f"From {one.author}: {one.subject} {one.results}".strip()
