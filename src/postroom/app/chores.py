"""The chores of a server, by name and pace.

RFC 5321 §4.2.5: what was dropped while the server was down is accepted like any other message. Not here: how chores are run
(`app.housekeeping`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from postroom.app import maildrop, reporting
from postroom.app.certificates.certifying import Certifying
from postroom.app.dropped import take_dropped
from postroom.app.housekeeping import Chore, Whose
from postroom.app.locate import Places, places_of
from postroom.app.operations.office import Office
from postroom.app.pace import Pace
from postroom.app.parts import Parts
from postroom.app.surroundings import Surroundings
from postroom.message.errors import TryLater
from postroom.message.summary.searched_text import indexed_form
from postroom.serve.jmap.submission.submission_records import KIND as SUBMISSIONS
from postroom.store import pruning
from postroom.store.directory.errors import DirectoryError
from postroom.store.emails import bulk_changes, snoozing, unfinished
from postroom.store.engine.transaction import Urgency
from postroom.store.engine.unhurried import Unhurried
from postroom.store.identity import browser_sessions
from postroom.store.search.indexer import Indexer, Indexing
from postroom.store.spool import hops, spool

HOUR = 3600.0  # seconds
DAY = 86_400_000_000  # microseconds
BULK_REST = 0.2  # seconds at most between two slices of a change of many emails
SUBMISSIONS_DAYS = 180  # that is kept what became of a message; the queue forgets it long before
QUIET_PACE = 20.0  # messages a second up to which the index is filled beside them


class Chores:
    """All chores of one server, and the end of the search index, which one of them fills."""

    def __init__(self, office: Office, parts: Parts, certifying: Certifying, world: Surroundings) -> None:
        self._office = office
        self._log = world.log
        self._world = world
        self._told = ""
        reporting.check(office.settings)
        self._changed = -1
        self._parts = parts
        self._certifying = certifying
        store = parts.store
        self._pace = Pace(lambda: store.changes.added, parts.premises.clock.monotonic)
        self._index = parts.index
        self._indexer = Indexer(Indexing(store.engine, self._index, self._raw, indexed_form, self._busy))

    @property
    def _places(self) -> Places:
        return places_of(self._office.settings)

    def all(self) -> list[Chore]:
        """Names, paces and work."""
        return [
            Chore("index", 1.0, self._fill_index, Whose.STORE),
            Chore("drop directory", 2.0, self._take_dropped, Whose.MACHINE),
            Chore("tally", 5.0, self._write_tally),
            Chore("queue size", 5.0, self._measure_queue),
            Chore("login history", 5.0, self._write_history),
            Chore("certificates", 60.0, self._watch_certificates),
            self.authority,
            Chore("reports", 900.0, self._send_reports, Whose.STORE),
            Chore("report mailbox", 60.0, self._read_reports, Whose.STORE),
            Chore("MTA-STS", HOUR, self._renew_policies, Whose.STORE),
            *self._pruning(),
            Chore("sweep", HOUR, self._sweep, Whose.STORE),
            Chore("bulk changes", 0.5, self._change_many, Whose.STORE),
            Chore("snoozed", 5.0, self._wake, Whose.STORE),
            Chore("unfinished copies", 300.0, self._take_back, Whose.STORE),
        ]

    async def close(self) -> None:
        """Writes what was counted, and lets go of the index."""
        with contextlib.suppress(TryLater):
            await self._parts.tally.write()
        await self._index.close()

    async def _raw(self, account_id: int, email_id: int) -> bytes | None:
        return await self._parts.store.read_email(account_id, email_id)

    def _busy(self) -> bool:
        """Whether mail comes so fast that indexing would slow it down; what waits is indexed when that is over."""
        return self._pace.per_second() > QUIET_PACE or self._office.engine.waited() > 0.1

    async def _fill_index(self) -> bool:
        return await self._indexer.step() > 0

    async def _take_dropped(self) -> bool:
        places = self._places
        await take_dropped(self._office, places, self._log)
        await asyncio.to_thread(maildrop.tidy, places.drop)
        return False

    async def _write_tally(self) -> bool:
        await self._parts.tally.write()
        return False

    async def _measure_queue(self) -> bool:
        waiting = await spool.count(Unhurried(self._office.engine))
        self._parts.room.queue_full = waiting >= self._office.settings.limits.queue_messages
        return False

    @property
    def authority(self) -> Chore:
        """Asking the certificate authority."""
        return Chore("authority", 600.0, self._ask_authority, Whose.STORE)

    async def _ask_authority(self) -> bool:
        await self._certifying.ask()
        return False

    async def _watch_certificates(self) -> bool:
        await self._certifying.look()
        self._certifying.alarm()
        return False

    async def _send_reports(self) -> bool:
        if self._office.settings.reports.send:
            sender = reporting.sender(self._office, self._world)
            for sent in await sender.send_due(self._office.clock.now()):
                self._log.info("report.sent", kind=sent.kind, domain=sent.domain, problem=sent.problem)
        return False

    async def _read_reports(self) -> bool:
        try:
            looked = await reporting.look(self._office, self._parts.store, self._office.clock.now())
        except DirectoryError as error:
            self._tell_once(str(error))
            return False
        for problem in looked.problems:
            self._log.info("report.unreadable", problem=problem)
        return looked.messages > 0

    def _tell_once(self, problem: str) -> None:
        if problem != self._told:
            self._log.warning("reports.not_read", reason=problem)
        self._told = problem

    async def _renew_policies(self) -> bool:
        sts = self._parts.sts
        return sts is not None and await sts.renew()

    def _pruning(self) -> list[Chore]:
        """Each on its own: what one of them cannot forget today keeps no other from its work."""
        works = {
            "prune": self._prune,
            "prune queue and sessions": self._prune_sessions,
            "prune bulk changes": self._prune_bulk,
            "prune submissions": self._prune_submissions,
            "prune reports": self._prune_reports,
            "prune journeys": self._prune_journeys,
        }
        return [Chore(name, 24 * HOUR, work, Whose.STORE) for name, work in works.items()]

    async def _prune(self) -> bool:
        await pruning.prune(self._office.engine, self._office.clock.now())
        return False

    async def _prune_sessions(self) -> bool:
        engine, now = self._office.engine, self._office.clock.now()
        await engine.write(lambda tx: hops.prune(tx, now - DAY), Urgency.HOUSEKEEPING)
        await browser_sessions.prune(engine, now)
        return False

    async def _prune_bulk(self) -> bool:
        office = self._office
        self._parts.store.changes.publish(await bulk_changes.prune(office.engine, office.clock.now()))
        return False

    async def _prune_submissions(self) -> bool:
        """RFC 8621 §7: a server may destroy what was sent long ago."""
        engine, now = self._office.engine, self._office.clock.now()
        old = now - SUBMISSIONS_DAYS * DAY
        self._parts.store.changes.publish(await pruning.prune_records(engine, SUBMISSIONS, old, now))
        return False

    async def _prune_reports(self) -> bool:
        office = self._office
        await reporting.prune(office.engine, office.settings.reports.days, office.clock.now())
        return False

    async def _prune_journeys(self) -> bool:
        days, now = self._office.settings.journey.days, self._office.clock.now()
        if days:
            await pruning.prune_journeys(self._office.engine, now - days * DAY)
        return False

    async def _write_history(self) -> bool:
        await self._office.write_history()
        return False

    async def _sweep(self) -> bool:
        await self._parts.store.sweep(self._office.clock.now())
        return False

    async def _take_back(self) -> bool:
        office = self._office
        gone = await unfinished.take_back_abandoned(office.engine, office.clock.now())
        self._parts.store.changes.publish(gone)
        return False

    async def _change_many(self) -> bool:
        """A slice of a change of many emails: of another account than the last one."""
        engine = self._office.engine
        one = await bulk_changes.next_slice(engine.reading(), self._changed)
        if one is None:
            return False
        self._changed = one[0]
        begun = time.monotonic()
        self._parts.store.changes.publish(await bulk_changes.step(engine, one, self._office.clock.now()))
        await asyncio.sleep(min(time.monotonic() - begun, BULK_REST))  # at least half of the time is others'
        return True

    async def _wake(self) -> bool:
        """What was put aside until now comes back."""
        changes, more = await snoozing.wake(self._office.engine, self._office.clock.now())
        self._parts.store.changes.publish(changes)
        return more
