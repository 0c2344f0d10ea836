"""The mailbox to which reports about our domains come: each message in it is looked at once, and the reports it holds are kept.

RFC 9990 §3.5.2 and §3.5.4, RFC 8460 §5.3, RFC 6591 §3. The message was accepted and delivered like any other before, and stays where it is, whatever it
holds. Documents are read in a thread, within limits (`message.feedback`). Not here: whether a report is true.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Collection

import msgspec

from postroom.message.address import Address
from postroom.message.feedback.aggregate import AggregateReport
from postroom.message.feedback.failure import FailureReport
from postroom.message.feedback.finding import (
    MAX_MESSAGE,
    Origin,
    Report,
    origin,
    read_document,
    reports_in,
)
from postroom.message.feedback.packing import BadReport
from postroom.message.feedback.tls_report import TlsReport
from postroom.store.administration import accounts
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.messages import Sizes
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.peers import received_reports
from postroom.store.peers.received_reports import FAILURE, FROM_FILE, ReceivedReport
from postroom.store.peers.report_rows import DMARC, TLS

AT_ONCE = 20  # messages of one look


class Looked(msgspec.Struct):
    """What a look came to: messages, reports that were new, and what could not be read."""

    messages: int = 0
    kept: int = 0
    problems: list[str] = []


class ReportMailbox:
    """Looks for reports. `read(account_id, email_id)` gives a message; `own` are our names in Authentication-Results."""

    def __init__(
        self,
        engine: Engine,
        read: Callable[[int, int], Awaitable[bytes | None]],
        next_id: Callable[[], int],
        own: Collection[str],
    ) -> None:
        self._engine = engine
        self._read = read
        self._next_id = next_id
        self._own = own

    async def look(self, address: Address, now: int) -> Looked:
        """Looks at the next messages of the account's INBOX; `now` is unix microseconds. Raises `DirectoryError` without such an account."""
        tx = self._engine.reading()
        account = await accounts.get(tx, address)
        inbox = MailboxRef(account.account_id, await mailboxes.inbox_id(tx, account.account_id))
        after = await received_reports.seen_to(tx, inbox.account_id, inbox.mailbox_id)
        looked = Looked()
        for one in await messages.sizes(tx, inbox, after, AT_ONCE):
            kept, problems = await self._reports(inbox.account_id, one, now)
            looked.kept += await self._engine.write(self._keep(inbox, one.uid, kept), Urgency.HOUSEKEEPING)
            looked.messages += 1
            looked.problems += [f"uid {one.uid}: {problem}" for problem in problems]
        return looked

    async def _reports(self, account_id: int, one: Sizes, now: int) -> _Read:
        if one.size > MAX_MESSAGE:
            return [], (f"it has {one.size} octets, at most {MAX_MESSAGE} are looked at",)
        raw = await self._read(account_id, one.email_id)
        if raw is None:  # expunged meanwhile
            return [], ()
        return await asyncio.to_thread(_read_message, raw, self._own, now)

    def _keep(
        self, inbox: MailboxRef, uid: int, reports: list[ReceivedReport]
    ) -> Callable[[Transaction], Awaitable[int]]:
        numbered = [(report, self._next_id()) for report in reports]

        async def work(tx: Transaction) -> int:
            kept = [await received_reports.add(tx, report, new_id) for report, new_id in numbered]
            await received_reports.set_seen_to(tx, inbox.account_id, inbox.mailbox_id, uid)
            return sum(kept)

        return work


_Read = tuple[list[ReceivedReport], tuple[str, ...]]


def _read_message(raw: bytes, own: Collection[str], now: int) -> _Read:
    found, whose = reports_in(raw), origin(raw, own)
    return [as_received(report, whose, now) for report in found.reports], found.problems


def unpacked(report: ReceivedReport) -> bytes:
    """The JSON of all that a kept report says."""
    return zlib.decompress(report.packed)


def read_file(octets: bytes, now: int) -> list[ReceivedReport]:
    """The reports of a file: a report as it is attached, or a message that holds some. Raises BadReport when there is none."""
    whose = Origin()
    try:
        return [as_received(read_document(octets), whose, now, FROM_FILE)]
    except BadReport as error:
        found = reports_in(octets)
        if not found.reports:
            raise BadReport(found.problems[0] if found.problems else str(error)) from error
        return [as_received(report, origin(octets, ()), now, FROM_FILE) for report in found.reports]


def as_received(report: Report, whose: Origin, now: int, verified: int | None = None) -> ReceivedReport:
    """A report as it is kept."""
    known = int(whose.verified) if verified is None else verified
    packed = zlib.compress(
        msgspec.json.encode(report)
    )  # what a few octets of mail became is not kept like that
    if isinstance(report, AggregateReport):
        meta = report.metadata
        about = (DMARC, report.policy.domain, meta.organization, meta.report_id, meta.begin, meta.end)
    elif isinstance(report, TlsReport):
        about = (TLS, report.domain, report.organization, report.report_id, report.begin, report.end)
    else:
        about = _about_failure(report, whose, now)
    return ReceivedReport(*about, now, whose.sender, known, *_sums(report), packed)


def _about_failure(report: FailureReport, whose: Origin, now: int) -> tuple[str, str, str, str, int, int]:
    """A failure report has no id: the message and its place of origin are what makes it one."""
    at = report.arrival or now // 1_000_000
    report_id = f"{report.message_id} {report.source_ip} {report.arrival} {report.kind}"
    return FAILURE, report.domain, whose.sender or report.agent, report_id, at, at


def _sums(report: Report) -> tuple[int, int]:
    if isinstance(report, AggregateReport):
        return report.passed, report.failed
    if isinstance(report, TlsReport):
        return report.succeeded, report.failed
    return 0, 1
