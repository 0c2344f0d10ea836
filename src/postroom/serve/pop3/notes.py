"""What was read, on its way into the journeys of messages: gathered from all sessions and written a little later, many in one commit.

Reading mail must not wait for a commit, and a commit for each message read would cost more than the reading; the thread that writes also
takes time from the loop. So notes wait for the end of a session, but not long, and not for very many. What cannot be written is dropped: a
journey then lacks a line, and no letter is concerned. Not here: removals, which enter a journey in the commit that removes.
"""

from __future__ import annotations

import asyncio
from functools import partial

from postroom.message.errors import MailError
from postroom.message.journey.events import Hop
from postroom.store import journal
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Engine, Urgency
from postroom.store.journal import Note

AT_ONCE = 1000  # notes in one commit
ENOUGH = 4_000  # notes that are not kept waiting
AFTER_SESSION = 0.25  # seconds that notes wait for others once a session is over
LONGEST = 2.0  # seconds that the first note waits for the end of a session
MOST_WAITING = 10_000  # notes; what comes beyond is dropped


class JourneyNotes:
    """The notes of one service. `add` never waits; `finish` writes what is left."""

    def __init__(self, engine: Engine, ids: Ids) -> None:
        self._engine = engine
        self._ids = ids
        self._waiting: list[Note] = []
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, account_id: int, email_id: int, hop: Hop) -> None:
        """Takes a note."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(
                Note(account_id, email_id, self._ids.next(), hop.kind.value, hop.started, hop.pack())
            )
        if self._timer is None:
            self._begin_within(LONGEST)
        elif len(self._waiting) == ENOUGH:
            self._begin_within(0.0)

    def session_over(self) -> None:
        """A good moment."""
        if self._waiting:
            self._begin_within(AFTER_SESSION)

    def take(self, account_id: int) -> list[Note]:
        """Gives back an account's notes, for whoever writes them now."""
        taken = [note for note in self._waiting if note.account_id == account_id]
        if taken:
            self._waiting = [note for note in self._waiting if note.account_id != account_id]
        return taken

    async def finish(self) -> None:
        """Writes everything; further notes may come."""
        while self._waiting or self._task is not None:
            if self._task is None:
                self._begin()
            assert self._task is not None
            await asyncio.wait((self._task,))

    def _begin_within(self, seconds: float) -> None:
        if self._task is not None:
            return
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._begin)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._task = asyncio.get_running_loop().create_task(self._write())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.result()  # a fault of ours is not hidden

    async def _write(self) -> None:
        while self._waiting:
            notes, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                await self._engine.write(partial(journal.note, notes=notes), Urgency.HOUSEKEEPING)
            except MailError:
                return
