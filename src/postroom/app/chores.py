"""The chores of a server, by name and pace.

RFC 5321 §4.2.5: what was dropped while the server was down is accepted like any other message. Not here: how chores are run
(`app.housekeeping`).
"""

from __future__ import annotations

import asyncio

from postroom.app import maildrop
from postroom.app.dropped import take_dropped
from postroom.app.housekeeping import Chore, Whose
from postroom.app.locate import Places, places_of
from postroom.app.logs import Log
from postroom.app.operations.office import Office
from postroom.app.parts import Parts
from postroom.message.searched_text import indexed_form
from postroom.net.certificates import CertificateError, ServerTls
from postroom.store import hops, journal, pruning, spool, unfinished
from postroom.store.engine import Urgency
from postroom.store.indexer import Indexer, Indexing

HOUR = 3600.0  # seconds
DAY = 86_400_000_000  # microseconds
PRUNED_AT_ONCE = 500
QUIET_PACE = 20.0  # messages a second up to which the index is filled beside them


class Chores:
    """All chores of one server, and the end of the search index, which one of them fills."""

    def __init__(self, office: Office, parts: Parts, tls: ServerTls, log: Log) -> None:
        self._office = office
        self._log = log
        self._accepted = 0
        self._looked = 0.0
        self._parts = parts
        self._tls = tls
        store = parts.store
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
            Chore("queue size", 5.0, self._measure_queue),
            Chore("certificates", 60.0, self._watch_certificates),
            Chore("prune", 24 * HOUR, self._prune, Whose.STORE),
            Chore("sweep", HOUR, self._sweep, Whose.STORE),
            Chore("unfinished copies", 300.0, self._take_back, Whose.STORE),
        ]

    async def close(self) -> None:
        """Lets go of the index."""
        await self._index.close()

    async def _raw(self, account_id: int, email_id: int) -> bytes | None:
        return await self._parts.store.read_email(account_id, email_id)

    def _busy(self) -> bool:
        """Whether mail comes so fast that indexing would slow it down; what waits is indexed when that is over."""
        accepted, now = self._parts.premises.acceptance.accepted, self._parts.premises.clock.monotonic()
        pace = (accepted - self._accepted) / max(now - self._looked, 0.001)
        if now - self._looked >= 0.5:
            self._accepted, self._looked = accepted, now
        return pace > QUIET_PACE or self._office.engine.waited() > 0.1

    async def _fill_index(self) -> bool:
        return await self._indexer.step() > 0

    async def _take_dropped(self) -> bool:
        places = self._places
        await take_dropped(self._office, places, self._log)
        await asyncio.to_thread(maildrop.tidy, places.drop)
        return False

    async def _measure_queue(self) -> bool:
        waiting = await spool.count(self._office.engine.reading())
        self._parts.room.queue_full = waiting >= self._office.settings.limits.queue_messages
        return False

    def refresh_certificates(self) -> None:
        """Has certificates used whose files have changed."""
        try:
            if self._tls.refresh():
                self._log.info("certificates.reloaded")
        except CertificateError as error:
            self._log.warning("certificates.unusable", reason=str(error))

    async def _watch_certificates(self) -> bool:
        self.refresh_certificates()
        return False

    async def _prune(self) -> bool:
        engine, now = self._office.engine, self._office.clock.now()
        await engine.write(lambda tx: hops.prune(tx, now - DAY), Urgency.HOUSEKEEPING)
        await pruning.prune(engine, now)
        days = self._office.settings.journey.days
        if not days:
            return False
        before = now - days * DAY
        gone = await engine.write(lambda tx: journal.prune(tx, before, PRUNED_AT_ONCE), Urgency.HOUSEKEEPING)
        await pruning.prune_links(engine, before)
        return gone >= PRUNED_AT_ONCE

    async def _sweep(self) -> bool:
        await self._parts.store.sweep(self._office.clock.now())
        return False

    async def _take_back(self) -> bool:
        office = self._office
        gone = await unfinished.take_back_abandoned(office.engine, office.clock.now())
        self._parts.store.changes.publish(gone)
        return False
