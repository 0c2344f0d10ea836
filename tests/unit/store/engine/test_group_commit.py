"""The writer: order, batches, and work that must not wait."""

import asyncio
import threading
import time

import apsw
import pytest

from postroom.message.errors import Overloaded, TryLater
from postroom.store.engine import group_commit, pace
from postroom.store.engine.sqlite import SqliteEngine
from postroom.store.engine.transaction import Urgency

INSERT = "INSERT INTO t (k) VALUES ($1)"


@pytest.fixture
async def engine(tmp_path):
    found = await SqliteEngine.open(tmp_path, on_fatal=lambda error: pytest.fail(repr(error)))
    await found.write(lambda tx: tx.execute("CREATE TABLE t (k INTEGER PRIMARY KEY)"))
    yield found
    await found.close()


class Busy:
    """Keeps the writer busy until `done`."""

    def __init__(self, engine):
        self.started, self.go_on = threading.Event(), threading.Event()
        self.task = asyncio.ensure_future(engine.write(self._work, Urgency.HOUSEKEEPING))

    async def _work(self, tx):
        self.started.set()
        self.go_on.wait(30)

    async def __aenter__(self):
        await asyncio.to_thread(self.started.wait, 30)

    async def __aexit__(self, *_):
        self.go_on.set()
        await self.task


async def queue(engine, work, urgency=Urgency.INBOUND):
    task = asyncio.ensure_future(engine.write(work, urgency))
    await asyncio.sleep(0)
    return task


async def test_the_urgent_goes_first(engine):
    order = []

    def work(name):
        async def run(tx):
            order.append(name)

        return run

    async with Busy(engine):
        tasks = [await queue(engine, work(urgency.name), urgency) for urgency in reversed(Urgency)]
        assert order == []
    await asyncio.gather(*tasks)
    assert order == ["INBOUND", "CLIENT", "HOUSEKEEPING"]


async def test_what_is_small_runs_on_the_loop_and_all_else_in_the_thread(engine):
    where = {}

    def work(urgency):
        async def run(tx):
            where[urgency] = threading.current_thread() is threading.main_thread()

        return run

    await asyncio.gather(*(engine.write(work(urgency), urgency) for urgency in Urgency))
    assert where == {Urgency.INBOUND: True, Urgency.CLIENT: False, Urgency.HOUSEKEEPING: False}


async def test_many_urgent_pieces_take_several_turns(engine, monkeypatch):
    monkeypatch.setattr(group_commit, "MAX_ON_LOOP", 3)
    commits = []
    engine._files.writing.set_commit_hook(lambda: bool(commits.append(1)))
    writes = [engine.write(lambda tx, n=n: tx.execute(INSERT, n)) for n in range(10)]
    assert await asyncio.gather(*writes) == [1] * 10
    assert len(commits) == 4


class Pauses:
    """The loop, with the pauses that were asked of it; they are not made."""

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._loop, name)

    def call_later(self, pause, call):
        self.asked.append(pause)
        return self._loop.call_soon(call)


@pytest.mark.parametrize(
    ("committed", "waiting", "pause"),
    [
        (1, 1, pace.PAUSE),
        (10, 1, 10 * pace.PAUSE),
        (group_commit.MAX_ON_LOOP, 1, pace.LONGEST_PAUSE),
        (10, group_commit.MAX_ON_LOOP - 1, 10 * pace.PAUSE),
        (10, group_commit.MAX_ON_LOOP, 0.0),
    ],
)
async def test_a_pause_after_a_commit_for_many(engine, committed, waiting, pause):
    while engine._commits._busy:  # the fixture's table is told of before its commit is over
        await asyncio.sleep(0)
    engine._commits._loop = loop = Pauses()
    engine._commits._pace = pace.Pace(worked=time.monotonic)
    later = []

    async def nothing(tx):
        pass

    async def bring_more(tx):
        later.extend(asyncio.ensure_future(engine.write(nothing)) for _ in range(waiting))

    await asyncio.gather(engine.write(bring_more), *(engine.write(nothing) for _ in range(committed - 1)))
    await asyncio.gather(*later)
    assert loop.asked == [0.0, pause]


