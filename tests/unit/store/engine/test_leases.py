import pytest

from postroom.message.errors import TryLater
from postroom.store.engine import leases
from postroom.store.engine.leases import APART

MINUTE = 60_000_000
NOW = 1_750_000_000_000_000


async def node(engine, name, now=NOW, *, alone=False):
    return await engine.write(lambda tx: leases.take_node(tx, name, now, now + MINUTE, alone=alone))


async def test_each_node_has_its_number(engine):
    assert [(await node(engine, name)).node for name in ("a", "b", "c")] == [1, 2, 3]


async def test_a_number_is_free_when_its_lease_ended_or_was_given_back(engine):
    first, second = await node(engine, "a"), await node(engine, "b")
    await engine.write(lambda tx: leases.leave_node(tx, second))
    assert (await node(engine, "c")).node == second.node
    assert (await node(engine, "d", NOW + MINUTE)).node == first.node


async def test_a_restarted_node_prefers_its_former_number(engine):
    await node(engine, "a")
    former = await node(engine, "b")
    again = await node(engine, "b", NOW + MINUTE)
    assert (again.node, again.fence) == (former.node, former.fence + 1)


async def test_whoever_is_alone_need_not_wait_for_the_former_lease(engine):
    former = await node(engine, "only", alone=True)
    assert (await node(engine, "only", alone=True)).node == former.node


async def test_the_mark_of_ids_survives_and_never_falls(engine):
    held = await node(engine, "a")
    for mark in (5000, 4000):
        assert await engine.write(lambda tx, mark=mark: leases.keep_node(tx, held, NOW + MINUTE, mark))
    assert (await node(engine, "a", NOW + MINUTE)).id_mark == 5000


async def test_a_number_that_is_held_until_longer_than_any_can_be_is_free(engine):
    """Its holder's clock was ahead, and was set right: a day's lease is none."""
    ahead = await node(engine, "a", NOW + APART + 1)
    near = await node(engine, "b", NOW + APART)
    assert (await node(engine, "c")).node == ahead.node
    assert (await node(engine, "d")).node not in (ahead.node, near.node)


async def test_a_node_that_lost_its_number_is_told(engine):
    held = await node(engine, "a")
    await node(engine, "b", NOW + MINUTE)
    assert not await engine.write(lambda tx: leases.keep_node(tx, held, NOW + 2 * MINUTE, 1))


async def test_numbers_run_out_with_words(engine):
    await engine.write(
        lambda tx: tx.execute(
            "INSERT INTO nodes (node, name, until, fence, id_mark) VALUES (1023, 'x', $1, 1, 0)", NOW + MINUTE
        )
    )
    with pytest.raises(TryLater, match="no free node number"):
        await node(engine, "a")


async def take(engine, by, now):
    return await engine.write(lambda tx: leases.take(tx, "prune", by, now, now + MINUTE))


async def test_a_named_lease_is_one_nodes_and_its_fence_grows(engine):
    assert await take(engine, 1, NOW) == 1
    assert await take(engine, 2, NOW + 1) is None
    assert await take(engine, 1, NOW + 1) == 1  # renewed
    assert await take(engine, 2, NOW + 1 + MINUTE) == 2
    assert await take(engine, 1, NOW + 2 + MINUTE) is None


async def test_a_named_lease_of_a_clock_that_was_ahead_is_none(engine):
    assert await take(engine, 1, NOW + APART) == 1
    assert await take(engine, 2, NOW) is None
    assert await take(engine, 1, NOW + APART + 1) == 1
    assert await take(engine, 2, NOW) == 2


async def test_a_fence_refuses_the_former_holder(engine):
    old = await take(engine, 1, NOW)
    new = await take(engine, 2, NOW + MINUTE)
    await engine.write(lambda tx: leases.release(tx, "prune", 1, old))
    assert await take(engine, 3, NOW + MINUTE) is None
    await engine.write(lambda tx: leases.release(tx, "prune", 2, new))
    assert await take(engine, 3, NOW + MINUTE) == new + 1


async def test_a_released_lease_can_be_taken_at_once(engine):
    fence = await take(engine, 1, NOW)
    await engine.write(lambda tx: leases.release(tx, "prune", 1, fence + 1))  # not the one held: no effect
    assert await take(engine, 2, NOW) is None
    await engine.write(lambda tx: leases.release(tx, "prune", 1, fence))
    assert await take(engine, 2, NOW) == fence + 1
