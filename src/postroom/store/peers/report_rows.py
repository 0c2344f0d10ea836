"""What reports to others will say: rows that are alike are one row with a count, by kind, day and domain; and which reports were sent.

RFC 9990 §3.1.1.7 (a row for each combination), RFC 8460 §4.1 (a report a day). What a row says is packed by who adds it. A domain's day has a bounded
number of rows, since whoever sends mail decides how many kinds of it there are. Not here: what is counted, and how a report is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction

PRUNED_AT_ONCE: Final = 500  # of each kind: mail that comes in meanwhile waits for one commit
MAX_ROWS: Final = 5000  # of one domain's day; what would be one more is not reported
DMARC: Final = "dmarc"  # kinds
TLS: Final = "tls"


class ReportRow(msgspec.Struct, frozen=True):
    """Which report it belongs to (`kind`, `domain`, `day` since 1970 in UTC), and what it says; `policy` tells apart reports of one day."""

    kind: str
    domain: str
    day: int
    policy: bytes
    row: bytes

    @property
    def digest(self) -> bytes:
        """What is equal in rows that are alike."""
        return hashlib.blake2b(
            len(self.policy).to_bytes(4, "big") + self.policy + self.row, digest_size=16
        ).digest()


class DueReport(msgspec.Struct, frozen=True):
    """Rows wait for it."""

    kind: str
    domain: str
    day: int


class SentReport(msgspec.Struct, frozen=True):
    """A report that went out, or did not: `problem` says why. `at` unix microseconds, `destinations` addresses with spaces between."""

    kind: str
    domain: str
    report_id: str
    day: int
    at: int
    messages: int
    destinations: str = ""
    problem: str = ""


MORE: Final = (
    "UPDATE report_rows SET times = times + $5 WHERE kind = $1 AND day = $2 AND domain = $3 AND digest = $4"
)
NEW: Final = """
INSERT INTO report_rows (kind, day, domain, digest, policy, row, times) VALUES ($1, $2, $3, $4, $6, $7, $5)
ON CONFLICT (kind, day, domain, digest) DO UPDATE SET times = report_rows.times + excluded.times
"""
COUNT: Final = "SELECT COUNT(*) FROM report_rows WHERE kind = $1 AND day = $2 AND domain = $3"


async def add(tx: Transaction, rows: Mapping[ReportRow, int], most: int = MAX_ROWS) -> int:
    """Counts each row so many times; gives how many times were left out because a domain's day has `most` rows."""
    left_out = 0
    known: dict[DueReport, int] = {}
    for row, times in sorted(rows.items(), key=_order):
        key = (row.kind, row.day, row.domain, row.digest)
        if await tx.execute(MORE, *key, times):
            continue
        due = DueReport(row.kind, row.domain, row.day)
        if due not in known:
            found = await tx.fetchrow(COUNT, *key[:3])
            known[due] = int(found[0]) if found is not None else 0
        if known[due] >= most:
            left_out += times
            continue
        known[due] += 1
        await tx.execute(NEW, *key, times, row.policy, row.row)
    return left_out


def _order(item: tuple[ReportRow, int]) -> tuple[str, int, str, bytes]:
    """One order for all, so that two transactions never wait for each other."""
    row = item[0]
    return row.kind, row.day, row.domain, row.digest


NEXT_DAY: Final = "SELECT MIN(day) FROM report_rows WHERE kind = $1 AND day > $2 AND day < $3"
# From one domain to the next: its rows, of which there may be thousands, are passed over.
DOMAINS: Final = """
WITH RECURSIVE found (domain) AS (
  SELECT MIN(domain) FROM report_rows WHERE kind = $1 AND day = $2
  UNION ALL SELECT (SELECT MIN(r.domain) FROM report_rows r WHERE r.kind = $1 AND r.day = $2 AND r.domain > found.domain)
  FROM found WHERE found.domain IS NOT NULL)
SELECT domain FROM found WHERE domain IS NOT NULL LIMIT $3
"""


