"""Writes down what an attempt came to: the queue, the reports, the journey and the next hop's state, in one commit.

RFC 5321 §4.5.4.1 (retries and giving up), RFC 3461 §5.2.5 (delays), RFC 2852 §4.1 (deadlines). Not here: the attempt itself.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import msgspec

from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.placing import Placed, Placer, Reportable
from postroom.deliver.reports import Result, failed
from postroom.message.envelope import ByMode
from postroom.message.errors import Expired, MailError
from postroom.message.journey.events import Hop, HopKind
from postroom.message.journey.events import Outcome as Fate
from postroom.message.notifications.dsn_rules import Happened
from postroom.store import journal
from postroom.store.blobs import blobs
from postroom.store.blobs.spilled import Content
from postroom.store.engine.transaction import Engine, Transaction
from postroom.store.spool import hops, jobs
from postroom.store.spool.jobs import NEVER, Again, Job, Outcome
from postroom.store.spool.spool import Copy

_SECOND = 1_000_000
WAITED = "The message has waited for its next server"


class Settling(msgspec.Struct, frozen=True):
    """What it takes: `read_body` gives a job's message, None when it has left the spool."""

    engine: Engine
    placer: Placer
    chance: random.Random
    read_body: Callable[[Job], Awaitable[Content | None]]


def _hop_of(job: Job, attempt: Attempt) -> Hop:
    """An attempt as the journey has it; without one, what was decided of a message that waits."""
    tried = HopKind.RELAY if job.hop else HopKind.FILED
    return Hop(tried if attempt.tried else HopKind.QUEUE, attempt.started, attempt.events)


