"""Jobs of the queue: who may deliver what, when, and what came of it.

A job is all copies of one message for one next hop. A claim leases it to a node until a time and raises its epoch; everything that the node
does with it afterwards is conditional on both, so that a node which was thought dead cannot undo what another did (a zombie is refused).
`due` of a leased job is the end of its lease: a crash needs no recovery, the job just becomes due; a node that starts again under its number
need not wait for that (`forsaken`).

Jobs of one slot, next hop and priority form a lane. Claims go through lanes, those of higher priority first (RFC 6710 §4.2), and leave out
the lanes of dead next hops: what waits there is not even read. A job whose alarm has come is claimed whatever its hop's state
(delay notice, deadline of RFC 2852, end of life). Not here: pauses, connections, reports.

What a crash leaves, and who goes on:

    before the commit of `spool.put`     nothing, and nobody was told 250
    waiting                              claimed when due
    leased, not sent                     claimed again when the lease ends, or the node is back
    leased, sent, not settled            likewise: may be sent twice, is never lost; at most two messages for each connection
                                         to a next hop (`deliver.destinations`)
    settled                              gone, and the report on failed copies is in the same commit
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import msgspec

from postroom.store.engine.leases import APART
from postroom.store.engine.transaction import Engine, Row, Transaction, Urgency
from postroom.store.engine.unhurried import Unhurried
from postroom.store.spool import hops
from postroom.store.spool.spool import (
    Blob,
    Copy,
    Lease,
    NewJob,
    Spooled,
    read_copy,
    read_letter,
    slot_of,
)

NEVER = 1 << 62  # a time that does not come
DUE_AT_ONCE = 1000  # jobs that one commit makes due


class LeaseLost(Exception):
    """Another node has taken the job, or it is gone: whatever was done with it does not count any more."""


class Job(msgspec.Struct, frozen=True):
    """A leased job. `alarmed` tells that its alarm, not its turn, brought it; `probe` that its hop was dead and this is the one try."""

    letter: Spooled
    number: int
    hop: str
    lease: Lease
    epoch: int
    attempts: int
    notices: int
    alarm: int
    expires: int
    copies: list[Copy]
    alarmed: bool = False
    probe: bool = False

    @property
    def spool_id(self) -> int:
        """The message's id in the spool."""
        return self.letter.spool_id


class Lane(msgspec.Struct, frozen=True):
    """Jobs that are alike: `due` is the first one's time; `next_try` 0, or when the dead hop may be tried."""

    slot: int
    hop: str
    rank: int
    due: int
    next_try: int = 0

    def opens(self) -> int:
        """When a job of this lane may be claimed."""
        return max(self.due, self.next_try)


class Outcome(msgspec.Struct, frozen=True):
    """What came of copy `n`: `final` when it was delivered or failed for good; else it is tried again, and `status` and `remote` say why (see `Copy`)."""

    n: int
    final: bool
    status: str = ""
    remote: str = ""


class Again(msgspec.Struct, frozen=True):
    """When the rest of a job is due and has its next alarm; `attempted` false leaves the number of attempts as it is."""

    due: int
    alarm: int
    why: str = ""
    notices: int = 0
    attempted: bool = True


_NEXT_SLOT = "SELECT MIN(slot) FROM jobs WHERE slot > $1"


async def slots(tx: Transaction) -> list[int]:
    """The slots that hold jobs: one for each node that has accepted mail which still waits."""
    found = []
    row = await tx.fetchrow(_NEXT_SLOT, -1)
    while row is not None and row[0] is not None:
        found.append(int(row[0]))
        row = await tx.fetchrow(_NEXT_SLOT, row[0])
    return found


def _walk(select: str, which: str = "") -> str:
    """A statement about lanes: it steps from one to the next through the index, and does not read the jobs in them."""
    return f"""
WITH RECURSIVE
 hop(name) AS (
  SELECT MIN(j.hop) FROM jobs j WHERE j.slot = $1
  UNION ALL
  SELECT (SELECT MIN(j.hop) FROM jobs j WHERE j.slot = $1 AND j.hop > hop.name) FROM hop WHERE hop.name IS NOT NULL),
 step(hop, rank, next_try) AS (
  SELECT hop.name, (SELECT MIN(j.rank) FROM jobs j WHERE j.slot = $1 AND j.hop = hop.name),
    COALESCE((SELECT hops.next_try FROM hops WHERE hops.hop = hop.name), 0) FROM hop WHERE hop.name IS NOT NULL {which}
  UNION ALL
  SELECT step.hop, (SELECT MIN(j.rank) FROM jobs j WHERE j.slot = $1 AND j.hop = step.hop AND j.rank > step.rank), step.next_try
    FROM step WHERE step.rank IS NOT NULL),
 lane(hop, rank, due, next_try) AS (
  SELECT step.hop, step.rank, (SELECT MIN(j.due) FROM jobs j WHERE j.slot = $1 AND j.hop = step.hop AND j.rank = step.rank), step.next_try
    FROM step WHERE step.rank IS NOT NULL)
{select}
"""  # noqa: S608 -- constants