async def test_the_loop_does_not_wait_for_a_foreign_program(engine, tmp_path):
    foreign = apsw.Connection(str(tmp_path / "mail.db"))
    foreign.execute("BEGIN IMMEDIATE")
    task = await queue(engine, lambda tx: tx.execute(INSERT, 1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not task.done()
    foreign.execute("ROLLBACK")
    assert await task == 1


async def test_how_long_the_oldest_has_waited(engine):
    assert engine.waited() == 0.0
    async with Busy(engine):
        assert engine.waited() == 0.0
        task = await queue(engine, lambda tx: tx.execute(INSERT, 1), Urgency.HOUSEKEEPING)
        await asyncio.sleep(0.01)
        assert engine.waited() >= 0.01
    await task
    assert engine.waited() == 0.0


async def test_one_commit_for_all_that_wait(engine):
    commits = []
    engine._files.writing.set_commit_hook(lambda: bool(commits.append(1)))
    async with Busy(engine):
        tasks = [await queue(engine, lambda tx, n=n: tx.execute(INSERT, n)) for n in range(40)]
    await asyncio.gather(*tasks)
    assert len(commits) == 2


async def test_a_failure_makes_the_others_run_a_second_time_and_no_third(engine):
    runs = []

    def work(number):
        async def run(tx):
            runs.append(number)
            await tx.execute(INSERT, number)
            if number in {3, 5}:
                raise ValueError(number)

        return run

    async with Busy(engine):
        tasks = [await queue(engine, work(number)) for number in range(7)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [number for number, result in enumerate(results) if isinstance(result, ValueError)] == [3, 5]
    assert max(runs.count(number) for number in range(7)) == 2
    assert [row[0] for row in await engine.reading().fetch("SELECT k FROM t ORDER BY k")] == [0, 1, 2, 4, 6]


async def test_work_that_waits_is_an_error_with_its_name(engine):
    async def sleepy(tx):
        await tx.execute(INSERT, 1)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="sleepy waited for something other than its transaction"):
        await engine.write(sleepy)
    assert await engine.reading().fetch("SELECT k FROM t") == []


async def test_too_many_are_sent_away(engine, monkeypatch):
    monkeypatch.setattr(group_commit, "MAX_WAITING", 3)
    async with Busy(engine):
        tasks = [await queue(engine, lambda tx, n=n: tx.execute(INSERT, n)) for n in range(3)]
        with pytest.raises(Overloaded):
            await engine.write(lambda tx: tx.execute(INSERT, 9))
    assert await asyncio.gather(*tasks) == [1, 1, 1]


async def test_a_bug_in_the_thread_leaves_nobody_waiting(tmp_path):
    fatal = []
    engine = await SqliteEngine.open(tmp_path / "y", on_fatal=fatal.append)
    await engine.write(lambda tx: tx.execute("CREATE TABLE t (k INTEGER PRIMARY KEY)"))
    engine._files.writing.set_commit_hook(lambda: 1 // 0)
    with pytest.raises(TryLater):
        await engine.write(lambda tx: tx.execute(INSERT, 1))
    with pytest.raises(TryLater):
        await engine.write(lambda tx: tx.execute(INSERT, 2))
    assert [type(error) for error in fatal] == [ZeroDivisionError]
    await engine.close()


async def test_cancelled_before_its_turn_is_not_run(engine):
    async with Busy(engine):
        task = await queue(engine, lambda tx: tx.execute(INSERT, 1))
        task.cancel()
        await asyncio.sleep(0)
    await engine.write(lambda tx: tx.execute(INSERT, 2))
    assert [row[0] for row in await engine.reading().fetch("SELECT k FROM t")] == [2]


async def test_closing_finishes_what_is_queued(tmp_path):
    engine = await SqliteEngine.open(tmp_path / "x", on_fatal=lambda error: None)
    await engine.write(lambda tx: tx.execute("CREATE TABLE t (k INTEGER PRIMARY KEY)"))
    async with Busy(engine):
        task = await queue(engine, lambda tx: tx.execute(INSERT, 1))
        closing = asyncio.ensure_future(engine.close())
        await asyncio.sleep(0)
        with pytest.raises(TryLater):
            await engine.write(lambda tx: tx.execute(INSERT, 2))
    assert await task == 1
    await closing
