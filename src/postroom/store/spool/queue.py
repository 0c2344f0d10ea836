"""The queue as its administrator sees and handles it: listed, counted, held, released, tried at once.

What there is goes by a `Filter`, in bounded slices, and what is done is done to such a slice; jobs that are being worked on are passed over. To fail or drop mail, take the job
(`jobs.take`) and settle it. Reads the whole queue, stretch by stretch: for people, not for the way of a letter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from postroom.message.address import fold
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.spool import hops
from postroom.store.spool.jobs import NEVER
from postroom.store.spool.spool import BEFORE_ALL, Copy, Spooled, copies, read_letter, slot_of, stretches

SLICE = 500


class Filter(msgspec.Struct, frozen=True):
    """What a job must be like; what is left out matches everything.

    `domain` is a recipient's; `sender` and `recipient` are compared without regard to ASCII case ("<>" is the null sender);
    `accepted_before` is unix microseconds; `held` asks for held jobs, or for the others.
    """

    spool_id: int = 0
    accept_id: int = 0
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    hop: str | None = None
    accepted_before: int = 0
    held: bool | None = None


class Place(msgspec.Struct, frozen=True, order=True):
    """A job's place in the order of the listing."""

    slot: int
    spool_id: int
    job: int

    def key(self) -> tuple[int, int, int]:
        """The primary key."""
        return self.slot, self.spool_id, self.job


START = Place(*BEFORE_ALL)


class Entry(msgspec.Struct, frozen=True):
    """A job in the listing. `state` is `held`, `active` (someone works on it), `dead` (its hop cannot be reached) or `waiting`."""

    letter: Spooled
    job: int
    hop: str
    state: str
    due: int
    attempts: int
    expires: int
    why: str
    place: Place


_MATCHING = """
 FROM jobs j JOIN spool s ON s.slot = j.slot AND s.spool_id = j.spool_id
 WHERE (j.slot, j.spool_id, j.job) > ($1, $2, $3)
  AND (j.slot, j.spool_id) <= ($4, $5) AND CAST($6 AS BIGINT) IN (0, s.accept_id)
  AND ($7 = '' OR LOWER(s.sender) = CASE WHEN $7 = '<>' THEN '' ELSE $7 END)
  AND (($8 = '' AND $9 = '') OR EXISTS (SELECT 1 FROM rcpt r WHERE r.slot = j.slot AND r.spool_id = j.spool_id AND r.job = j.job
    AND ($8 = '' OR LOWER(r.address) = $8) AND ($9 = '' OR substr(r.address, length(r.address) - length($9) + 1) = $9)))
  AND ($10 = 0 OR j.hop = $11) AND (CAST($12 AS BIGINT) = 0 OR s.accepted < $12)
  AND CAST($13 AS BIGINT) IN (-1, j.held)
"""
_ENTRIES = f"""
SELECT s.spool_id, s.accept_id, s.accepted, s.sender, s.size, s.terms, j.job, j.hop, j.held, j.node, j.due, j.attempts, j.expires, j.why,
  j.slot, COALESCE((SELECT h.next_try FROM hops h WHERE h.hop = j.hop), 0)
 {_MATCHING} ORDER BY j.slot, j.spool_id, j.job LIMIT $14
"""  # noqa: S608 - both halves are constants
_COUNT = f"SELECT COUNT(*) {_MATCHING}"

_Key = tuple[int, int, int]
_Wanted = tuple[int, str, str, str, int, str, int, int]


def _wanted(wanted: Filter) -> _Wanted:
    return (
        wanted.accept_id,
        fold(wanted.sender),
        fold(wanted.recipient),
        f"@{fold(wanted.domain)}" if wanted.domain else "",
        0 if wanted.hop is None else 1,
        wanted.hop or "",
        wanted.accepted_before,
        -1 if wanted.held is None else int(wanted.held),
    )


async def _where(
    tx: Transaction, wanted: Filter, after: Place
) -> AsyncIterator[tuple[_Key, tuple[int, int]]]:
    """The stretches of the queue in which there may be what is wanted; of one message there is one."""
    if wanted.spool_id:
        message = slot_of(wanted.spool_id), wanted.spool_id
        yield max(after.key(), (*message, -1)), message
        return
    async for stretch in stretches(tx, after.key()):
        yield stretch


async def listing(
    tx: Transaction, wanted: Filter, now: int, after: Place = START, limit: int = SLICE
) -> list[Entry]:
    """The jobs that match, by message, from the first beyond `after`."""
    found: list[Entry] = []
    async for begin, last in _where(tx, wanted, after):
        rows = await tx.fetch(_ENTRIES, *begin, *last, *_wanted(wanted), limit - len(found))
        found += [_entry(row, now) for row in rows]
        if len(found) == limit:
            break
    return found


def _entry(row: Row, now: int) -> Entry:
    letter = read_letter(row)
    job, hop, held, node, due, attempts, expires, why, slot, next_try = row[6:]
    if held:
        state = "held"
    elif node and due > now:
        state = "active"
    else:
        state = "dead" if next_try else "waiting"
        due = max(due, next_try)
    return Entry(letter, job, hop, state, due, attempts, expires, why, Place(slot, letter.spool_id, job))


async def waiting_copies(tx: Transaction, entry: Entry) -> list[Copy]:
    """The copies of a listed job, with what was last said of each."""
    return await copies(tx, entry.letter.spool_id, entry.job)


async def count(tx: Transaction, wanted: Filter) -> int:
    """How many jobs match: to be shown before something is done to them."""
    number = 0
    async for begin, last in _where(tx, wanted, START):
        row = await tx.fetchrow(_COUNT, *begin, *last, *_wanted(wanted))
        number += int(row[0]) if row is not None else 0
    return number


_HOLD = """
UPDATE jobs SET held = 1, due = $5, alarm = $5, node = 0
 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND held = 0 AND (node = 0 OR due <= $4)
"""
_HOLD_ACTIVE = "UPDATE jobs SET held = 1 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND held = 0"


async def hold(tx: Transaction, entries: Sequence[Entry], now: int) -> list[Entry]:
    """Keeps jobs from being tried or expiring until they are released; one being worked on is held when its attempt ends. Gives those that it holds now."""
    return [
        one
        for one in entries
        if await tx.execute(_HOLD, *one.place.key(), now, NEVER)
        or await tx.execute(_HOLD_ACTIVE, *one.place.key())
    ]


# The alarm comes at once, and whoever is woken by it sets the right one.
_RELEASE = """
UPDATE jobs SET held = 0, alarm = CASE WHEN node = 0 THEN CAST($4 AS BIGINT) ELSE alarm END,
  due = CASE WHEN node = 0 THEN CAST($4 AS BIGINT) ELSE due END
 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND held = 1
"""


async def release(tx: Transaction, entries: Sequence[Entry], now: int) -> list[Entry]:
    """Lets held jobs go on: they are due now. Gives those that were held."""
    return [one for one in entries if await tx.execute(_RELEASE, *one.place.key(), now)]


_RETRY = """
UPDATE jobs SET due = $4 WHERE slot = $1 AND spool_id = $2 AND job = $3 AND held = 0 AND node = 0 AND due > $4
"""


async def retry(tx: Transaction, entries: Sequence[Entry], now: int) -> list[Entry]:
    """Makes jobs due now and gives their dead hops one try at once; held jobs stay held. Gives those that are not."""
    free = [one for one in entries if one.state != "held"]
    for hop in dict.fromkeys(one.hop for one in free):
        await hops.try_now(tx, hop, now)
    if free:
        await tx.executemany(_RETRY, [(*one.place.key(), now) for one in free])
    return free