async def due(tx: Transaction, kind: str, before: int, limit: int) -> list[DueReport]:
    """Reports about days before `before`, the oldest first."""
    found: list[DueReport] = []
    row = await tx.fetchrow(NEXT_DAY, kind, -1, before)
    while row is not None and row[0] is not None and len(found) < limit:
        day = int(row[0])
        domains = await tx.fetch(DOMAINS, kind, day, limit - len(found))
        found += [DueReport(kind, domain, day) for (domain,) in domains]
        row = await tx.fetchrow(NEXT_DAY, kind, day, before)
    return found


ROWS: Final = """
SELECT policy, row, times FROM report_rows WHERE kind = $1 AND day = $2 AND domain = $3 ORDER BY times DESC, digest LIMIT $4
"""


async def rows(tx: Transaction, about: DueReport, limit: int = MAX_ROWS) -> list[tuple[bytes, bytes, int]]:
    """(policy, row, times), the most frequent first."""
    found = await tx.fetch(ROWS, about.kind, about.day, about.domain, limit)
    return [(bytes(row[0]), bytes(row[1]), int(row[2])) for row in found]


SENT: Final = """
INSERT INTO reports_sent (kind, domain, report_id, day, at, messages, destinations, problem) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (kind, domain, report_id) DO UPDATE SET at = excluded.at, destinations = excluded.destinations, problem = excluded.problem
"""
BEFORE: Final = """
SELECT kind, domain, report_id, day, at, messages, destinations, problem FROM reports_sent WHERE kind = $1 AND domain = $2 AND report_id = $3
"""
DONE: Final = "DELETE FROM report_rows WHERE kind = $1 AND day = $2 AND domain = $3"


async def finish(tx: Transaction, about: DueReport, sent: Sequence[SentReport]) -> None:
    """Forgets the rows of a report and notes what became of it (of several, where the policy changed in the course of the day)."""
    for one in sent:
        await note(tx, one)
    await tx.execute(DONE, about.kind, about.day, about.domain)


async def note(tx: Transaction, one: SentReport) -> None:
    """Notes to whom a report went that others are still to get; its rows stay."""
    await tx.execute(SENT, *msgspec.structs.astuple(one))


async def noted(tx: Transaction, about: DueReport, report_id: str) -> SentReport | None:
    """What became of a report so far."""
    row = await tx.fetchrow(BEFORE, about.kind, about.domain, report_id)
    return None if row is None else SentReport(*row)


LISTING: Final = """
SELECT kind, domain, report_id, day, at, messages, destinations, problem FROM reports_sent WHERE kind = $1 ORDER BY at DESC, domain LIMIT $2
"""


async def sent(tx: Transaction, kind: str, limit: int) -> list[SentReport]:
    """The youngest reports first."""
    return [SentReport(*row) for row in await tx.fetch(LISTING, kind, limit)]


OLD_ROWS: Final = """
DELETE FROM report_rows WHERE kind = $1 AND day < $2 AND (day, domain, digest) IN (
  SELECT day, domain, digest FROM report_rows WHERE kind = $1 AND day < $2 LIMIT $3)
"""
OLD_SENT: Final = """
DELETE FROM reports_sent WHERE (kind, domain, report_id) IN (SELECT kind, domain, report_id FROM reports_sent WHERE at < $1 LIMIT $2)
"""


async def prune(tx: Transaction, kinds: Sequence[str], day: int, before: int) -> int:
    """Forgets some rows of days before `day` that no report took up, and reports sent before `before` (unix microseconds); gives how many.

    Call it until it gives 0.
    """
    gone = 0
    for kind in kinds:
        gone += await tx.execute(OLD_ROWS, kind, day, PRUNED_AT_ONCE)
    return gone + await tx.execute(OLD_SENT, before, PRUNED_AT_ONCE)
