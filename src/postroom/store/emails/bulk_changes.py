"""Changes of many emails, done in slices while everybody else has his turn, whether or not anybody still looks.

A change is a record of its account, so that clients are told how far it is; its slices are rows. A slice's transaction does its part, puts in its place what
undoes it, and counts: so what a crash leaves is a change that goes on where it was.

    before `begin` has ended    rows that wait for nothing; swept
    a slice not committed       done again
    committed                   counted, and undone by what lies in its place

Undoing is the same, with slices that then go. Not here: what a slice does (`bulk_work`), which emails are meant (`serve.jmap`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from postroom.message.errors import MailError, NotPermitted, TryLater
from postroom.store.changes import Change
from postroom.store.emails.bulk_work import Work, perform
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.records import records
from postroom.store.records.records import Kind, NoSuchRecord, Record

KIND: Final = "BulkChange"
SLICE: Final = 200  # emails of one commit
PARTS_AT_ONCE: Final = 50  # that are written down in one commit
KEPT: Final = 7 * 86_400 * 1_000_000  # microseconds that a change can be undone
MOST_KEPT: Final = 20  # changes of one account; the oldest that has ended is forgotten for a new one
PRUNED_AT_ONCE: Final = 1_000  # changes of all accounts that one statement gives

PUT: Final = "INSERT INTO bulk_parts (account_id, bulk_id, part, waits, data) VALUES ($1, $2, $3, 0, $4)"
WAKE: Final = "UPDATE bulk_parts SET waits = 1 WHERE account_id = $1 AND bulk_id = $2"
NEXT: Final = """
SELECT account_id, bulk_id, part FROM bulk_parts WHERE waits = 1 AND account_id > $1 ORDER BY account_id, bulk_id, part LIMIT 1
"""
WAITS: Final = "SELECT 1 FROM bulk_parts WHERE waits = 1 AND account_id = $1 AND bulk_id = $2 LIMIT 1"
STILL: Final = (
    "SELECT data FROM bulk_parts WHERE account_id = $1 AND bulk_id = $2 AND part = $3 AND waits = 1"
)
DONE: Final = (
    "UPDATE bulk_parts SET waits = 0, data = $4 WHERE account_id = $1 AND bulk_id = $2 AND part = $3"
)
DROP: Final = "DELETE FROM bulk_parts WHERE account_id = $1 AND bulk_id = $2 AND part = $3"
DROP_WAITING: Final = "DELETE FROM bulk_parts WHERE account_id = $1 AND bulk_id = $2 AND waits = 1"
DROP_ALL: Final = "DELETE FROM bulk_parts WHERE account_id = $1 AND bulk_id = $2"
LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"
ALL: Final = """
SELECT DISTINCT account_id, bulk_id FROM bulk_parts WHERE (account_id, bulk_id) > ($1, $2) ORDER BY account_id, bulk_id LIMIT $3
"""


class TooManyChanges(NotPermitted):
    """As many are under way as may be."""

    words = f"At most {MOST_KEPT} changes of many messages can be under way"


class NotNow(NotPermitted):
    """The change has gone too far, or not far enough."""

    words = "What has ended cannot be stopped, and only what has ended and is remembered can be undone"


class Bulk(msgspec.Struct, frozen=True, omit_defaults=True):
    """`state`: running, done, stopped, failed, undoing, undone. `total` emails are meant, `done` were looked at, `changed` were not so before."""

    name: str
    created: int
    state: str = "running"
    total: int = 0
    done: int = 0
    changed: int = 0
    problem: str = ""
    undoable: bool = True

    @property
    def working(self) -> bool:
        """Whether there is still something to do."""
        return self.state in ("running", "undoing")


def of(account_id: int) -> Kind:
    """The kind of an account's changes."""
    return Kind(account_id, KIND)


def read(record: Record) -> Bulk:
    """What a record says."""
    return msgspec.json.decode(record.data, type=Bulk)


