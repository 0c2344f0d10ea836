"""The rows of greylisting."""

from postroom.store.peers import greylist
from postroom.store.peers.greylist import Seen, Triple

NOW = 1_750_000_000_000_000
HOUR = 3_600_000_000
ONE = Triple("192.0.2.0/24", "x@r.test", "bob@l.test")
TWO = Triple("192.0.2.0/24", "", "bob@l.test")


async def tried(engine, triple, now=NOW, stale=0):
    await engine.write(lambda tx: greylist.tried(tx, triple, now, stale))


async def passed(engine, triple, now=NOW):
    return await engine.write(lambda tx: greylist.passed(tx, triple, now))


async def known(engine, triple):
    return await greylist.get(engine.reading(), triple)


async def test_a_first_try_stays_the_first(engine):
    assert await known(engine, ONE) is None
    await tried(engine, ONE)
    await tried(engine, ONE, NOW + 5)
    assert await known(engine, ONE) == Seen(NOW, NOW, 0)
    assert await known(engine, TWO) is None


async def test_a_stale_try_begins_anew(engine):
    await tried(engine, ONE)
    await tried(engine, ONE, NOW + 5, stale=NOW + 1)
    assert await known(engine, ONE) == Seen(NOW + 5, NOW + 5, 0)


async def test_who_passed_is_not_tried_again(engine):
    await tried(engine, ONE)
    assert await passed(engine, ONE, NOW + 1) == 1
    await tried(engine, ONE, NOW + 9, stale=NOW + 8)
    assert await known(engine, ONE) == Seen(NOW, NOW + 1, 1)
    assert await passed(engine, ONE, NOW + 10) == 2
    assert await known(engine, ONE) == Seen(NOW, NOW + 10, 2)


async def test_pruning(engine):
    await tried(engine, ONE)
    await passed(engine, TWO)
    prune = lambda before, once: engine.write(lambda tx: greylist.prune(tx, before, once))  # noqa: E731
    assert await prune(NOW, NOW) == 0
    assert await prune(NOW, NOW + 1) == 1
    assert await known(engine, ONE) is None
    assert await prune(NOW + 1, NOW + 1) == 1
    assert await known(engine, TWO) is None


async def test_pruning_in_slices(engine, monkeypatch):
    monkeypatch.setattr(greylist, "PRUNED_AT_ONCE", 3)
    for number in range(7):
        await tried(engine, Triple("n", f"{number}@r.test", "r"), NOW + number)
    counts = [await engine.write(lambda tx: greylist.prune(tx, NOW + HOUR, 0)) for _ in range(4)]
    assert counts == [3, 3, 1, 0]


async def test_the_oldest_of_too_many_go(engine):
    triples = [Triple("n", f"{number}@r.test", "r") for number in range(5)]
    for number, triple in enumerate(triples):
        await tried(engine, triple, NOW + number)
    beyond = lambda most: engine.write(lambda tx: greylist.prune_beyond(tx, most))  # noqa: E731
    assert await beyond(5) == 0
    assert await beyond(3) == 2
    assert [await known(engine, triple) is None for triple in triples] == [True, True, False, False, False]
