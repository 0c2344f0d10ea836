"""What only the shared engine can meet: deadlocks, a lost connection, a standby, and commits whose answer is lost."""

import asyncio

import asyncpg
import pytest

from postroom.message.errors import NoSpace, TryLater
from postroom.store.engine import postgres
from postroom.store.engine.postgres import TRIES, PostgresEngine
from postroom.store.engine.postgres_options import PostgresOptions

RAISE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$"
AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()
"""
INSERT = "INSERT INTO t (k) VALUES ($1)"


@pytest.fixture
async def engine(database_url):
    options = PostgresOptions(writers=2, readers=1, statement_seconds=5, acquire_seconds=5)
    found = await PostgresEngine.open(database_url, options)
    await found.write(lambda tx: tx.execute("CREATE TABLE t (k BIGINT NOT NULL PRIMARY KEY)"))
    yield found
    await found.close()


@pytest.fixture
async def admin(database_url):
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def keys(engine):
    return [row[0] for row in await engine.reading().fetch("SELECT k FROM t ORDER BY k")]


@pytest.mark.parametrize(("failures", "succeeds"), [(1, True), (TRIES - 1, True), (TRIES, False)])
@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_serialisation_failures_are_tried_again(engine, failures, succeeds, code):
    runs = []

    async def work(tx):
        runs.append(1)
        await tx.execute(INSERT, 1)
        if len(runs) <= failures:
            await tx.execute(RAISE.format(code))

    if succeeds:
        await engine.write(work)
    else:
        with pytest.raises(TryLater):
            await engine.write(work)
    assert len(runs) == min(failures + 1, TRIES)
    assert await keys(engine) == ([1] if succeeds else [])


async def test_a_deadlock_ends_well(engine):
    await engine.write(lambda tx: tx.executemany(INSERT, [(1,), (2,)]))

    async def work(tx, first, second):
        await tx.execute("SET LOCAL deadlock_timeout = '10ms'")
        await tx.execute("UPDATE t SET k = k WHERE k = $1", first)
        await asyncio.sleep(0.02)
        await tx.execute("UPDATE t SET k = k WHERE k = $1", second)
        return first

    both = await asyncio.gather(
        engine.write(lambda tx: work(tx, 1, 2)), engine.write(lambda tx: work(tx, 2, 1))
    )
    assert both == [1, 2]


async def test_a_full_disk(engine):
    with pytest.raises(NoSpace):
        await engine.write(lambda tx: tx.execute(RAISE.format("53100")))


async def test_a_commit_that_may_not_have_reached_the_standby(engine, admin):
    await admin.execute(AT_COMMIT.format("RAISE WARNING 'canceling wait' USING ERRCODE = '01000';"))
    with pytest.raises(TryLater, match="standby"):
        await engine.write(lambda tx: tx.execute(INSERT, 1))


async def test_a_warning_before_the_commit_is_none_of_that(engine):
    async def work(tx):
        await tx.execute("DO $$ BEGIN RAISE WARNING 'x' USING ERRCODE = '01000'; END $$")
        await tx.execute(INSERT, 1)

    await engine.write(work)
    assert await keys(engine) == [1]


async def test_a_commit_without_an_answer(database_url, admin):
    engine = await PostgresEngine.open(database_url, PostgresOptions(1, 1, 0.2, 5))
    await admin.execute("CREATE TABLE t (k BIGINT)")
    await admin.execute(AT_COMMIT.format("PERFORM pg_sleep(3);"))
    with pytest.raises(TryLater, match="TimeoutError"):
        await engine.write(lambda tx: tx.execute(INSERT, 1))
    await admin.execute("DROP TRIGGER at_commit ON t")
    await engine.write(lambda tx: tx.execute(INSERT, 2))
    assert 2 in await keys(engine)
    await engine.close()


async def test_a_connection_that_breaks(engine):
    async def work(tx):
        await tx.execute(INSERT, 1)
        await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(TryLater):
        await engine.write(work)
    await engine.write(lambda tx: tx.execute(INSERT, 2))
    assert await keys(engine) == [2]


async def test_all_connections_taken(database_url):
    engine = await PostgresEngine.open(database_url, PostgresOptions(1, 1, 5, 0.5))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold(tx):
        begun.set()
        await go_on.wait()

    holding = asyncio.ensure_future(engine.write(hold))
    await begun.wait()
    waiting = asyncio.ensure_future(engine.write(hold))
    while not engine.waited():
        await asyncio.sleep(0)
    with pytest.raises(TryLater, match="TimeoutError"):
        await waiting
    go_on.set()
    await holding
    assert engine.waited() == 0.0
    await engine.close()


async def test_a_standby_is_left_for_the_new_primary(engine, admin, database_url):
    name = database_url.rpartition("/")[2]
    await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await engine._writers.expire_connections()
    with pytest.raises(TryLater, match="ReadOnly"):
        await engine.write(lambda tx: tx.execute(INSERT, 1))
    await admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    await engine.write(lambda tx: tx.execute(INSERT, 2))
    assert await keys(engine) == [2]


async def test_reads_fail_as_mail_does(engine):
    with pytest.raises(TryLater):
        await engine.reading().fetch("SELECT nothing")
    with pytest.raises(TryLater):
        await engine.snapshot(lambda tx: tx.fetch("SELECT nothing"))


async def test_one_account_is_one_line(engine):
    """Two transactions that change one counter see each other's result: the lock of the first UPDATE orders them."""
    await engine.write(lambda tx: tx.execute(INSERT, 0))

    async def work(tx):
        row = await tx.fetchrow("UPDATE t SET k = k + 1 RETURNING k")
        await asyncio.sleep(0)
        return row[0]

    assert sorted(await asyncio.gather(*(engine.write(work) for _ in range(20)))) == list(range(1, 21))


