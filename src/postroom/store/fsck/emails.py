"""Checks emails and bodies against each other: copies, sizes, references, octets, summaries.

Goes through the tables in slices in the order in which each engine keeps them, so that a server goes on working meanwhile; what looks wrong is
looked at again in a transaction of its own before it is said. Not here: mailboxes' numbers (`fsck_mailboxes`), files without a row (`fsck`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final

from postroom.message.errors import TryLater
from postroom.message.summary.summary import is_current, summarize
from postroom.store.blobs import blobs
from postroom.store.engine.ids import first_of, real_ms
from postroom.store.engine.transaction import Row, Transaction, Urgency
from postroom.store.engine.unhurried import Unhurried
from postroom.store.fsck.findings import Finding, Wrong
from postroom.store.store import Store

SLICE: Final = 500

_EMAILS: Final = """
SELECT e.account_id, e.email_id, e.blob_id, e.copies, e.summary, b.blob_id, (SELECT COUNT(*) FROM messages m WHERE
m.account_id = e.account_id AND m.thread_id = e.thread_id AND m.email_id = e.email_id)
FROM emails e LEFT JOIN blobs b ON b.account_id = e.account_id AND b.blob_id = e.blob_id
"""
_REFERRING: Final = "SELECT account_id, email_id, blob_id FROM emails "
_BLOBS: Final = "SELECT account_id, blob_id, refs, size, place FROM blobs"
# SQLite keeps both tables in the order of their ids alone (schema/mail.sql).
EMAILS: Final = {
    "sqlite": _EMAILS + "WHERE e.email_id > $2 AND $1 IS NOT NULL ORDER BY e.email_id LIMIT $3",
    "postgresql": _EMAILS
    + "WHERE (e.account_id, e.email_id) > ($1, $2) ORDER BY e.account_id, e.email_id LIMIT $3",
}
REFERRING: Final = {
    "sqlite": _REFERRING + "WHERE email_id > $2 AND $1 IS NOT NULL ORDER BY email_id LIMIT $3",
    "postgresql": _REFERRING
    + "WHERE (account_id, email_id) > ($1, $2) ORDER BY account_id, email_id LIMIT $3",
}
BLOBS: Final = {
    "sqlite": _BLOBS + " WHERE blob_id > $2 AND $1 IS NOT NULL ORDER BY blob_id LIMIT $3",
    "postgresql": _BLOBS + " WHERE (account_id, blob_id) > ($1, $2) ORDER BY account_id, blob_id LIMIT $3",
}
SPOOLED: Final = "SELECT blob_id FROM spool WHERE blob_account <> 0"
RECORDED: Final = "SELECT blob_id FROM record_blobs"
LISTED: Final = """
SELECT m.uid, m.email_id, e.email_id, m.size, e.size, b.size FROM messages m
LEFT JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
LEFT JOIN blobs b ON b.account_id = e.account_id AND b.blob_id = e.blob_id
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid > $3 ORDER BY m.uid LIMIT $4
"""
LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"
EMAIL: Final = "SELECT thread_id, blob_id, copies FROM emails WHERE account_id = $1 AND email_id = $2"
COPIES: Final = "SELECT COUNT(*) FROM messages WHERE account_id = $1 AND thread_id = $2 AND email_id = $3"
SET_COPIES: Final = "UPDATE emails SET copies = $3 WHERE account_id = $1 AND email_id = $2"
DROP_EMAIL: Final = "DELETE FROM emails WHERE account_id = $1 AND email_id = $2"
BODY: Final = """
SELECT e.thread_id, e.blob_id, e.size, b.size FROM emails e JOIN blobs b ON b.account_id = e.account_id AND b.blob_id = e.blob_id
WHERE e.account_id = $1 AND e.email_id = $2
"""
SET_SIZE: Final = "UPDATE emails SET size = $3 WHERE account_id = $1 AND email_id = $2"
SET_SIZES: Final = "UPDATE messages SET size = $4 WHERE account_id = $1 AND thread_id = $2 AND email_id = $3"
SET_SUMMARY: Final = "UPDATE emails SET summary = $3 WHERE account_id = $1 AND email_id = $2"
REFS: Final = "SELECT refs FROM blobs WHERE account_id = $1 AND blob_id = $2"
HOLD: Final = f"{REFS} {{LOCK}}"
COUNT_REFS: Final = """
SELECT (SELECT COUNT(*) FROM emails WHERE account_id = $1 AND blob_id = $2)
+ (SELECT COUNT(*) FROM spool WHERE blob_account = $1 AND blob_id = $2)
+ (SELECT COUNT(*) FROM record_blobs WHERE account_id = $1 AND blob_id = $2)
"""
SET_REFS: Final = "UPDATE blobs SET refs = $3, unref_at = $4 WHERE account_id = $1 AND blob_id = $2"
DIGEST: Final = "SELECT hash FROM blobs WHERE account_id = $1 AND blob_id = $2"


class EmailCheck:
    """One walk through all emails, then one through all bodies. `octets` also reads every body."""

    def __init__(self, store: Store, now: int, *, repair: bool, octets: bool) -> None:
        self._store = store
        self._tx = Unhurried(store.engine)
        self._engine = store.engine
        self._now = now
        self._repair = repair
        self._octets = octets
        self._referenced = array("q")
        self._young = first_of(real_ms() * 1000)  # what came since then is the next check's

    async def copies(self, account_id: int, mailbox_id: int) -> AsyncIterator[Finding]:
        """Copies in a mailbox that are copies of nothing, or whose size is not that of their body: then the mailbox's numbers are wrong, too."""
        last = 0
        while rows := await self._tx.fetch(LISTED, account_id, mailbox_id, last, SLICE):
            last = rows[-1][0]
            for uid, email_id, there, *sizes in rows:
                if there is None:
                    detail = f"mailbox {mailbox_id}, uid {uid}: no email {email_id}"
                    yield Finding(Wrong.LOST_EMAIL, account_id, detail)
                elif None not in sizes and len(set(sizes)) > 1:
                    finding = await self._check_size(account_id, email_id)
                    if finding is not None:
                        yield finding

    async def _check_size(self, account_id: int, email_id: int) -> Finding | None:
        row = await self._tx.fetchrow(BODY, account_id, email_id)
        if row is None:
            return None  # it went meanwhile
        thread_id, blob_id, kept, size = row
        try:
            found = await self._store.digest(account_id, blob_id, contents=False)
        except TryLater:
            found = None
        if found is None or found[0] != size:
            return None  # it is the body that is wrong: `bodies` says so

        async def work(tx: Transaction) -> None:
            await tx.fetch(LOCK, account_id)
            await tx.execute(SET_SIZE, account_id, email_id, size)
            await tx.execute(SET_SIZES, account_id, thread_id, email_id, size)

        if self._repair:
            await self._engine.write(work, Urgency.HOUSEKEEPING)
        detail = f"email {email_id}: size {kept} or that of its copies, should be {size}"
        return Finding(Wrong.SIZE, account_id, detail, self._repair)

    async def emails(self) -> AsyncIterator[Finding]:
        """Copies that are counted wrong, bodies that are not there, summaries of another version."""
        last = (-1, -1)
        while rows := await self._tx.fetch(EMAILS[self._engine.dialect.name], *last, SLICE):
            last = rows[-1][0], rows[-1][1]
            for row in rows:
                self._referenced.append(row[2])
                for finding in await self._email(row):
                    yield finding

    async def _email(self, row: Row) -> list[Finding]:
        account_id, email_id, blob_id, copies, packed, body, counted = row
        findings = []
        if body is None and await self._is_there(account_id, email_id):
            findings.append(Finding(Wrong.LOST_BODY, account_id, f"email {email_id} has no body {blob_id}"))
        if copies != counted and (finding := await self._check_copies(account_id, email_id)):
            findings.append(finding)
        if not is_current(packed):
            repaired = self._repair and await self._summarize(account_id, email_id, blob_id)
            findings.append(
                Finding(Wrong.SUMMARY, account_id, f"email {email_id}: not of this version", repaired)
            )
        return findings

    async def _is_there(self, account_id: int, email_id: int) -> bool:
        return await self._tx.fetchrow(EMAIL, account_id, email_id) is not None

    async def _check_copies(self, account_id: int, email_id: int) -> Finding | None:
        async def work(tx: Transaction) -> Finding | None:
            if self._repair:
                await tx.fetch(LOCK, account_id)
            row = await tx.fetchrow(EMAIL, account_id, email_id)
            if row is None:
                return None
            thread_id, blob_id, kept = row
            counted = await tx.fetchrow(COPIES, account_id, thread_id, email_id)
            right = counted[0] if counted else 0
            if kept == right:
                return None
            if self._repair and right:
                await tx.execute(SET_COPIES, account_id, email_id, right)
            elif self._repair:
                await tx.execute(DROP_EMAIL, account_id, email_id)
                await blobs.unref(tx, account_id, {blob_id: 1}, self._now)
            detail = f"email {email_id}: copies {kept}, should be {right}"
            return Finding(Wrong.COPIES, account_id, detail, self._repair)

        return await self._run(work)

    async def _summarize(self, account_id: int, email_id: int, blob_id: int) -> bool:
        try:
            raw = await self._store.read(account_id, blob_id)
        except TryLater:
            raw = None  # its file is not there, or cannot be read: `bodies` says so
        if raw is None:
            return False
        packed = summarize(raw).pack()
        await self._engine.write(
            lambda tx: tx.execute(SET_SUMMARY, account_id, email_id, packed), Urgency.HOUSEKEEPING
        )
        return True

    async def bodies(self) -> AsyncIterator[Finding]:
        """References that are counted wrong, files that are not there, octets that are not what they were. After `emails`."""
        await self._refer(self._referenced)
        suspects: list[tuple[int, int]] = []
        last = (-1, -1)
        while rows := await self._tx.fetch(BLOBS[self._engine.dialect.name], *last, SLICE):
            last = rows[-1][0], rows[-1][1]
            for account_id, blob_id, refs, size, place in rows:
                if refs != self._references(blob_id) and blob_id < self._young:
                    suspects.append((account_id, blob_id))
                if refs and (place == blobs.Place.FILE or self._octets):
                    finding = await self._check_octets(account_id, blob_id, size)
                    if finding is not None:
                        yield finding
        for account_id, blob_id in await self._still_suspect(suspects):
            finding = await self._check_references(account_id, blob_id)
            if finding is not None:
                yield finding

    async def _refer(self, referenced: Iterable[int]) -> None:
        """Takes these, the bodies of emails, with all others that something refers to, for what is referenced."""
        found = array("q", referenced)
        found.extend(row[0] for row in await self._tx.fetch(SPOOLED))
        found.extend(row[0] for row in await self._tx.fetch(RECORDED))
        self._referenced = array("q", sorted(found))

    async def _still_suspect(self, suspects: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those that are counted wrong when all are counted anew: to count one for certain takes as long, so what only changed meanwhile is left out here."""
        if not suspects:
            return []
        found = array("q")
        last = (-1, -1)
        while rows := await self._tx.fetch(REFERRING[self._engine.dialect.name], *last, SLICE):
            last = rows[-1][0], rows[-1][1]
            found.extend(row[2] for row in rows)
        await self._refer(found)
        kept = {
            blob_id: await self._tx.fetchrow(REFS, account_id, blob_id) for account_id, blob_id in suspects
        }
        return [
            (account_id, blob_id)
            for account_id, blob_id in suspects
            if (row := kept[blob_id]) is not None and row[0] != self._references(blob_id)
        ]

    def _references(self, blob_id: int) -> int:
        return bisect_right(self._referenced, blob_id) - bisect_left(self._referenced, blob_id)

    async def _check_references(self, account_id: int, blob_id: int) -> Finding | None:
        async def work(tx: Transaction) -> Finding | None:
            if self._repair:
                await tx.fetch(LOCK, account_id)
            # The spool's bodies are no account's, and an upload does not take its account's lock.
            kept = await tx.fetchrow(HOLD if self._repair else REFS, account_id, blob_id)
            counted = await tx.fetchrow(COUNT_REFS, account_id, blob_id)
            if kept is None or counted is None or kept[0] == counted[0]:
                return None
            if self._repair:
                await tx.execute(SET_REFS, account_id, blob_id, counted[0], 0 if counted[0] else self._now)
            detail = f"body {blob_id}: references {kept[0]}, should be {counted[0]}"
            return Finding(Wrong.REFERENCES, account_id, detail, self._repair)

        return await self._run(work)

    async def _check_octets(self, account_id: int, blob_id: int, size: int) -> Finding | None:
        try:
            found = await self._store.digest(account_id, blob_id, contents=self._octets)
            problem = "its file is not there"
        except TryLater as error:
            found, problem = None, f"cannot be read: {error.detail}"
        row = await self._tx.fetchrow(DIGEST, account_id, blob_id)
        if row is None:
            return None  # it went meanwhile
        if found is None:
            return Finding(Wrong.LOST_BODY, account_id, f"body {blob_id}: {problem}")
        if found[0] == size and found[1] in (b"", row[0]):
            return None
        return Finding(Wrong.BAD_BODY, account_id, f"body {blob_id}: not the octets that were stored")

    async def _run(self, work: Callable[[Transaction], Awaitable[Finding | None]]) -> Finding | None:
        if self._repair:
            return await self._engine.write(work, Urgency.HOUSEKEEPING)
        return await self._engine.snapshot(work)
