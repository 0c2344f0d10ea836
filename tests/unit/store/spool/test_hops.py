from postroom.store.spool import hops
from postroom.store.spool.hops import DeadHop

NOW = 1_750_000_000_000_000


async def dead(engine, hop, now=NOW, next_try=NOW + 100, why="timeout"):
    return await engine.write(lambda tx: hops.dead(tx, hop, now, next_try, why))


async def test_failures_are_counted_from_the_first(engine):
    assert await dead(engine, "a.test") == 1
    assert await dead(engine, "a.test", NOW + 100, NOW + 300, "refused") == 2
    assert await hops.get(engine.reading(), "a.test") == DeadHop("a.test", 2, NOW, NOW + 300, "refused")


async def test_two_who_find_it_out_at_once_are_one_failure(engine):
    assert await dead(engine, "a.test") == 1
    assert await dead(engine, "a.test", NOW + 1, NOW + 500, "refused") == 1
    assert await hops.get(engine.reading(), "a.test") == DeadHop("a.test", 1, NOW, NOW + 100, "timeout")


async def test_a_probe_that_fails_counts_though_its_time_is_reserved(engine):
    await dead(engine, "a.test")
    await engine.write(lambda tx: hops.probe(tx, "a.test", NOW + 100, NOW + 400))
    assert await engine.write(lambda tx: hops.still_dead(tx, "a.test", NOW + 110, NOW + 300, "refused")) == 2
    assert (await hops.get(engine.reading(), "a.test")).next_try == NOW + 300


async def test_a_hop_that_answers_is_forgotten(engine):
    await dead(engine, "a.test")
    assert await engine.write(lambda tx: hops.alive(tx, "a.test"))
    assert not await engine.write(lambda tx: hops.alive(tx, "a.test"))
    assert await hops.get(engine.reading(), "a.test") is None


async def test_one_probe_at_a_time(engine):
    await dead(engine, "a.test")
    tries = [
        await engine.write(lambda tx, now=now: hops.probe(tx, "a.test", now, now + 60))
        for now in (NOW + 99, NOW + 100, NOW + 101, NOW + 160)
    ]
    assert tries == [False, True, False, True]
    assert not await engine.write(lambda tx: hops.probe(tx, "well.test", NOW, NOW + 60))


async def test_the_next_try_can_come_sooner_but_not_later(engine):
    await dead(engine, "a.test")
    for at in (NOW + 200, NOW + 7):
        await engine.write(lambda tx, at=at: hops.try_now(tx, "a.test", at))
    assert (await hops.get(engine.reading(), "a.test")).next_try == NOW + 7


async def test_listing_goes_by_name(engine):
    for hop in ("b.test", "a.test", "c.test"):
        await dead(engine, hop)
    assert [one.hop for one in await hops.listing(engine.reading(), limit=2)] == ["a.test", "b.test"]
    assert [one.hop for one in await hops.listing(engine.reading(), "b.test")] == ["c.test"]


async def test_what_nobody_tries_any_more_is_forgotten(engine):
    await dead(engine, "old.test", next_try=NOW)
    await dead(engine, "new.test", next_try=NOW + 9)
    assert await engine.write(lambda tx: hops.prune(tx, NOW + 1)) == 1
    assert [one.hop for one in await hops.listing(engine.reading())] == ["new.test"]