async def test_a_connection_that_the_pool_has_given_up_hides_no_reason():
    """It was lost while the work on it was called off: what went wrong is what was wrong before."""

    class Lost:
        async def execute(self, sql):
            raise asyncpg.InterfaceError(sql)

        def terminate(self):
            raise asyncpg.InterfaceError("connection has been released back to the pool")

    await postgres._roll_back(Lost())


async def test_cancelled_work_leaves_nothing(engine):
    started = asyncio.Event()

    async def work(tx):
        await tx.execute(INSERT, 1)
        started.set()
        await tx.execute("SELECT pg_sleep(30)")

    task = asyncio.ensure_future(engine.write(work))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await engine.write(lambda tx: tx.execute(INSERT, 2))
    assert await keys(engine) == [2]


@pytest.mark.parametrize("way", ["write", "snapshot"])
async def test_work_that_is_called_off_as_it_begins_alarms_nobody(engine, way):
    """A transaction that nobody has ended is reported by asyncpg when its connection comes back."""
    alarms = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: alarms.append(context["message"]))
    for turns in range(100):
        task = asyncio.ensure_future(getattr(engine, way)(lambda tx: tx.execute("SELECT 1")))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not alarms


@pytest.mark.parametrize("way", ["write", "snapshot", "reading"])
async def test_work_stays_called_off_when_its_statement_goes_on(
    database_url, way, monkeypatch: pytest.MonkeyPatch
):
    """The request to cancel it came before the server had begun with it, and so went by."""

    async def gone_by(**_facts):
        pass

    monkeypatch.setattr("asyncpg.connect_utils._cancel", gone_by)
    engine = await PostgresEngine.open(database_url, PostgresOptions(1, 1, 1, 5))
    do = getattr(engine, way) if way != "reading" else lambda work: work(engine.reading())
    await do(lambda tx: tx.execute("SELECT 1"))
    task = asyncio.ensure_future(do(lambda tx: tx.execute("SELECT pg_sleep(30)")))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await do(lambda tx: tx.execute("SELECT 1"))
    await engine.close()
