"""Checks the numbers that mailboxes and accounts keep against the messages that are there.

All of them can be counted anew. One account at a time, in one transaction; with repair, under the account's lock. Not here: emails and
bodies (`fsck_emails`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from postroom.store.engine.transaction import Transaction
from postroom.store.fsck.findings import Finding, Wrong
from postroom.store.mailboxes.flags import split_keywords

LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"
ACCOUNT: Final = "SELECT used_bytes, used_msgs, modseq FROM accounts WHERE account_id = $1"
KEPT: Final = """
SELECT mailbox_id, n_total, n_unseen, n_deleted, n_bytes, uidnext, highestmodseq FROM mailboxes
WHERE account_id = $1 ORDER BY mailbox_id
"""
COUNTED: Final = """
SELECT mailbox_id, COUNT(*), COALESCE(SUM(CASE WHEN flags & 1 = 0 THEN 1 ELSE 0 END), 0),
COALESCE(SUM(CASE WHEN flags & 8 = 0 THEN 0 ELSE 1 END), 0), CAST(COALESCE(SUM(size), 0) AS BIGINT),
MAX(uid), MAX(modseq) FROM messages WHERE account_id = $1 GROUP BY mailbox_id ORDER BY mailbox_id
"""
KEYWORDS: Final = """
SELECT mailbox_id, keywords, COUNT(*) FROM messages WHERE account_id = $1 AND keywords <> '' GROUP BY mailbox_id, keywords
"""
KEPT_KEYWORDS: Final = "SELECT mailbox_id, keyword, n_total FROM mailbox_keywords WHERE account_id = $1"
SET_COUNTS: Final = """
UPDATE mailboxes SET n_total = $3, n_unseen = $4, n_deleted = $5, n_bytes = $6
WHERE account_id = $1 AND mailbox_id = $2
"""
SET_NUMBERS: Final = """
UPDATE mailboxes SET uidnext = $3, highestmodseq = $4 WHERE account_id = $1 AND mailbox_id = $2
"""
SET_MODSEQ: Final = "UPDATE accounts SET modseq = $2 WHERE account_id = $1"
SET_USED: Final = "UPDATE accounts SET used_bytes = $2, used_msgs = $3 WHERE account_id = $1"
DROP_KEYWORDS: Final = "DELETE FROM mailbox_keywords WHERE account_id = $1"
PUT_KEYWORD: Final = """
INSERT INTO mailbox_keywords (account_id, mailbox_id, keyword, n_total) VALUES ($1, $2, $3, $4)
"""

Counts = tuple[int, ...]


async def check_account(tx: Transaction, account_id: int, *, repair: bool) -> list[Finding]:
    """What is wrong with an account's numbers; with `repair`, put right in this transaction."""
    if repair:
        await tx.fetch(LOCK, account_id)
    kept = {row[0]: tuple(row[1:]) for row in await tx.fetch(KEPT, account_id)}
    counted = {row[0]: tuple(row[1:]) for row in await tx.fetch(COUNTED, account_id)}
    findings = [
        Finding(Wrong.LOST_MAILBOX, account_id, f"{counted[mailbox_id][0]} messages in mailbox {mailbox_id}")
        for mailbox_id in counted.keys() - kept.keys()
    ]
    for mailbox_id, numbers in kept.items():
        found = counted.get(mailbox_id, (0,) * 6)
        findings += await _check_counts(tx, account_id, mailbox_id, (numbers, found), repair=repair)
        findings += await _check_numbers(tx, account_id, mailbox_id, (numbers, found), repair=repair)
    findings += await _check_keywords(tx, account_id, repair=repair)
    findings += await _check_used(tx, account_id, list(counted.values()), repair=repair)
    return findings


async def _check_counts(
    tx: Transaction, account_id: int, mailbox_id: int, both: tuple[Counts, Counts], *, repair: bool
) -> list[Finding]:
    kept, counted = both[0][:4], both[1][:4]
    if kept == counted:
        return []
    if repair:
        await tx.execute(SET_COUNTS, account_id, mailbox_id, *counted)
    names = ("total", "unseen", "deleted", "octets")
    wrong = ", ".join(_differences(names, kept, counted))
    return [Finding(Wrong.COUNTS, account_id, f"mailbox {mailbox_id}: {wrong}", repair)]


async def _check_numbers(
    tx: Transaction, account_id: int, mailbox_id: int, both: tuple[Counts, Counts], *, repair: bool
) -> list[Finding]:
    """uidnext is above every uid, the mailbox's modseq not below any message's."""
    kept, counted = both[0][4:], both[1][4:]
    right = (max(kept[0], counted[0] + 1), max(kept[1], counted[1]))
    if kept == right:
        return []
    if repair:
        await tx.execute(SET_NUMBERS, account_id, mailbox_id, *right)
    wrong = ", ".join(_differences(("uidnext", "highestmodseq"), kept, right))
    return [Finding(Wrong.NUMBERS, account_id, f"mailbox {mailbox_id}: {wrong}", repair)]


async def _check_keywords(tx: Transaction, account_id: int, *, repair: bool) -> list[Finding]:
    counted: Counter[tuple[int, str]] = Counter()
    for mailbox_id, keywords, number in await tx.fetch(KEYWORDS, account_id):
        for keyword in split_keywords(keywords):
            counted[mailbox_id, keyword] += number
    kept = {(row[0], row[1]): row[2] for row in await tx.fetch(KEPT_KEYWORDS, account_id)}
    if kept == dict(counted):
        return []
    if repair:
        await tx.execute(DROP_KEYWORDS, account_id)
        rows = [(account_id, box, keyword, number) for (box, keyword), number in sorted(counted.items())]
        if rows:
            await tx.executemany(PUT_KEYWORD, rows)
    differing = {key for key, _ in kept.items() ^ counted.items()}
    wrong = ", ".join(sorted(f"{keyword} in mailbox {mailbox_id}" for mailbox_id, keyword in differing)[:5])
    return [Finding(Wrong.KEYWORDS, account_id, f"{len(differing)} counts, e.g. {wrong}", repair)]


async def _check_used(
    tx: Transaction, account_id: int, counted: list[Counts], *, repair: bool
) -> list[Finding]:
    row = await tx.fetchrow(ACCOUNT, account_id)
    if row is None:
        return []
    findings = []
    right = (sum(counts[3] for counts in counted), sum(counts[0] for counts in counted))
    if (row[0], row[1]) != right:
        if repair:
            await tx.execute(SET_USED, account_id, *right)
        wrong = ", ".join(_differences(("octets", "messages"), (row[0], row[1]), right))
        findings.append(Finding(Wrong.QUOTA, account_id, wrong, repair))
    highest = max((counts[5] for counts in counted), default=0)
    if row[2] < highest:
        if repair:
            await tx.execute(SET_MODSEQ, account_id, highest)
        findings.append(Finding(Wrong.NUMBERS, account_id, f"modseq {row[2]}, should be {highest}", repair))
    return findings


def _differences(names: tuple[str, ...], kept: Counts, right: Counts) -> Iterator[str]:
    for name, is_now, should_be in zip(names, kept, right, strict=True):
        if is_now != should_be:
            yield f"{name} {is_now}, should be {should_be}"
