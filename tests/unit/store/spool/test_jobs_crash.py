"""A process dies at each state of a job: what is left, and who goes on (the table in `store.spool.jobs`)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from postroom.store.engine.leases import APART
from postroom.store.engine.migrations import migrate
from postroom.store.engine.sqlite import SqliteEngine
from postroom.store.spool import jobs, queue, spool
from postroom.store.spool.jobs import Again, Outcome
from postroom.store.spool.queue import Filter
from queued import DAY, NOW, SECOND, handle, job, lease, letter, numbers

SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from postroom.store.spool import jobs, spool
from postroom.store.engine.migrations import migrate
from postroom.store.engine.sqlite import SqliteEngine
from queued import NOW, job, lease, letter

async def live(directory, state):
    engine = await SqliteEngine.open(Path(directory), on_fatal=lambda error: None)
    await migrate(engine, NOW)

    async def accept(tx):
        await spool.put(tx, letter(1), [job(numbers=(0, 1))])
        if state == "accepting":
            os._exit(9)

    async def settle(tx):
        done = jobs.Outcome(0, final=True)
        await jobs.settle(tx, one, [done], jobs.Again(NOW, NOW * 2))
        if state == "settling":
            os._exit(9)

    await engine.write(accept)
    if state == "waiting":
        os._exit(9)
    (one,) = await engine.write(lambda tx: jobs.claim(tx, [1], lease(), 9))
    if state == "leased":
        os._exit(9)
    await engine.write(settle)
    os._exit(9)

asyncio.run(live(*sys.argv[1:]))
"""
NOBODY, AT_ONCE, WHEN_THE_LEASE_ENDS = None, NOW, NOW + 600 * SECOND


@pytest.mark.parametrize(
    ("state", "claimable", "epoch", "left"),
    [
        ("accepting", NOBODY, 0, []),
        ("waiting", AT_ONCE, 1, [0, 1]),
        ("leased", WHEN_THE_LEASE_ENDS, 2, [0, 1]),
        ("settling", WHEN_THE_LEASE_ENDS, 2, [0, 1]),
        ("settled", AT_ONCE, 2, [1]),
    ],
)
async def test_a_crash_leaves(tmp_path, state, claimable, epoch, left):
    tests = Path(__file__).parents[3]
    source = Path(jobs.__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{tests}{os.pathsep}{source}"}
    ended = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path), state], env=environment, check=False)
    assert ended.returncode == 9

    engine = await SqliteEngine.open(tmp_path, on_fatal=lambda error: None)
    await migrate(engine, NOW)
    letters = await engine.reading().fetch("SELECT spool_id FROM spool")
    assert len(letters) == (0 if claimable is NOBODY else 1)
    if claimable is not NOBODY:
        assert await engine.write(lambda tx: jobs.claim(tx, [1], lease(2, claimable - 1), 9)) == []
        (one,) = await engine.write(lambda tx: jobs.claim(tx, [1], lease(2, claimable), 9))
        assert (one.epoch, [copy.n for copy in one.copies]) == (epoch, left)
    await engine.close()


async def test_a_node_that_is_back_need_not_wait_for_its_former_leases(engine):
    for number in (1, 2, 3):
        await engine.write(lambda tx, number=number: spool.put(tx, letter(number), [job()]))
    mine = await engine.write(lambda tx: jobs.claim(tx, [1], lease(), 2))
    (other,) = await engine.write(lambda tx: jobs.claim(tx, [1], lease(2), 9))
    held = Filter(accept_id=mine[1].letter.accept_id)
    await handle(engine, queue.hold, held, NOW)
    assert await engine.write(lambda tx: jobs.forsaken(tx, lease(1, NOW + 1))) == 2
    (again,) = await engine.write(lambda tx: jobs.claim(tx, [1], lease(1, NOW + 1), 9))
    assert (again.spool_id, again.epoch) == (mine[0].spool_id, 2)
    with pytest.raises(jobs.LeaseLost):  # whoever held it before is a zombie
        await engine.write(lambda tx: jobs.settle(tx, mine[0], [Outcome(0, final=True)]))
    assert await engine.write(lambda tx: jobs.renew(tx, other, NOW + DAY)) is not None
    await handle(engine, queue.release, held, NOW + 2)
    (released,) = await engine.write(lambda tx: jobs.claim(tx, [1], lease(1, NOW + 2), 9))
    assert released.spool_id == mine[1].spool_id


async def test_a_lease_of_a_clock_that_was_ahead_is_none(engine):
    await engine.write(lambda tx: spool.put(tx, letter(1), [job()]))
    wrong = lease(2, NOW + 365 * DAY)
    (one,) = await engine.write(lambda tx: jobs.claim(tx, [1], wrong, 9))
    right = lease(1, NOW)
    assert (
        await engine.write(lambda tx: jobs.forsaken(tx, lease(1, wrong.until - right.until + NOW - APART)))
        == 0
    )
    assert await engine.write(lambda tx: jobs.forsaken(tx, right)) == 1
    (again,) = await engine.write(lambda tx: jobs.claim(tx, [1], right, 9))
    assert (again.spool_id, again.epoch) == (one.spool_id, 2)


async def test_the_end_of_a_job_is_one_commit_with_what_goes_with_it(engine):
    """A report that cannot be written takes the settling back with it."""
    await engine.write(lambda tx: spool.put(tx, letter(1), [job()]))
    (one,) = await engine.write(lambda tx: jobs.claim(tx, [1], lease(), 9))

    async def settle(tx):
        await jobs.settle(tx, one, [Outcome(0, final=True)])
        raise RuntimeError("the report cannot be made")

    with pytest.raises(RuntimeError, match="the report"):
        await engine.write(settle)
    again = Again(NOW, NOW + DAY)
    assert await engine.write(lambda tx: jobs.settle(tx, one, [], again)) is None
    assert numbers(await engine.write(lambda tx: jobs.claim(tx, [1], lease(), 9))) == [1]