_LANES = _walk("SELECT hop, rank, due, next_try FROM lane ORDER BY rank, due, hop")
_OPEN = _walk(
    "SELECT hop, rank, due, next_try FROM lane WHERE due <= $2 ORDER BY rank, due, hop LIMIT $3",
    "AND NOT EXISTS (SELECT 1 FROM hops WHERE hops.hop = hop.name AND hops.next_try > $2)",
)
_OPENS = _walk(
    "SELECT hop, CASE WHEN due > next_try THEN due ELSE next_try END FROM lane ORDER BY 2 LIMIT $2"
)
_RANKS = 19  # RFC 6710 §5: priorities from -9 to 9, so many lanes a hop may have


async def lanes(tx: Transaction, slot: int) -> list[Lane]:
    """The lanes of a slot in the order of claims: by priority, then by how long their first job has been due."""
    return [Lane(slot, *row) for row in await tx.fetch(_LANES, slot)]


async def _open_lanes(tx: Transaction, slot: int, now: int, limit: int, busy: Collection[str]) -> list[Lane]:
    """As `lanes`, those that have something to claim now: as many as are wanted, since there may be ten thousand next hops."""
    rows = await tx.fetch(_OPEN, slot, now, limit + _RANKS * len(busy))
    return [Lane(slot, *row) for row in rows if row[0] not in busy]


async def claim(
    tx: Transaction,
    of_slots: Sequence[int],
    lease: Lease,
    limit: int,
    busy: Collection[str] = (),
) -> list[Job]:
    """Leases at most `limit` jobs that are due or whose alarm has come, most urgent first within each slot.

    Left out are the hops in `busy` (who takes no more connections), and dead hops but for one probe each.
    """
    jobs: list[Job] = []
    for slot in of_slots:
        if len(jobs) < limit:
            jobs += await claim_alarmed(tx, slot, lease, limit - len(jobs))
        if len(jobs) < limit:
            for lane in await _open_lanes(tx, slot, lease.now, limit, busy):
                if len(jobs) < limit:
                    jobs += await claim_lane(tx, lane, lease, limit - len(jobs))
    return jobs


# One that is held was taken before, and nothing came of that: it rests from now on.
_CLAIM = """
WITH picked AS MATERIALIZED (SELECT j.spool_id, j.job FROM jobs j
  WHERE j.slot = $1 AND j.hop = $2 AND j.rank = $3 AND j.due <= $4 ORDER BY j.due, j.spool_id, j.job LIMIT $5 {SKIP})
UPDATE jobs SET due = CASE WHEN held = 1 THEN CAST($8 AS BIGINT) ELSE CAST($6 AS BIGINT) END,
  alarm = CASE WHEN held = 1 THEN CAST($8 AS BIGINT) ELSE alarm END,
  node = CASE WHEN held = 1 THEN 0 ELSE CAST($7 AS BIGINT) END, epoch = epoch + 1
 WHERE slot = $1 AND (spool_id, job) IN (SELECT spool_id, job FROM picked) AND due <= $4
 RETURNING spool_id, job, hop, rank, epoch, attempts, notices, alarm, expires, held
"""


async def claim_lane(tx: Transaction, lane: Lane, lease: Lease, limit: int) -> list[Job]:
    """Leases at most `limit` jobs of one lane, those first that have been due longest; of a dead hop's one, if a probe may be made."""
    dead = lane.next_try > 0
    if dead and not await hops.probe(tx, lane.hop, lease.now, lease.until):
        return []
    most = 1 if dead else limit
    where = (lane.slot, lane.hop, lane.rank, lease.now, most)
    rows = await tx.fetch(_CLAIM, *where, lease.until, lease.node, NEVER)
    jobs = await _leased(tx, lane.slot, lease, _not_held(rows))
    return [msgspec.structs.replace(job, probe=True) for job in jobs] if dead else jobs


