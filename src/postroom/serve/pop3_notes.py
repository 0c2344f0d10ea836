"""What was read, on its way into the journeys of messages: gathered from all sessions and written a little later, many in one commit.

Reading mail must not wait for a commit, and a commit for each message read would cost more than the reading. What cannot be written is
dropped: a journey then lacks a line, and no letter is concerned. Not here: removals, which enter a journey in the commit that removes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from postroom.message.errors import MailError
from postroom.message.journey import Hop
from postroom.store import journal
from postroom.store.engine import Engine, Transaction, Urgency
from postroom.store.ids import Ids

AT_ONCE = 200  # notes in one commit
AFTER = 0.25  # seconds that the first note waits for others
MOST_WAITING = 10_000  # notes; what comes beyond is dropped


class Note(msgspec.Struct, frozen=True):
    """A hop of an email; `hop_id` is a new id."""

    account_id: int
    email_id: int
    hop_id: int
    hop: Hop


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
            self._waiting.append(Note(account_id, email_id, self._ids.next(), hop))
        if self._timer is None and self._task is None:
            self._timer = asyncio.get_running_loop().call_later(AFTER, self._begin)

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
                await self._engine.write(lambda tx, notes=notes: write(tx, notes), Urgency.HOUSEKEEPING)  # type: ignore[misc]
            except MailError:
                return


async def write(tx: Transaction, notes: Sequence[Note]) -> None:
    """Appends each hop to the journeys that brought its email."""
    for note in notes:
        for link in await journal.of_email(tx, note.account_id, note.email_id):
            await journal.append(tx, link.accept_id, note.hop_id, note.hop)
