"""Policies of other domains: kept, replaced, due, forgotten."""

from postroom.store.peers import sts_policies
from postroom.store.peers.sts_policies import StoredPolicy

DAY = 86_400_000_000
NOW = 1_750_000_000_000_000


def policy(domain, name="1", *, expires=NOW + 7 * DAY, refresh=NOW + DAY, used=NOW):
    return StoredPolicy(domain, name, b"version: STSv1", NOW, expires, refresh, used)


async def put(engine, *policies):
    for one in policies:
        await engine.write(lambda tx, one=one: sts_policies.put(tx, one))


async def test_a_policy_is_kept_and_replaced(engine):
    await put(engine, policy("a.test"), policy("b.test"), policy("a.test", "2"))
    assert await sts_policies.get(engine.reading(), "a.test") == policy("a.test", "2")
    assert await sts_policies.get(engine.reading(), "c.test") is None


async def test_use_is_noted_and_survives_a_new_policy(engine):
    await put(engine, policy("a.test"))
    await engine.write(lambda tx: sts_policies.mark_used(tx, "a.test", NOW + DAY))
    await engine.write(lambda tx: sts_policies.mark_used(tx, "a.test", NOW))
    await put(engine, policy("a.test", "2"))
    assert (await sts_policies.get(engine.reading(), "a.test")).used == NOW + DAY


async def test_those_are_due_whose_time_has_come_and_that_mail_asks_for(engine):
    await put(
        engine,
        policy("late.test", refresh=NOW - 1),
        policy("now.test", refresh=NOW),
        policy("later.test", refresh=NOW + 1),
        policy("forgotten.test", refresh=NOW, used=NOW - DAY - 1),
    )
    found = await sts_policies.due(engine.reading(), NOW, NOW - DAY, 10)
    assert [one.domain for one in found] == ["late.test", "now.test"]
    assert len(await sts_policies.due(engine.reading(), NOW, NOW - DAY, 1)) == 1
    await engine.write(lambda tx: sts_policies.fetch_later(tx, "late.test", NOW + DAY))
    found = await sts_policies.due(engine.reading(), NOW, NOW - DAY, 10)
    assert [one.domain for one in found] == ["now.test"]


async def test_what_has_expired_is_pruned(engine):
    await put(engine, policy("old.test", expires=NOW), policy("new.test", expires=NOW + 1))
    await engine.write(lambda tx: sts_policies.prune(tx, NOW))
    assert await sts_policies.get(engine.reading(), "old.test") is None
    assert await sts_policies.get(engine.reading(), "new.test") is not None