_CLAIM_ALARMED = """
WITH picked AS MATERIALIZED (SELECT j.spool_id, j.job FROM jobs j
  WHERE j.slot = $1 AND j.alarm <= $2 AND (j.node = 0 OR j.due <= $2) ORDER BY j.alarm, j.spool_id, j.job LIMIT $3 {SKIP})
UPDATE jobs SET due = CASE WHEN held = 1 THEN CAST($6 AS BIGINT) ELSE CAST($4 AS BIGINT) END,
  alarm = CASE WHEN held = 1 THEN CAST($6 AS BIGINT) ELSE alarm END,
  node = CASE WHEN held = 1 THEN 0 ELSE CAST($5 AS BIGINT) END, epoch = epoch + 1
 WHERE slot = $1 AND (spool_id, job) IN (SELECT spool_id, job FROM picked) AND (node = 0 OR due <= $2)
 RETURNING spool_id, job, hop, rank, epoch, attempts, notices, alarm, expires, held
"""


async def claim_alarmed(tx: Transaction, slot: int, lease: Lease, limit: int) -> list[Job]:
    """Leases at most `limit` jobs whose alarm has come, of dead hops too."""
    rows = await tx.fetch(_CLAIM_ALARMED, slot, lease.now, limit, lease.until, lease.node, NEVER)
    jobs = await _leased(tx, slot, lease, _not_held(rows))
    return [msgspec.structs.replace(job, alarmed=True) for job in jobs]


def _not_held(rows: Sequence[Row]) -> list[Row]:
    return [row[:-1] for row in rows if not row[-1]]


_TAKE = """
UPDATE jobs SET due = $5, node = $6, epoch = epoch + 1
 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND (node = 0 OR due <= $4)
 RETURNING spool_id, job, hop, rank, epoch, attempts, notices, alarm, expires
"""


async def take(tx: Transaction, spool_id: int, number: int, lease: Lease) -> Job | None:
    """Leases one job, due, held or not; None when it is gone or someone works on it."""
    slot = slot_of(spool_id)
    rows = await tx.fetch(_TAKE, slot, spool_id, number, lease.now, lease.until, lease.node)
    jobs = await _leased(tx, slot, lease, rows)
    return jobs[0] if jobs else None


# The jobs of a lease just taken lie together in their lane, at the lease's end, among perhaps a few others: one statement reads what
# belongs to all of them. CROSS JOIN, and sorting here, hold SQLite to this order of tables.
_LETTERS = """
WITH mine AS MATERIALIZED (SELECT j.spool_id, j.job FROM jobs j WHERE j.slot = $1 AND j.hop = $2 AND j.rank = $3 AND j.due = $4)
SELECT s.spool_id, s.accept_id, s.accepted, s.sender, s.size, s.terms, mine.job
 FROM mine CROSS JOIN spool s WHERE s.slot = $1 AND s.spool_id = mine.spool_id
"""
_COPIES = """
WITH mine AS MATERIALIZED (SELECT j.spool_id, j.job FROM jobs j WHERE j.slot = $1 AND j.hop = $2 AND j.rank = $3 AND j.due = $4)
SELECT r.n, r.address, r.terms, r.status, r.remote, r.spool_id, r.job
 FROM mine CROSS JOIN rcpt r WHERE r.slot = $1 AND r.spool_id = mine.spool_id AND r.job = mine.job
"""


async def _leased(tx: Transaction, slot: int, lease: Lease, rows: Sequence[Row]) -> list[Job]:
    """The jobs of `rows` (what a claim's RETURNING gives) with their letters and copies, in the order of lanes, then of messages."""
    lanes_ = sorted({(row[3], row[2]) for row in rows})
    letters: dict[tuple[int, int], Spooled] = {}
    copies: dict[tuple[int, int], list[Copy]] = {(row[0], row[1]): [] for row in rows}
    for rank, hop in lanes_:
        where = (slot, hop, rank, lease.until)
        for row in await tx.fetch(_LETTERS, *where):
            if (row[0], row[6]) in copies:
                letters[row[0], row[6]] = read_letter(row)
        for row in await tx.fetch(_COPIES, *where):
            if (row[5], row[6]) in copies:
                copies[row[5], row[6]].append(read_copy(row))
    jobs = []
    for row in sorted(rows, key=lambda row: (row[3], row[2], row[0], row[1])):
        spool_id, number, hop, _, epoch, attempts, notices, alarm, expires = row
        ours = sorted(copies[spool_id, number], key=_number)
        letter = letters[spool_id, number]
        jobs.append(Job(letter, number, hop, lease, epoch, attempts, notices, alarm, expires, ours))
    return jobs


