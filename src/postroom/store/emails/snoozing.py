"""Mail that is put aside until a moment: it lies in the mailbox with the role `snoozed`, and comes back to where it was, unread.

A record of kind `Snooze`, with the email's number, says until when and where to; a row of `snooze_due` makes that found in time. All of it changes in one
transaction, so that nothing is moved and forgotten. What somebody has taken out of there himself is left where it is. Not here: when one looks (`app.chores`).
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from postroom.message.errors import OverQuota
from postroom.store.changes import Change
from postroom.store.emails.bulk_work import Work, perform
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.mailboxes import mailboxes
from postroom.store.records import records
from postroom.store.records.records import Kind, NoSuchRecord, Record

KIND: Final = "Snooze"
ROLE: Final = "snoozed"
SLICE: Final = 50  # emails that come back between two looks

LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"
PUT: Final = """
INSERT INTO snooze_due (account_id, email_id, wakes) VALUES ($1, $2, $3)
ON CONFLICT (account_id, email_id) DO UPDATE SET wakes = excluded.wakes
"""
DROP: Final = "DELETE FROM snooze_due WHERE account_id = $1 AND email_id = $2"
STILL: Final = "SELECT 1 FROM snooze_due WHERE account_id = $1 AND email_id = $2 AND wakes <= $3"
DUE: Final = "SELECT account_id, email_id FROM snooze_due WHERE wakes <= $1 ORDER BY wakes LIMIT $2"


class NoSuchEmail(NoSuchRecord):
    """There is no email with this id, or it cannot be put aside."""

    words = "No such message"


class Snooze(msgspec.Struct, frozen=True):
    """`until` is unix microseconds; `box` where it lies meanwhile, `back` where it comes from."""

    until: int
    box: int
    back: tuple[int, ...]


def of(account_id: int) -> Kind:
    """The kind of an account's snoozes."""
    return Kind(account_id, KIND)


def read(record: Record) -> Snooze:
    """What a record says."""
    return msgspec.json.decode(record.data, type=Snooze)


async def put_aside(
    tx: Transaction, owner: tuple[int, int], source: int | None, until: int, now: int
) -> list[Change]:
    """Puts an email aside: out of one mailbox, or all (None). One that is aside already gets another time. Raises `NoSuchEmail`, `NoSuchMailbox`."""
    account_id, email_id = owner
    await tx.fetch(LOCK, account_id)
    box = (await mailboxes.by_role(tx, account_id, ROLE)).mailbox_id
    out_of = () if source is None else (source,)
    work = Work((email_id,), (box,), out_of or None, expects=out_of)
    worked = await perform(tx, account_id, [work], now)
    before = await _record(tx, owner)
    back = worked.undo[0].add if worked.undo else read(before).back if before is not None else ()
    if not back:
        raise NoSuchEmail
    data = msgspec.json.encode(Snooze(until, box, back))
    await tx.execute(PUT, account_id, email_id, until)
    if before is None:
        return [*worked.changes, await records.create(tx, of(account_id), email_id, data)]
    return [*worked.changes, await records.change(tx, of(account_id), email_id, data)]


async def postpone(tx: Transaction, owner: tuple[int, int], until: int) -> Change:
    """Another time. Raises `NoSuchRecord`."""
    account_id, email_id = owner
    await tx.fetch(LOCK, account_id)
    before = await _record(tx, owner)
    if before is None:
        raise NoSuchRecord
    await tx.execute(PUT, account_id, email_id, until)
    data = msgspec.json.encode(msgspec.structs.replace(read(before), until=until))
    return await records.change(tx, of(account_id), email_id, data)


async def bring_back(
    tx: Transaction, owner: tuple[int, int], now: int, *, unread: bool, once: bool = False
) -> list[Change]:
    """Puts an email back to where it was, or into the inbox when that is no more; with `once` to one of several places, which needs no room.

    Raises `NoSuchRecord`, `OverQuota`.
    """
    account_id, email_id = owner
    await tx.fetch(LOCK, account_id)
    await tx.execute(DROP, account_id, email_id)
    before = await _record(tx, owner)
    if before is None:
        raise NoSuchRecord
    snooze = read(before)
    there = {box.mailbox_id for box in await mailboxes.listing(tx, account_id)}
    back = tuple(box for box in snooze.back if box in there)
    target = back[: 1 if once else None] or (await mailboxes.inbox_id(tx, account_id),)
    expects = (snooze.box,)
    moved = await perform(tx, account_id, [Work((email_id,), target, expects, expects=expects)], now)
    changes = moved.changes
    if unread and moved.touched:
        changes += (await perform(tx, account_id, [Work((email_id,), off=("$seen",))], now)).changes
    return [*changes, await records.remove(tx, of(account_id), email_id, now)]


async def wake(engine: Engine, now: int) -> tuple[list[Change], bool]:
    """Brings back what is due, unread; and whether there may be more."""
    rows = await engine.reading().fetch(DUE, now, SLICE)
    changes: list[Change] = []
    for account_id, email_id in rows:
        owner = (account_id, email_id)
        try:
            changes += await engine.write(partial(_wake, owner, now, once=False), Urgency.HOUSEKEEPING)
        except OverQuota:  # a full account must not keep the others' asleep
            changes += await engine.write(partial(_wake, owner, now, once=True), Urgency.HOUSEKEEPING)
    return changes, len(rows) >= SLICE


async def _wake(owner: tuple[int, int], now: int, tx: Transaction, *, once: bool) -> list[Change]:
    await tx.fetch(LOCK, owner[0])
    if await tx.fetchrow(STILL, *owner, now) is None:  # it was postponed, or is back
        return []
    try:
        return await bring_back(tx, owner, now, unread=True, once=once)
    except NoSuchRecord:
        return []


async def _record(tx: Transaction, owner: tuple[int, int]) -> Record | None:
    account_id, email_id = owner
    return (await records.some(tx, of(account_id), [email_id])).get(email_id)
