"""What a store out of a backup must be marked with, so that nobody takes its past for what he knows of a later time.

RFC 9051 §2.3.1.1: uids that were given after the backup mean nothing any more, so every UIDVALIDITY is greater than any that a client can have seen.
RFC 7162 §3.1: modseqs go far beyond those that were lost, and what had vanished is forgotten (below `vanished_floor` the answers are full ones,
which is right for every state that a client of JMAP may come back with too). RFC 4467: keys that signed URLs are forgotten, since a URL may name a
uid without its UIDVALIDITY. Leases end, and their fences refuse whoever still holds one. Mail that waits for other servers may have gone out after the
backup, and is held. Not here: the copy (`app.backup.restoring`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.headers.dates import format_date
from postroom.store.engine.transaction import Engine, Transaction
from postroom.store.spool.jobs import NEVER

MODSEQS: Final = 1 << 32  # more than any account can have used up between a backup and its restoring
VALIDITIES: Final = 1 << 20  # a UIDVALIDITY is a second or one more than the last: this is far ahead of both
UIDS: Final = 1 << 20  # more than any mailbox has given since the backup
IDS_MS: Final = 60_000  # that ids of the lost time may have run ahead of the clock

# Greater than before in each mailbox, and different in all of an account, since one may get the name of another (RFC 9051 §6.3.6).
VALIDITY: Final = """
UPDATE mailboxes SET uidvalidity = r.validity FROM (
  SELECT m.account_id, m.mailbox_id, CASE WHEN a.uidvalidity > $1 THEN a.uidvalidity ELSE $1 END + $2
    + ROW_NUMBER() OVER (PARTITION BY m.account_id ORDER BY m.uidvalidity, m.mailbox_id) AS validity
  FROM mailboxes m JOIN accounts a ON a.account_id = m.account_id) AS r
WHERE mailboxes.account_id = r.account_id AND mailboxes.mailbox_id = r.mailbox_id
"""
# Uids change as well: mbsync otherwise finds its own letters under them, believes in all that it has, and never sees one again that was
# expunged after the backup. The new ones lie above all that were given, so that no row is in the way of another.
UIDNEXT: Final = """
UPDATE mailboxes SET
  first_recent = uidnext + $1 + (SELECT COUNT(*) FROM messages m
    WHERE m.account_id = mailboxes.account_id AND m.mailbox_id = mailboxes.mailbox_id AND m.uid < mailboxes.first_recent),
  uidnext = uidnext + $1 + (SELECT COUNT(*) FROM messages m
    WHERE m.account_id = mailboxes.account_id AND m.mailbox_id = mailboxes.mailbox_id)
"""
_RENUMBERED: Final = """(
  SELECT m.account_id, m.mailbox_id, m.uid AS former,
    b.uidnext - ROW_NUMBER() OVER (PARTITION BY m.account_id, m.mailbox_id ORDER BY m.uid DESC) AS uid
  FROM messages m JOIN mailboxes b ON b.account_id = m.account_id AND b.mailbox_id = m.mailbox_id) AS r
"""
SEEN: Final = f"""
UPDATE seen SET uid = r.uid FROM {_RENUMBERED}
WHERE seen.account_id = r.account_id AND seen.mailbox_id = r.mailbox_id AND seen.uid = r.former
"""  # noqa: S608 -- constants
MESSAGES: Final = f"""
UPDATE messages SET uid = r.uid, modseq = modseq + $1 FROM {_RENUMBERED}
WHERE messages.account_id = r.account_id AND messages.mailbox_id = r.mailbox_id AND messages.uid = r.former
"""  # noqa: S608 -- constants
ACCOUNTS: Final = """
UPDATE accounts SET modseq = modseq + $1, vanished_floor = modseq + $1, uidvalidity = (
  SELECT COALESCE(MAX(m.uidvalidity), accounts.uidvalidity + $2) FROM mailboxes m WHERE m.account_id = accounts.account_id)
"""
MAILBOXES: Final = """
UPDATE mailboxes SET highestmodseq = highestmodseq + $1, created_modseq = created_modseq + $1, changed_modseq = changed_modseq + $1,
  vanished_floor = (SELECT a.vanished_floor FROM accounts a WHERE a.account_id = mailboxes.account_id)
