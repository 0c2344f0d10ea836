"""What reports to others will count, gathered in memory and written together, so that no message costs a commit for it.

RFC 9990 §3.1. What a process that dies had not written yet is lost: these are statistics, and mail does not wait for them. Not here: rows
(`store.peers.report_rows`), and who counts what.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import msgspec

from postroom.deliver.tls_outcome import TlsOutcome
from postroom.message.feedback.aggregate import Seen
from postroom.message.feedback.tls_report import TlsFailure, TlsPolicy
from postroom.store.engine.transaction import Engine, Urgency
from postroom.store.peers import report_rows
from postroom.store.peers.report_rows import ReportRow

MAX_WAITING = 10_000  # rows that are not written yet; what comes on top is not reported
AT_ONCE = 500  # rows of one commit
MAX_DETAIL = 255  # characters of what a report says of a failure
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

    def heard(self, outcome: TlsOutcome) -> None:
        """Counts what came of a session, as those that open them tell it."""
        policy = TlsPolicy(outcome.domain, outcome.kind.value, outcome.policy, outcome.mx)
        failure = None
        if outcome.failed:
            failure = TlsFailure(
                outcome.result.value,
                outcome.sending_ip,
                outcome.receiving_host,
                receiving_ip=outcome.receiving_ip,
                information=outcome.detail[:MAX_DETAIL],
            )
        self.connected(policy, failure, outcome.at)

    def count(self, row: ReportRow, times: int = 1) -> None:
        """Counts any row."""
        if row in self._waiting or len(self._waiting) < self._most:
            self._waiting[row] += times
        else:
            self.left_out += times

    async def write(self) -> bool:
        """Writes what has gathered; whether there was anything. What cannot be written waits for the next time."""
        taken, self._waiting = list(self._waiting.items()), Counter()
        written = 0
        try:
            for start in range(0, len(taken), AT_ONCE):
                some = dict(taken[start : start + AT_ONCE])
                self.left_out += await self._engine.write(
                    partial(report_rows.add, rows=some), Urgency.HOUSEKEEPING
                )
                written = start + len(some)
        finally:
            for row, times in taken[written:]:
                self.count(row, times)
        return bool(taken)
