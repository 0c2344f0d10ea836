import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from postroom.message.errors import TryLater
from postroom.message.journey.events import Hop, HopKind
from postroom.serve.pop3 import notes as pop3_notes
from postroom.serve.pop3.notes import AT_ONCE, JourneyNotes
from postroom.store.engine.ids import Ids
from postroom.store.journal import Note

HOP = Hop(HopKind.READ, 0)


class CountingEngine:
    """Runs work against nothing, and remembers how often."""

    def __init__(self) -> None:
        self.commits = 0
        self.error: Exception | None = None

    async def write(self, work: Callable[[Any], Awaitable[Any]], urgency: object = None) -> None:
        self.commits += 1
        if self.error:
            raise self.error
        await work(self)

    async def execute(self, sql: str, *args: object) -> int:
        return 0


@pytest.fixture
def engine() -> CountingEngine:
    return CountingEngine()


@pytest.fixture
def notes(engine: CountingEngine) -> JourneyNotes:
    return JourneyNotes(engine, Ids(1))  # type: ignore[arg-type]


async def test_many_notes_make_few_commits(engine: CountingEngine, notes: JourneyNotes) -> None:
    for number in range(2 * AT_ONCE + 1):
        notes.add(1, number, HOP)
    assert engine.commits == 0
    await notes.finish()
    assert engine.commits == 3
    await notes.finish()
    assert engine.commits == 3


async def test_notes_of_one_account_are_given_back_in_their_order(
    engine: CountingEngine, notes: JourneyNotes
) -> None:
    for account, email in ((1, 10), (2, 20), (1, 11)):
        notes.add(account, email, HOP)
    taken: list[Note] = notes.take(1)
    assert [note.email_id for note in taken] == [10, 11]
    assert taken[0].hop_id < taken[1].hop_id
    assert [note.email_id for note in notes.take(2)] == [20]
    await notes.finish()
    assert engine.commits == 0


async def test_what_cannot_be_written_is_dropped(engine: CountingEngine, notes: JourneyNotes) -> None:
    engine.error = TryLater()
    notes.add(1, 1, HOP)
    await notes.finish()
    engine.error = None
    notes.add(1, 2, HOP)
    await notes.finish()
    assert engine.commits == 2


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, notes: JourneyNotes) -> None:
    monkeypatch.setattr(pop3_notes, "MOST_WAITING", 3)
    for email in range(5):
        notes.add(1, email, HOP)
    assert len(notes.take(1)) == 3
    await notes.finish()


async def test_enough_notes_do_not_wait(
    monkeypatch: pytest.MonkeyPatch, engine: CountingEngine, notes: JourneyNotes
) -> None:
    monkeypatch.setattr(pop3_notes, "ENOUGH", 3)
    notes.add(1, 1, HOP)
    notes.add(1, 2, HOP)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert engine.commits == 0
    notes.add(1, 3, HOP)
    while not engine.commits:
        await asyncio.sleep(0)
    assert notes.take(1) == []


async def test_the_end_of_a_session_that_read_nothing_writes_nothing(
    engine: CountingEngine, notes: JourneyNotes
) -> None:
    notes.session_over()
    await notes.finish()
    assert engine.commits == 0
