"""Operations on the queue: what waits and why, and what an administrator does about it.

RFC 5321 §4.5.4 (retries), RFC 3461 §5.2 (who hears of a failure). Everything goes by one selection, job by job, in commits of bounded
size, and what is done is noted in each message's journey. Not here: attempts and pauses (`deliver.runner`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import Office, Operation
from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.reports import Result, failed
from postroom.message.errors import MailError
from postroom.message.ids import IdKind, id_text, parse_id
from postroom.message.journey.events import Handled, Hop, HopKind, JourneyEvent, Outcome
from postroom.message.notifications.dsn_rules import Happened
from postroom.store import journal
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.engine.unhurried import Unhurried
from postroom.store.spool import jobs, queue
from postroom.store.spool.jobs import Job
from postroom.store.spool.queue import Entry, Filter, Place
from postroom.store.spool.spool import Lease

SLICE = 200  # jobs of one commit
_LEASE = 60 * 1_000_000  # microseconds in which a job that is ended here is nobody else's


class Select(msgspec.Struct, frozen=True):
    """Which messages; what is left out matches all. `id` is the one that the 250 named, `older` microseconds since acceptance.

    `words` go to the sender when messages are failed.
    """

    id: str = ""
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    older: int = 0
    words: str = ""


class WaitingCopy(msgspec.Struct, frozen=True):
    """A recipient who has not got the message, and what was last said of it."""

    address: str
    status: str = ""


class QueueRecord(msgspec.Struct, frozen=True):
    """A job: one message for one next hop ("" is this system's own mailboxes). Times are unix microseconds by the server's clock; `now` too.

    `state` is waiting, active, held or dead (its next hop cannot be reached).
    """

    id: str
    job: int
    hop: str
    state: str
    sender: str
    recipients: list[WaitingCopy]
    size: int
    accepted: int
    due: int
    attempts: int
    expires: int
    why: str
    now: int = 0


class CountRecord(msgspec.Struct, frozen=True):
    """How many jobs a selection has."""

    count: int


class DoneRecord(msgspec.Struct, frozen=True):
    """What was done to how many jobs of a message; 0 when it is being worked on just now."""

    id: str
    done: str
    jobs: int


async def list_(office: Office, _: Caller, wanted: Select) -> AsyncIterator[QueueRecord]:
    """Yields the jobs that match, by message."""
    async for entry in _entries(office, wanted):
        record = await _record(office, entry)
        if record.recipients:  # else it was done with meanwhile
            yield record


async def count(office: Office, _: Caller, wanted: Select) -> AsyncIterator[CountRecord]:
    """Counts what would be acted upon."""
    yield CountRecord(await queue.count(Unhurried(office.engine), _filter(wanted, office.clock.now())))


async def hold(office: Office, caller: Caller, wanted: Select) -> AsyncIterator[DoneRecord]:
    """Holds messages until they are released."""
    async for record in _act(office, caller, wanted, _Action("held", queue.hold)):
        yield record


async def release(office: Office, caller: Caller, wanted: Select) -> AsyncIterator[DoneRecord]:
    """Lets held messages go on."""
    async for record in _act(office, caller, wanted, _Action("released", queue.release)):
        yield record


async def retry(office: Office, caller: Caller, wanted: Select) -> AsyncIterator[DoneRecord]:
    """Has messages tried at once, dead next hops too."""
    async for record in _act(office, caller, wanted, _Action("retried", queue.retry)):
        yield record


async def drop(office: Office, caller: Caller, wanted: Select) -> AsyncIterator[DoneRecord]:
    """Removes messages; nobody is told."""
    async for job, record in _taken(office, wanted, "dropped"):
        if job is not None:
            # HANDED_ON is what no report is owed for: whoever dropped it knows
            results = [Result(copy, Happened.HANDED_ON) for copy in job.copies]
            await _end(office, caller, job, "dropped", results)
        yield record


async def fail(office: Office, caller: Caller, wanted: Select) -> AsyncIterator[DoneRecord]:
    """Gives messages up; their senders get a report."""
    error = MailError(wanted.words or "The administrator of this system has cancelled the message")
    async for job, record in _taken(office, wanted, "failed"):
        if job is not None:
            await _end(office, caller, job, "failed", [failed(copy, error) for copy in job.copies])
        yield record


async def _end(office: Office, caller: Caller, job: Job, done: str, results: list[Result]) -> None:
    events: list[JourneyEvent] = [Handled(0, done, caller.name)]
    for result in results:
        status, text = str(result.status) if done == "failed" else "", " ".join(result.reply)
        events.append(Outcome(0, result.copy.rcpt, str(result.copy.address), done, status, text))
    await office.settle(job, Attempt(office.clock.now(), results, events=events))


async def _taken(office: Office, wanted: Select, done: str) -> AsyncIterator[tuple[Job | None, DoneRecord]]:
    """Each job that matches, leased; None for one that is being worked on."""
    office.must_settle()  # before a job is leased, which would keep it from everybody else for a while
    async for entry in _entries(office, wanted):
        now = office.clock.now()
        lease = Lease(office.ids.node, now, now + _LEASE)
        take = partial(_take, entry, lease)
        job = await office.engine.write(take, Urgency.CLIENT)
        yield job, DoneRecord(_id(entry), done, int(job is not None))


async def _take(entry: Entry, lease: Lease, tx: Transaction) -> Job | None:
    return await jobs.take(tx, entry.letter.spool_id, entry.job, lease)


async def _entries(office: Office, wanted: Select) -> AsyncIterator[Entry]:
    tx, now, after = Unhurried(office.engine), office.clock.now(), queue.START
    chosen = _filter(wanted, now)
    while entries := await queue.listing(tx, chosen, now, after, SLICE):
        for entry in entries:
            yield entry
        after = entries[-1].place


class _Action(msgspec.Struct, frozen=True):
    """What is done to jobs in one transaction; gives those to which it was."""

    done: str
    act: Callable[[Transaction, Sequence[Entry], int], Awaitable[list[Entry]]]


async def _act(office: Office, caller: Caller, wanted: Select, action: _Action) -> AsyncIterator[DoneRecord]:
    tx, now, after = Unhurried(office.engine), office.clock.now(), queue.START
    chosen = _filter(wanted, now)
    hop = Hop(HopKind.QUEUE, now, [Handled(0, action.done, caller.name)])
    messages: dict[int, DoneRecord] = {}  # by spool id; the last one may go on in the next slice
    while entries := await queue.listing(tx, chosen, now, after, SLICE):
        noted = frozenset(number for number, record in messages.items() if record.jobs)
        work = partial(_act_on, office.ids, _Slice(entries, noted, hop), action)
        acted = await office.engine.write(work, Urgency.CLIENT)
        for entry in entries:
            before = messages.get(entry.letter.spool_id)
            jobs_ = (before.jobs if before is not None else 0) + (entry.place in acted)
            messages[entry.letter.spool_id] = DoneRecord(_id(entry), action.done, jobs_)
        for number in list(messages)[:-1]:
            yield messages.pop(number)
        after = entries[-1].place
    for record in messages.values():
        yield record
    office.wake()


class _Slice(msgspec.Struct, frozen=True):
    """Jobs that are acted on in one transaction; `hop` is for the journeys of their messages but those that have `noted` it."""

    entries: Sequence[Entry]
    noted: frozenset[int]
    hop: Hop


async def _act_on(ids: Ids, slice_: _Slice, action: _Action, tx: Transaction) -> set[Place]:
    acted = await action.act(tx, slice_.entries, slice_.hop.started)
    letters = {one.letter.spool_id: one.letter.accept_id for one in acted}
    for spool_id, accept_id in letters.items():
        if spool_id not in slice_.noted:
            await journal.append(tx, accept_id, ids.next(), slice_.hop)
    return {one.place for one in acted}


def _filter(wanted: Select, now: int) -> Filter:
    accept_id = parse_id(IdKind.JOURNEY, wanted.id) if wanted.id else 0
    if accept_id is None:
        raise OperationError(f"{wanted.id!r} is not an id; they look like J3k9x2 (see: postroom queue list)")
    return Filter(
        accept_id=accept_id,
        sender=wanted.sender,
        recipient=wanted.recipient,
        domain=wanted.domain,
        accepted_before=now - wanted.older if wanted.older else 0,
    )


async def _record(office: Office, entry: Entry) -> QueueRecord:
    letter = entry.letter
    waiting = await queue.waiting_copies(Unhurried(office.engine), entry)
    return QueueRecord(
        _id(entry),
        entry.job,
        entry.hop,
        entry.state,
        str(letter.sender or ""),
        [WaitingCopy(str(copy.address), Deferral(copy.status, copy.remote).words) for copy in waiting],
        letter.size,
        letter.accepted,
        0 if entry.state == "held" else entry.due,
        entry.attempts,
        entry.expires,
        entry.why,
        office.clock.now(),
    )


def _id(entry: Entry) -> str:
    return id_text(IdKind.JOURNEY, entry.letter.accept_id)


LIST = Operation("queue.list", Select, QueueRecord, list_, reads=True)
COUNT = Operation("queue.count", Select, CountRecord, count, reads=True)
HOLD = Operation("queue.hold", Select, DoneRecord, hold)
RELEASE = Operation("queue.release", Select, DoneRecord, release)
RETRY = Operation("queue.retry", Select, DoneRecord, retry)
FAIL = Operation("queue.fail", Select, DoneRecord, fail)
DROP = Operation("queue.drop", Select, DoneRecord, drop)
