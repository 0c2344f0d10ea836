"""What both engines promise (`engine.Engine`)."""

import asyncio

import pytest

from others_turns import others_turns
from postroom.message.errors import TryLater
from postroom.store.engine.transaction import Urgency

INSERT = "INSERT INTO t (k, v) VALUES ($1, $2)"
ALL = "SELECT k, v FROM t ORDER BY k"


@pytest.fixture
async def table(bare_engine):
    await bare_engine.write(
        lambda tx: tx.execute("CREATE TABLE t (k BIGINT NOT NULL PRIMARY KEY, v {BYTES})")
    )
    return bare_engine


async def rows(engine):
    return [tuple(row) for row in await engine.reading().fetch(ALL)]


async def test_values_come_back(table):
    async def work(tx):
        assert await tx.execute(INSERT, 1, b"\0\xff") == 1
        assert await tx.execute(INSERT, 2, None) == 1
        assert await tx.execute("UPDATE t SET v = $2 WHERE k >= $1", 1, b"x") == 2
        assert await tx.execute("DELETE FROM t WHERE k = $1", 9) == 0
        return "done"

    assert await table.write(work) == "done"
    assert await rows(table) == [(1, b"x"), (2, b"x")]


async def test_fetchrow_finishes_its_statement(table):
    async def work(tx):
        await tx.executemany(INSERT, [(n, b"") for n in range(3)])
        first = await tx.fetchrow("UPDATE t SET v = $1 WHERE k >= 0 RETURNING k", b"y")
        assert first is not None
        assert first[0] in {0, 1, 2}
        return await tx.fetchrow("SELECT k FROM t WHERE k = $1", 99)

    assert await table.write(work) is None
    assert [v for _, v in await rows(table)] == [b"y"] * 3


async def test_a_placeholder_may_stand_twice(table):
    row = await table.reading().fetchrow(
        "SELECT CAST($1 AS BIGINT) + CAST($2 AS BIGINT) + CAST($1 AS BIGINT)", 1, 10
    )
    assert tuple(row) == (12,)


async def test_an_exception_undoes_only_its_own_work(table):
    async def work(tx, number):
        await tx.execute(INSERT, number, b"")
        if number % 3 == 0:
            raise ValueError(number)
        return number

    done = await asyncio.gather(
        *(table.write(lambda tx, n=n: work(tx, n)) for n in range(10)), return_exceptions=True
    )
    assert [repr(value) for value in done] == [
        repr(ValueError(n)) if n % 3 == 0 else str(n) for n in range(10)
    ]
    assert [k for k, _ in await rows(table)] == [1, 2, 4, 5, 7, 8]


async def test_a_broken_statement_is_try_later(table):
    good = table.write(lambda tx: tx.execute(INSERT, 1, b""))
    bad = table.write(lambda tx: tx.execute("INSERT INTO nowhere VALUES (1)"))
    results = await asyncio.gather(good, bad, return_exceptions=True)
    assert results[0] == 1
    assert isinstance(results[1], TryLater)
    assert "nowhere" in results[1].detail
    assert await rows(table) == [(1, b"")]


async def test_every_urgency_is_served(table):
    await asyncio.gather(*(table.write(lambda tx, u=u: tx.execute(INSERT, u, b""), u) for u in Urgency))
    assert [k for k, _ in await rows(table)] == [0, 1, 2]
    assert table.waited() == 0.0


async def test_writing_through_reading_is_an_error(table):
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await table.reading().execute(INSERT, 1, b"")


async def test_a_snapshot_does_not_change(table):
    await table.write(lambda tx: tx.execute(INSERT, 1, b""))

    async def work(tx):
        return [tuple(row) for row in await tx.fetch(ALL)], [tuple(row) for row in await tx.fetch(ALL)]

    assert await table.snapshot(work) == ([(1, b"")], [(1, b"")])


LONG = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000) SELECT COUNT(*) FROM numbers
"""


async def test_long_reads_aside_are_nobody_elses_wait(table):
    await table.write(lambda tx: tx.execute(INSERT, 1, b""))

    async def work(tx):
        return (await tx.fetchrow(LONG))[0], [tuple(row) for row in await tx.fetch(ALL)]

    async with others_turns() as turns:
        reading = asyncio.ensure_future(table.aside(work))
        await table.write(lambda tx: tx.execute(INSERT, 2, b""))
        before = turns.had
        found = await reading
    assert found[0] == 1_000_000
    assert (1, b"") in found[1]
    assert turns.had > before > 1
    with pytest.raises(TryLater):
        await table.aside(lambda tx: tx.fetch("SELECT nothing FROM nowhere"))


async def test_cancelled_work_does_not_disturb_others(table):
    cancelled = asyncio.ensure_future(table.write(lambda tx: tx.execute(INSERT, 1, b"")))
    kept = asyncio.ensure_future(table.write(lambda tx: tx.execute(INSERT, 2, b"")))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await kept == 1
    assert (2, b"") in await rows(table)