def _number(copy: Copy) -> int:
    return copy.n


_RENEW = """
UPDATE jobs SET due = $6 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND node = $4 AND epoch = $5 RETURNING job
"""


async def renew(tx: Transaction, job: Job, until: int) -> Job | None:
    """The job with a longer lease; None when it was lost, and work on it must stop."""
    row = await tx.fetchrow(_RENEW, *_mine(job), until)
    if row is None:
        return None
    return msgspec.structs.replace(job, lease=msgspec.structs.replace(job.lease, until=until))


_FORSAKEN = """
UPDATE jobs SET due = CASE WHEN held = 1 THEN CAST($3 AS BIGINT) ELSE CAST($2 AS BIGINT) END,
  alarm = CASE WHEN held = 1 THEN CAST($3 AS BIGINT) ELSE alarm END, node = 0
 WHERE node = $1 OR (node <> 0 AND due > $4)
"""


async def forsaken(tx: Transaction, lease: Lease) -> int:
    """What the former holder of this node number had leased is due now; gives how many jobs that is.

    For whoever has just taken the number (`store.engine.leases`) and works under it not yet: the former holder is gone, or a zombie. `lease` is one that the node
    would take: what is leased for much longer was so by a clock that was ahead, whoever it was.
    """
    return await tx.execute(_FORSAKEN, lease.node, lease.now, NEVER, lease.until + APART)


_LOCK_LETTER = "SELECT blob_account, blob_id FROM spool WHERE slot = $1 AND spool_id = $2 {LOCK}"
_END = "DELETE FROM jobs WHERE slot = $1 AND spool_id = $2 AND job = $3 AND node = $4 AND epoch = $5"
_END_COPIES = "DELETE FROM rcpt WHERE slot = $1 AND spool_id = $2 AND job = $3"
_END_COPY = "DELETE FROM rcpt WHERE slot = $1 AND spool_id = $2 AND job = $3 AND n = $4"
_END_LETTER = """
DELETE FROM spool WHERE slot = $1 AND spool_id = $2
 AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.slot = $1 AND jobs.spool_id = $2)
"""
_AGAIN = """
UPDATE jobs SET due = CASE WHEN held = 1 THEN CAST($6 AS BIGINT) ELSE CAST($7 AS BIGINT) END,
  alarm = CASE WHEN held = 1 THEN CAST($6 AS BIGINT) ELSE CAST($8 AS BIGINT) END, node = 0,
  attempts = attempts + $9, notices = $10, why = $11
 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND node = $4 AND epoch = $5
"""
_STATUS = "UPDATE rcpt SET status = $5, remote = $6 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND n = $4"


async def settle(
    tx: Transaction, job: Job, outcomes: Sequence[Outcome], again: Again | None = None
) -> Blob | None:
    """Ends a lease: final copies leave the queue, the others wait for `again`; the last copy takes the message with it, and gives the blob that is then not
    referred to any more.

    A copy without an outcome was not tried, and stays. Raises `LeaseLost` when the job is not this lease's any more (nothing may
    then be committed), and ValueError when copies are left and `again` is not given.
    """
    final = {outcome.n for outcome in outcomes if outcome.final}
    left = [copy.n for copy in job.copies if copy.n not in final]
    if not left:
        return await _end(tx, job)
    if again is None:
        raise ValueError(f"{len(left)} copies are left, and nothing says when they are tried again")
    key = (slot_of(job.spool_id), job.spool_id, job.number)
    touched = await tx.execute(
        _AGAIN, *_mine(job), NEVER, again.due, again.alarm, int(again.attempted), again.notices, again.why
    )
    if not touched:
        raise LeaseLost(f"job {job.number} of message {job.spool_id}")
    await tx.executemany(_END_COPY, [(*key, n) for n in final])
    await tx.executemany(_STATUS, [(*key, o.n, o.status, o.remote) for o in outcomes if not o.final])
    return None


async def _end(tx: Transaction, job: Job) -> Blob | None:
    # The message's row first: two nodes that end its last two jobs at once must not both see the other's.
    letter = await tx.fetchrow(_LOCK_LETTER, slot_of(job.spool_id), job.spool_id)
    if letter is None or not await tx.execute(_END, *_mine(job)):
        raise LeaseLost(f"job {job.number} of message {job.spool_id}")
    await tx.execute(_END_COPIES, slot_of(job.spool_id), job.spool_id, job.number)
    if not await tx.execute(_END_LETTER, slot_of(job.spool_id), job.spool_id):
        return None
    return Blob(letter[0], letter[1]) if letter[1] else None


