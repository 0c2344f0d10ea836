"""Operations on reports: those that others sent us, those that we sent, and bringing some out of a file.

RFC 9990 (DMARC), RFC 8460 (TLS), RFC 6591 (single failures). Not here: how reports come in by mail and go out by themselves (`app.reporting`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import Office, Operation
from postroom.intake.report_mailbox import read_file, unpacked
from postroom.message.feedback.packing import BadReport
from postroom.store.peers import received_reports, report_rows
from postroom.store.peers.received_reports import FAILURE, FROM_FILE, ReceivedReport
from postroom.store.peers.report_rows import DMARC, TLS, SentReport

KINDS = (DMARC, TLS, FAILURE)
MOST_LISTED = 1000  # reports of one listing
DAY = 86_400  # seconds
_PROVEN = {1: "proven", 0: "claimed", FROM_FILE: "file"}


class ListReports(msgspec.Struct, frozen=True):
    """Of one kind and domain ("": all), about times in the last so many days; `whole` asks for what each says."""

    kind: str
    domain: str = ""
    days: int = 30
    limit: int = 100
    whole: bool = False


class ReportRecord(msgspec.Struct, frozen=True):
    """A report that was received. Times are unix seconds; `origin` says whether its sender is proven, claimed, or it came out of a file.

    `report` is the JSON of all it says, "" where that was not asked for.
    """

    kind: str
    domain: str
    organization: str
    report_id: str
    begins: int
    ends: int
    sender: str
    origin: str
    passed: int
    failed: int
    report: str = ""


class ListSent(msgspec.Struct, frozen=True):
    """The last so many of one kind."""

    kind: str
    limit: int = 100


class SentRecord(msgspec.Struct, frozen=True):
    """A report of ours: the day it is about and when it went, unix seconds; `problem` says why it did not."""

    kind: str
    domain: str
    report_id: str
    day: int
    sent: int
    messages: int
    destinations: str
    problem: str


class ImportReports(msgspec.Struct, frozen=True):
    """The content of a file, and its name for errors."""

    content: bytes
    name: str = "the file"


class ImportRecord(msgspec.Struct, frozen=True):
    """A report out of a file; `new` is False when it was there already."""

    kind: str
    domain: str
    report_id: str
    new: bool


async def list_(office: Office, _: Caller, wanted: ListReports) -> AsyncIterator[ReportRecord]:
    """Yields reports, the youngest first."""
    _check_kind(wanted.kind)
    since = office.clock.now() // 1_000_000 - wanted.days * DAY
    limit = max(1, min(wanted.limit, MOST_LISTED))
    tx = office.engine.reading()
    for found in await received_reports.listing(tx, wanted.kind, wanted.domain.lower(), since, limit):
        said = await asyncio.to_thread(unpacked, found) if wanted.whole else b""
        yield _record(found, said.decode())


def _record(found: ReceivedReport, said: str) -> ReportRecord:
    return ReportRecord(
        found.kind,
        found.domain,
        found.organization,
        found.report_id,
        found.begins,
        found.ends,
        found.sender,
        _PROVEN[found.verified],
        found.passed,
        found.failed,
        said,
    )


async def list_sent(office: Office, _: Caller, wanted: ListSent) -> AsyncIterator[SentRecord]:
    """Yields reports of ours, the youngest first."""
    _check_kind(wanted.kind)
    most = max(1, min(wanted.limit, MOST_LISTED))
    for one in await report_rows.sent(office.engine.reading(), wanted.kind, most):
        yield _sent(one)


async def import_(office: Office, _: Caller, wanted: ImportReports) -> AsyncIterator[ImportRecord]:
    """Keeps the reports of a file."""
    try:
        found = await asyncio.to_thread(read_file, wanted.content, office.clock.now())
    except BadReport as error:
        raise OperationError(f"{wanted.name} holds no report: {error}") from error
    for report in found:
        new = await office.engine.write(
            partial(received_reports.add, report=report, new_id=office.ids.next())
        )
        yield ImportRecord(report.kind, report.domain, report.report_id, new)


class SendReports(msgspec.Struct, frozen=True):
    """What is due; with `today`, days that are not over too."""

    today: bool = False


async def send(office: Office, _: Caller, wanted: SendReports) -> AsyncIterator[SentRecord]:
    """Sends reports now, and yields what became of each."""
    for one in await office.send_reports(today=wanted.today):
        yield _sent(one)


def _sent(one: SentReport) -> SentRecord:
    return SentRecord(
        one.kind,
        one.domain,
        one.report_id,
        one.day * DAY,
        one.at // 1_000_000,
        one.messages,
        one.destinations,
        one.problem,
    )


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise OperationError(f"{kind!r} is no kind of report; there are {', '.join(KINDS)}")


LIST = Operation("report.list", ListReports, ReportRecord, list_, reads=True)
SENT = Operation("report.sent", ListSent, SentRecord, list_sent, reads=True)
SEND = Operation("report.send", SendReports, SentRecord, send)
IMPORT = Operation("report.import", ImportReports, ImportRecord, import_)
