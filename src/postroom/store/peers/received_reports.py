"""Reports that others sent us: about our domains' mail (DMARC), about TLS towards us, about single messages that failed.

RFC 9990 §3.5.4 (the same report again is kept once; whose it is makes part of that, so that nobody can take the place of another's). What a report says
is packed by who adds it. Not here: reading reports, and how far one is believed.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction

FAILURE: Final = "failure"  # besides the kinds of `report_rows`
FROM_FILE: Final = -1  # of `verified`
PRUNED_AT_ONCE: Final = 100  # their octets go with them
MAX_KEPT: Final = 100_000  # reports that are kept, however young: anybody can send some


class ReceivedReport(msgspec.Struct, frozen=True):
    """A report. `begins`, `ends` unix seconds; `received` microseconds; `sender` the domain of the mail that brought it.

    `verified` is 1 when the sender is proven, 0 when not, FROM_FILE when an administrator brought it. `passed` and `failed` are its sums.
    """

    kind: str
    domain: str
    organization: str
    report_id: str
    begins: int
    ends: int
    received: int
    sender: str
    verified: int
    passed: int
    failed: int
    packed: bytes
    id: int = 0

    @property
    def digest(self) -> bytes:
        """What is equal in copies of one report."""
        parts = (self.kind, self.sender, str(self.verified), self.domain, self.report_id)
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


ADD: Final = """
INSERT INTO reports_received (id, kind, digest, domain, organization, report_id, begins, ends, received, sender, verified, passed, failed, packed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (digest) DO NOTHING RETURNING id
"""


async def add(tx: Transaction, report: ReceivedReport, new_id: int) -> bool:
    """Keeps a report; False when it is there already."""
    values = (report.domain, report.organization, report.report_id, report.begins, report.ends)
    more = (report.received, report.sender, report.verified, report.passed, report.failed, report.packed)
    return await tx.fetchrow(ADD, new_id, report.kind, report.digest, *values, *more) is not None


_COLUMNS: Final = "kind, domain, organization, report_id, begins, ends, received, sender, verified, passed, failed, packed, id"
LISTING: Final = f"""
SELECT {_COLUMNS} FROM reports_received WHERE kind = $1 AND (domain = $2 OR $2 = '') AND ends >= $3 ORDER BY ends DESC, id DESC LIMIT $4
"""  # noqa: S608 -- constants


async def listing(tx: Transaction, kind: str, domain: str, since: int, limit: int) -> list[ReceivedReport]:
    """The youngest first: of one domain, "" for all, about times that end after `since` (unix seconds)."""
    return [ReceivedReport(*row) for row in await tx.fetch(LISTING, kind, domain, since, limit)]


PRUNE: Final = """
DELETE FROM reports_received WHERE id IN (SELECT id FROM reports_received WHERE received < $1 ORDER BY received LIMIT $2)
"""
TOO_MANY: Final = "SELECT received FROM reports_received ORDER BY received DESC LIMIT 1 OFFSET $1"


async def prune(tx: Transaction, before: int, most: int = MAX_KEPT) -> int:
    """Forgets some of what was received before (unix microseconds), and of the oldest of more than `most`; gives how many. Call it until it gives 0."""
    row = await tx.fetchrow(TOO_MANY, most)
    return await tx.execute(PRUNE, max(before, row[0] + 1 if row is not None else 0), PRUNED_AT_ONCE)


SEEN_TO: Final = "SELECT seen_to FROM report_mailboxes WHERE account_id = $1 AND mailbox_id = $2"
SET_SEEN_TO: Final = """
INSERT INTO report_mailboxes (account_id, mailbox_id, seen_to) VALUES ($1, $2, $3)
ON CONFLICT (account_id, mailbox_id) DO UPDATE SET seen_to = excluded.seen_to
"""


async def seen_to(tx: Transaction, account_id: int, mailbox_id: int) -> int:
    """The last uid that was looked at in the mailbox to which reports come; 0 at first."""
    row = await tx.fetchrow(SEEN_TO, account_id, mailbox_id)
    return int(row[0]) if row is not None else 0


async def set_seen_to(tx: Transaction, account_id: int, mailbox_id: int, uid: int) -> None:
    """Notes how far it was looked at."""
    await tx.execute(SET_SEEN_TO, account_id, mailbox_id, uid)