def _mine(job: Job) -> tuple[int, int, int, int, int]:
    return slot_of(job.spool_id), job.spool_id, job.number, job.lease.node, job.epoch


class Destinations(msgspec.Struct, frozen=True):
    """A next hop; with `below`, every one whose name ends with that name and a dot before it, too."""

    name: str
    below: bool = False

    def cover(self, hop: str) -> bool:
        """Whether this next hop is meant."""
        return hop == self.name or (self.below and hop.endswith(f".{self.name}"))


_WAITING = "SELECT COUNT(*) FROM jobs WHERE slot = $1 AND hop = $2 AND rank = $3 AND held = 0"


async def waiting(tx: Transaction, wanted: Destinations) -> int:
    """How many jobs there are for these next hops, without those that are held."""
    count = 0
    for lane in await _lanes_of(tx, wanted):
        row = await tx.fetchrow(_WAITING, lane.slot, lane.hop, lane.rank)
        count += row[0] if row is not None else 0
    return count


_HOP_DUE = """
UPDATE jobs SET due = $4 WHERE slot = $1 AND due > $4 AND node = 0 AND held = 0 AND (spool_id, job) IN (
 SELECT j.spool_id, j.job FROM jobs j WHERE j.slot = $1 AND j.hop = $2 AND j.rank = $3 AND j.due > $4 AND j.node = 0 AND j.held = 0 LIMIT $5)
"""


async def start_hops(engine: Engine, wanted: Destinations, now: int) -> int:
    """Makes the hops alive and all that waits for them due now (ETRN, RFC 1985 §5.3); gives the number of jobs.

    Anybody may ask for that, so it is done in commits of bounded size, and in no more of them than there were jobs: what fails meanwhile waits again.
    Mail that its sender wants held until later (RFC 4865) is not excepted: whoever asks here runs the next hop.
    """
    reading = Unhurried(engine)
    number = await waiting(reading, wanted)
    if number or await hops.get(reading, wanted.name) is not None:
        await engine.write(partial(_revive, wanted), Urgency.CLIENT)
    for _ in range(0, number, DUE_AT_ONCE):
        if not await engine.write(partial(_some_due, wanted, now), Urgency.CLIENT):
            break
    return number


async def _revive(wanted: Destinations, tx: Transaction) -> None:
    for hop in sorted({wanted.name, *(lane.hop for lane in await _lanes_of(tx, wanted))}):
        await hops.alive(tx, hop)


async def _some_due(wanted: Destinations, now: int, tx: Transaction) -> int:
    left = DUE_AT_ONCE
    for lane in await _lanes_of(tx, wanted):
        left -= await tx.execute(_HOP_DUE, lane.slot, lane.hop, lane.rank, now, left)
        if not left:
            break
    return DUE_AT_ONCE - left


async def _lanes_of(tx: Transaction, wanted: Destinations) -> list[Lane]:
    return [lane for slot in await slots(tx) for lane in await lanes(tx, slot) if wanted.cover(lane.hop)]


_NEXT_ALARM = "SELECT alarm FROM jobs WHERE slot = $1 AND (node = 0 OR due <= $2) ORDER BY alarm LIMIT 1"


async def next_due(
    tx: Transaction, of_slots: Sequence[int], now: int, busy: Collection[str] = ()
) -> int | None:
    """When something in these slots is to be claimed (past times too); None when nothing waits but what is held.

    Alarms count for the hops in `busy` too, their lanes do not.
    """
    times: list[int] = []
    for slot in of_slots:
        lanes_ = await tx.fetch(_OPENS, slot, 1 + _RANKS * len(busy))
        times += [opens for hop, opens in lanes_ if hop not in busy]
        times += [row[0] for row in await tx.fetch(_NEXT_ALARM, slot, now)]
    return min((time for time in times if time < NEVER), default=None)


def own_job(letter: Spooled, number: int, new: NewJob) -> Job:
    """The job that `spool.put` writes with a lease, as its claim would give it: for the node that accepted the message."""
    if new.lease is None:
        raise ValueError("a job without a lease has to be claimed")
    return Job(letter, number, new.hop, new.lease, 1, 0, 0, new.alarm, new.expires, list(new.copies))