"""
EMAILS: Final = "UPDATE emails SET created_modseq = created_modseq + $1"
RECORDS: Final = "UPDATE records SET created_modseq = created_modseq + $1, modseq = modseq + $1"
RECORD_ACL: Final = """
UPDATE record_acl SET given_modseq = given_modseq + $1, read_modseq = CASE WHEN read_modseq = 0 THEN 0 ELSE read_modseq + $1 END
"""
RECORD_PLACES: Final = "UPDATE record_places SET entered_modseq = entered_modseq + $1"
PRINCIPALS: Final = "UPDATE principal_states SET newest = newest + $1, floor = newest + $1"
FORGOTTEN: Final = (
    "DELETE FROM vanished",
    "DELETE FROM deleted_mailboxes",
    "DELETE FROM records_gone",
    "DELETE FROM url_keys",
    "DELETE FROM unfinished",
)
NODES: Final = """
UPDATE nodes SET until = 0, fence = fence + $1, id_mark = CASE WHEN id_mark > $2 THEN id_mark ELSE $2 END
"""
LEASES: Final = "UPDATE leases SET until = 0, fence = fence + $1"
FREE_JOBS: Final = """
UPDATE jobs SET epoch = epoch + $1, node = 0,
  due = CASE WHEN node = 0 THEN due WHEN held = 1 THEN CAST($3 AS BIGINT) ELSE CAST($2 AS BIGINT) END,
  alarm = CASE WHEN node <> 0 AND held = 1 THEN CAST($3 AS BIGINT) ELSE alarm END
"""
# What waits for mailboxes of this store cannot have been delivered: the mailboxes are as old as it is.
HOLD: Final = "UPDATE jobs SET held = 1, due = $1, alarm = $1, why = $2 WHERE hop <> '' AND held = 0"
WAITING: Final = "SELECT COUNT(*) FROM jobs WHERE hop <> '' AND held = 0"


class Marking(msgspec.Struct, frozen=True):
    """How a store is marked: `now` and the moment of the backup (`made`, 0: not known) in unix microseconds of the machine's clock."""

    now: int
    made: int = 0
    send_queue: bool = False


class Marked(msgspec.Struct, frozen=True):
    """What was marked. `waiting`: jobs (a message for one next hop) that may have been done already; `held` says whether they are kept."""

    mailboxes: int
    messages: int
    waiting: int
    held: bool


async def mark(engine: Engine, how: Marking) -> Marked:
    """Marks the whole store, in one transaction. Nobody else uses it."""

    async def work(tx: Transaction) -> Marked:
        boxes = await tx.execute(VALIDITY, how.now // 1_000_000, VALIDITIES)
        await tx.execute(UIDNEXT, UIDS)
        await tx.execute(SEEN)
        letters = await tx.execute(MESSAGES, MODSEQS)
        await tx.execute(EMAILS, MODSEQS)
        for records in (RECORDS, RECORD_ACL, RECORD_PLACES):
            await tx.execute(records, MODSEQS)
        await tx.execute(ACCOUNTS, MODSEQS, VALIDITIES)
        await tx.execute(MAILBOXES, MODSEQS)
        await tx.execute(PRINCIPALS, MODSEQS)
        for statement in FORGOTTEN:
            await tx.execute(statement)
        await tx.execute(NODES, MODSEQS, how.now // 1000 + IDS_MS)
        await tx.execute(LEASES, MODSEQS)
        await tx.execute(FREE_JOBS, MODSEQS, how.now, NEVER)
        return Marked(boxes, letters, await _queue(tx, how), not how.send_queue)

    return await engine.write(work)


async def _queue(tx: Transaction, how: Marking) -> int:
    if not how.send_queue:
        since = f" of {format_date(how.made // 1_000_000)}" if how.made else ""
        why = f"held when a backup{since} was restored: it may have been sent since then; postroom queue release or drop"
        return await tx.execute(HOLD, NEVER, why)
    row = await tx.fetchrow(WAITING)
    return int(row[0]) if row is not None else 0