async def begin(engine: Engine, owner: tuple[int, int], bulk: Bulk, work: Work, now: int) -> list[Change]:
    """Writes down a change of `work.emails`, which then begins; `owner` is the account and the new change's id. Raises `TooManyChanges`."""
    account_id, bulk_id = owner
    found = work.emails
    parts = [
        (account_id, bulk_id, at, _data([msgspec.structs.replace(work, emails=found[at : at + SLICE])]))
        for at in range(0, len(found), SLICE)
    ]
    for at in range(0, len(parts), PARTS_AT_ONCE):
        some = parts[at : at + PARTS_AT_ONCE]
        await engine.write(partial(_put, some), Urgency.CLIENT)

    async def work_(tx: Transaction) -> list[Change]:
        await tx.fetch(LOCK, account_id)
        changes = await _make_room(tx, account_id, now)
        state = "running" if found else "done"
        made = msgspec.structs.replace(bulk, state=state, total=len(found), undoable=not work.destroy)
        if await tx.execute(WAKE, account_id, bulk_id) != len(parts):
            raise TryLater(detail="slices of a change that was being written down are gone")
        return [*changes, await records.create(tx, of(account_id), bulk_id, msgspec.json.encode(made))]

    try:
        return await engine.write(work_, Urgency.CLIENT)
    except TooManyChanges:
        await engine.write(lambda tx: tx.execute(DROP_ALL, account_id, bulk_id), Urgency.CLIENT)
        raise


async def _put(rows: Sequence[tuple[int, int, int, bytes]], tx: Transaction) -> None:
    await tx.executemany(PUT, rows)


async def _make_room(tx: Transaction, account_id: int, now: int) -> list[Change]:
    there = await records.listing(tx, of(account_id), 0, MOST_KEPT + 1)
    ended = [one for one in there if not read(one).working]
    room = MOST_KEPT - 1 - len(there)
    old = [one for one in ended if read(one).created < now - KEPT]
    doomed = old if len(old) + room >= 0 else ended[:-room]
    if len(doomed) + room < 0:
        raise TooManyChanges
    return [await forget(tx, account_id, one.record_id, now) for one in doomed]


async def forget(tx: Transaction, account_id: int, bulk_id: int, now: int) -> Change:
    """Forgets a change, and what was not done yet; it cannot be undone any more. Raises `NoSuchRecord`."""
    await tx.execute(DROP_ALL, account_id, bulk_id)
    return await records.remove(tx, of(account_id), bulk_id, now)


async def stop(tx: Transaction, account_id: int, bulk_id: int) -> Change:
    """Ends a change where it is. Raises `NoSuchRecord`, `NotNow`."""
    bulk = await _locked(tx, account_id, bulk_id)
    if bulk.state != "running":
        raise NotNow
    await tx.execute(DROP_WAITING, account_id, bulk_id)
    return await _write(tx, account_id, bulk_id, msgspec.structs.replace(bulk, state="stopped"))


async def undo(tx: Transaction, account_id: int, bulk_id: int) -> Change:
    """Takes back what was done; a change that runs is stopped by it. Raises `NoSuchRecord`, `NotNow`."""
    bulk = await _locked(tx, account_id, bulk_id)
    if bulk.state in ("undoing", "undone") or not bulk.undoable:
        raise NotNow
    await tx.execute(DROP_WAITING, account_id, bulk_id)
    await tx.execute(WAKE, account_id, bulk_id)
    waits = await tx.fetchrow(WAITS, account_id, bulk_id)
    state = "undoing" if waits else "undone"
    return await _write(
        tx, account_id, bulk_id, msgspec.structs.replace(bulk, state=state, total=bulk.done, done=0)
    )


Slice = tuple[int, int, int]  # account, change, and the number of the slice