class Settler:
    """Ends jobs."""

    def __init__(self, use: Settling) -> None:
        self._use = use

    async def settle(self, job: Job, attempt: Attempt, now: int) -> Placed:
        """Commits the end of an attempt; gives what was placed (reports). Raises `LeaseLost` when the job had become another's."""
        if not attempt.tried and not attempt.hop_down and job.hop:
            known = await hops.get(self._use.engine.reading(), job.hop)
            if known is not None:
                attempt = msgspec.structs.replace(attempt, hop_down=known.why)
        expired = self._expiries(job, attempt, now)
        if expired:
            results = [*attempt.results, *expired]
            attempt = msgspec.structs.replace(attempt, results=results, delayed={})
        notices = self._notices(job, attempt, now)
        null = job.letter.sender is None
        told = [*expired, *(notice for notice in notices if notice.owed(null_sender=null))]
        decided = [_decided(result, (now - attempt.started) // 1000) for result in told]
        attempt = msgspec.structs.replace(attempt, events=[*attempt.events, *decided])
        results = [*attempt.results, *notices]
        owed = any(result.owed(null_sender=null) for result in results)
        original = await self._original(job) if owed else None

        async def work(tx: Transaction) -> Placed:
            about = Reportable(job.letter, original, results) if original is not None else None
            return await self._write(tx, job, attempt, about, now)

        return await self._use.engine.write(work)

    async def _original(self, job: Job) -> Content:
        """What a report returns: nothing of a message that cannot be read, since its sender is to hear of it all the same."""
        try:
            return await self._use.read_body(job) or b""
        except MailError:
            return b""

    async def _write(
        self, tx: Transaction, job: Job, attempt: Attempt, about: Reportable | None, now: int
    ) -> Placed:
        placed = Placed()
        final = [Outcome(result.copy.n, final=True) for result in attempt.results]
        delayed = attempt.delayed
        if attempt.hop_down and attempt.tried:
            done = {outcome.n for outcome in final}
            delayed = {copy.n: Deferral(attempt.hop_down) for copy in job.copies if copy.n not in done}
        waiting = [Outcome(n, final=False, status=why.said, remote=why.remote) for n, why in delayed.items()]
        again = self._again(job, attempt, now) if len(final) < len(job.copies) else None
        left = await jobs.settle(tx, job, final + waiting, again)
        if left is not None:
            await blobs.unref(tx, left.account_id, {left.blob_id: 1}, now)
        if about is not None:
            await self._use.placer.report(tx, about, now, placed)
        await self._note_hop(tx, job, attempt, now)
        if attempt.tried or attempt.events:
            hop = _hop_of(job, attempt)
            await journal.append(tx, job.letter.accept_id, self._use.placer.next_id(), hop)
            placed.steps.insert(0, (job.letter.accept_id, hop))
        return placed

    def _expiries(self, job: Job, attempt: Attempt, now: int) -> list[Result]:
        """At the end of the message's life, or of the time its sender gave it, what is delayed has failed."""
        by = job.letter.terms.deliver_by
        too_late = by is not None and by.mode is ByMode.RETURN and now >= by.deadline * _SECOND
        if now < job.expires and not too_late:
            return []
        done = {result.copy.n for result in attempt.results}
        return [_expired(copy, _why(copy, attempt)) for copy in job.copies if copy.n not in done]

    def _notices(self, job: Job, attempt: Attempt, now: int) -> list[Result]:
        """Once: the sender hears that what is left is late."""
        if job.notices or now < job.alarm:
            return []
        done = {result.copy.n for result in attempt.results}
        return [_late(copy, _why(copy, attempt), job.expires) for copy in job.copies if copy.n not in done]

    def _again(self, job: Job, attempt: Attempt, now: int) -> Again:
        schedule = self._use.placer.schedule
        pause, counts = 0, attempt.tried and not attempt.goes_on
        if counts and not attempt.hop_down:
            pause = schedule.wait(job.attempts + 1, self._use.chance.random()) * _SECOND
        noticed = job.notices + (1 if not job.notices and now >= job.alarm else 0)
        why = attempt.hop_down or next((one.words for one in attempt.delayed.values()), "")
        alarm = self._next_alarm(job, now) if noticed else job.alarm
        held = (job.letter.terms.hold_until or 0) * _SECOND  # RFC 4865: an alarm before that lets nothing go
        return Again(min(max(now + pause, held), job.expires), alarm, why, noticed, counts)

    def _next_alarm(self, job: Job, now: int) -> int:
        by = job.letter.terms.deliver_by
        if by is not None and by.mode is ByMode.RETURN and by.deadline * _SECOND > now:
            return min(job.expires, by.deadline * _SECOND)
        return job.expires if job.expires > now else NEVER

    async def _note_hop(self, tx: Transaction, job: Job, attempt: Attempt, now: int) -> None:
        """One failed attempt at a hop is one failure of it, however many jobs hear of it; one success of a probe revives it."""
        if not attempt.tried:
            if job.probe:
                await hops.try_now(tx, job.hop, now)  # the next job may make the try that this one did not
        elif attempt.hop_down:
            known = await hops.get(tx, job.hop)
            if known is not None and not job.probe and known.next_try > attempt.started:
                return  # another attempt, begun at the same time, has counted
            failures = known.failures + 1 if known else 1
            pause = self._use.placer.schedule.wait(failures, self._use.chance.random()) * _SECOND
            note = hops.still_dead if job.probe else hops.dead
            await note(tx, job.hop, now, now + pause, attempt.hop_down)
        elif job.probe:
            await hops.alive(tx, job.hop)


def _why(copy: Copy, attempt: Attempt) -> Deferral:
    """Why it was not delivered, by this attempt or, where nothing was tried, by the last one."""
    if copy.n in attempt.delayed:
        return attempt.delayed[copy.n]
    return Deferral(attempt.hop_down) if attempt.hop_down else Deferral(copy.status, copy.remote)


def _decided(result: Result, at: int) -> Fate:
    """What the journey has of a notice, or of the end of a message's time."""
    words, where = " ".join(result.reply), result.remote
    ended = result.happened is Happened.FAILED
    if ended and where:
        words, where = f"{Expired.words}; {where} said: {words}", ""
    word, whom = "failed" if ended else "delayed", str(result.copy.address)
    return Fate(at, result.copy.rcpt, whom, word, str(result.status), words, where)


def _late(copy: Copy, why: Deferral, expires: int) -> Result:
    reply = why.reply if why.said else (WAITED,)
    return Result(copy, Happened.DELAYED, why.status, reply, why.remote, retry_until=expires)


def _expired(copy: Copy, why: Deferral) -> Result:
    if why.remote:
        return Result(copy, Happened.FAILED, Expired.status, why.reply, why.remote)
    words = f"{Expired.words}; the last attempt said: {why.said}" if why.said else Expired.words
    return failed(copy, Expired(words))
