"""What reports to others will count, gathered in memory and written together, so that no message costs a commit for it.

RFC 9990 §3.1. What a process that dies had not written yet is lost: these are statistics, and mail does not wait for them. Not here: rows
(`store.report_rows`), and who counts what.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from postroom.message.feedback.aggregate import Seen
from postroom.message.feedback.tls_report import TlsFailure, TlsPolicy
from postroom.store import report_rows
from postroom.store.engine import Engine, Urgency
from postroom.store.report_rows import ReportRow

MAX_WAITING = 10_000  # rows that are not written yet; what comes on top is not reported
DAY = 86_400_000_000  # microseconds


class Tally:
    """Counts rows. `left_out` are those that were too many, since the start."""

    def __init__(self, engine: Engine, most: int = MAX_WAITING) -> None:
        self._engine = engine
        self._most = most
        self._waiting: Counter[ReportRow] = Counter()
        self.left_out = 0

    def saw(self, seen: Seen | None) -> None:
        """Counts a message under DMARC; None is one that no report is wanted of (`deliver.feedback.seen`)."""
        if seen is not None:
            policy, row = msgspec.json.encode(seen.policy), msgspec.json.encode(seen.row)
            self.count(ReportRow(report_rows.DMARC, seen.policy.domain, seen.at // DAY, policy, row))

    def connected(self, policy: TlsPolicy, failure: TlsFailure | None, at: int) -> None:
        """Counts a session with a domain's mail server (RFC 8460 §4.2): it came about as its policy wants it, or failed. `at` in microseconds."""
        said = msgspec.json.encode(failure) if failure is not None else b""
        self.count(ReportRow(report_rows.TLS, policy.domain, at // DAY, msgspec.json.encode(policy), said))

    def count(self, row: ReportRow, times: int = 1) -> None:
        """Counts any row."""
        if row in self._waiting or len(self._waiting) < self._most:
            self._waiting[row] += times
        else:
            self.left_out += times

    async def write(self) -> bool:
        """Writes what has gathered; whether there was anything. What cannot be written waits for the next time."""
        if not self._waiting:
            return False
        taken, self._waiting = self._waiting, Counter()
        try:
            self.left_out += await self._engine.write(
                lambda tx: report_rows.add(tx, taken), Urgency.HOUSEKEEPING
            )
        except BaseException:
            for row, times in taken.items():
                self.count(row, times)
            raise
        return True