async def next_slice(tx: Transaction, after: int) -> Slice | None:
    """One of an account behind `after`, else of any, so that one account's hundred thousand emails do not stand in the way of another's ten."""
    row = await tx.fetchrow(NEXT, after) or await tx.fetchrow(NEXT, -1)
    return None if row is None else (row[0], row[1], row[2])


async def step(engine: Engine, one: Slice, now: int) -> list[Change]:
    """Does a slice. What can never be done ends the change, with the reason in it; `TryLater` comes out."""
    try:
        return await engine.write(lambda tx: _step(tx, one, now), Urgency.HOUSEKEEPING)
    except TryLater:
        raise
    except MailError as error:
        words = error.public
        return await engine.write(lambda tx: _fail(tx, one, words), Urgency.HOUSEKEEPING)


async def _step(tx: Transaction, one: Slice, now: int) -> list[Change]:
    account_id, bulk_id, _ = one
    try:
        bulk = await _locked(tx, account_id, bulk_id)
    except NoSuchRecord:
        await tx.execute(DROP_ALL, account_id, bulk_id)
        return []
    row = await tx.fetchrow(STILL, *one)
    if row is None:
        return []
    works = msgspec.json.decode(bytes(row[0]), type=list[Work])
    worked = await perform(tx, account_id, works, now)
    undoing = bulk.state == "undoing"
    if undoing:
        await tx.execute(DROP, *one)
    else:
        await tx.execute(DONE, *one, _data(worked.undo))
    more = await tx.fetchrow(WAITS, account_id, bulk_id)
    looked_at = bulk.done + len({number for work in works for number in work.emails})
    made = msgspec.structs.replace(
        bulk,
        done=looked_at if more else bulk.total,
        changed=bulk.changed + (0 if undoing else len(worked.touched)),
        state=bulk.state if more else "undone" if undoing else "done",
    )
    return [*worked.changes, await _write(tx, account_id, bulk_id, made)]


async def _fail(tx: Transaction, one: Slice, words: str) -> list[Change]:
    account_id, bulk_id, _ = one
    try:
        bulk = await _locked(tx, account_id, bulk_id)
    except NoSuchRecord:
        return []
    await tx.execute(DROP_WAITING, account_id, bulk_id)
    undoable = bulk.undoable and bulk.state == "running"
    made = msgspec.structs.replace(bulk, state="failed", problem=words, undoable=undoable)
    return [await _write(tx, account_id, bulk_id, made)]


async def prune(engine: Engine, now: int) -> list[Change]:
    """Forgets changes that are too old to be undone, and slices of none."""
    changes: list[Change] = []
    last = (-1, -1)
    while rows := await engine.reading().fetch(ALL, *last, PRUNED_AT_ONCE):
        for row in rows:
            last = (row[0], row[1])
            changes += await engine.write(partial(_prune, last, now), Urgency.HOUSEKEEPING)
    return changes


async def _prune(owner: tuple[int, int], now: int, tx: Transaction) -> list[Change]:
    account_id, bulk_id = owner
    await tx.fetch(LOCK, account_id)  # slices of a change that is just beginning are not those of none
    there = (await records.some(tx, of(account_id), [bulk_id])).get(bulk_id)
    if there is None:
        await tx.execute(DROP_ALL, account_id, bulk_id)
        return []
    bulk = read(there)
    return [] if bulk.working or bulk.created >= now - KEPT else [await forget(tx, account_id, bulk_id, now)]


async def _locked(tx: Transaction, account_id: int, bulk_id: int) -> Bulk:
    await tx.fetch(LOCK, account_id)
    found = await records.some(tx, of(account_id), [bulk_id])
    if bulk_id not in found:
        raise NoSuchRecord
    return read(found[bulk_id])


async def _write(tx: Transaction, account_id: int, bulk_id: int, bulk: Bulk) -> Change:
    return await records.change(tx, of(account_id), bulk_id, msgspec.json.encode(bulk))


def _data(works: Sequence[Work]) -> bytes:
    return msgspec.json.encode(works)
