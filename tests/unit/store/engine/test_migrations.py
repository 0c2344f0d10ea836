import pytest

from postroom.store.engine.migrations import MIGRATIONS, Migration, migrate
from postroom.store.engine.refused import StoreTooNew


async def nothing(tx, dialect):
    pass


async def fails(tx, dialect):
    await tx.execute("CREATE TABLE half (n BIGINT)")
    raise RuntimeError("stop")


async def test_a_second_run_takes_no_step(bare_engine):
    assert await migrate(bare_engine, 1) == [step.name for step in MIGRATIONS]
    assert await migrate(bare_engine, 2) == []


async def test_steps_are_recorded(engine):
    rows = await engine.reading().fetch("SELECT number, name, opens_from FROM migrations ORDER BY number")
    assert [tuple(row) for row in rows] == [(step.number, step.name, step.opens_from) for step in MIGRATIONS]


@pytest.mark.parametrize(("opens_from", "refused"), [(1, False), (2, True)])
async def test_what_a_newer_program_wrote(bare_engine, opens_from, refused):
    old = Migration(1, "first", nothing, opens_from=1)
    await migrate(bare_engine, 1, [old, Migration(2, "second", nothing, opens_from=opens_from)])
    if refused:
        with pytest.raises(StoreTooNew, match=r"schema 2 .* this one has 1"):
            await migrate(bare_engine, 2, [old])
    else:
        assert await migrate(bare_engine, 2, [old]) == []


async def test_a_step_that_fails_leaves_nothing(bare_engine):
    with pytest.raises(RuntimeError, match="stop"):
        await migrate(bare_engine, 1, [Migration(1, "half", fails, opens_from=1)])
    whole = Migration(1, "half", lambda tx, dialect: tx.execute("CREATE TABLE half (n BIGINT)"), opens_from=1)
    assert await migrate(bare_engine, 1, [whole]) == ["half"]
