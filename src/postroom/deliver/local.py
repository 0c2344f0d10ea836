"""Files the local copies of a job: those that were too many or too large for the accepting commit, and those that failed before.

RFC 5321 §4.4. Each copy is a transaction of its own in its account, idempotent by (message, copy), so that a crash between two of them repeats
harmlessly. Not here: the queue's side of it (`deliver.settling`).
"""

from __future__ import annotations

from collections.abc import Sequence

from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.filing import Discard, Durable, Filing, discard_undone, make_durable
from postroom.deliver.reports import Result, failed
from postroom.message.errors import MailError
from postroom.message.journey.events import Outcome
from postroom.message.notifications.dsn_rules import Happened
from postroom.net.clock import Clock
from postroom.store.blobs.spilled import Content
from postroom.store.changes import Change
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.spool.jobs import Job
from postroom.store.spool.spool import Copy

UNREADABLE = "4.3.0 The message cannot be read now"


class LocalWorker:
    """Runs local jobs. `durable` makes files of large bodies, `discard` removes them when nothing points at them."""

    def __init__(
        self, engine: Engine, filing: Filing, clock: Clock, durable: Durable, discard: Discard
    ) -> None:
        self._engine = engine
        self._filing = filing
        self._clock = clock
        self._durable = durable
        self._discard = discard

    async def attempt(self, job: Job, content: Content | None) -> Attempt:
        """Tries every copy; without `content` (it cannot be read now) none."""
        attempt = Attempt(self._clock.now())
        if content is None:
            attempt.delayed = {copy.n: Deferral(UNREADABLE) for copy in job.copies}
            return attempt
        for copy in job.copies:
            at = (self._clock.now() - attempt.started) // 1000
            address = str(copy.address)
            try:
                changes, where = await self._file(job, content, copy)
            except MailError as error:
                word = "failed" if error.permanent else "delayed"
                if error.permanent:
                    attempt.results.append(failed(copy, error))
                else:
                    attempt.delayed[copy.n] = Deferral(f"{error.status} {error.public}")
                attempt.events.append(Outcome(at, copy.rcpt, address, word, str(error.status), error.public))
            else:
                attempt.results.append(Result(copy, Happened.DELIVERED))
                attempt.changes += changes
                attempt.events.append(Outcome(at, copy.rcpt, address, "filed", "2.1.5", "", where))
        return attempt

    async def _file(self, job: Job, content: Content, copy: Copy) -> tuple[Sequence[Change], str]:
        """What to publish, and the mailbox's name."""
        prepared = self._filing.prepare(job.letter, content, copy, self._clock.now(), once=True)
        await make_durable(self._durable, prepared)

        async def work(tx: Transaction) -> Sequence[Change]:
            return await self._filing.file(tx, job.letter, copy, prepared)

        try:
            changes = await self._engine.write(work, Urgency.HOUSEKEEPING)
        except MailError as error:
            await discard_undone(self._discard, [prepared], error)
            raise
        return changes, prepared.filed_in
