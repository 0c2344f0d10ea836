import pytest

from postroom.message.address import Address
from postroom.store.spool import hops, jobs, queue, spool
from postroom.store.spool.jobs import NEVER, Again, Outcome
from postroom.store.spool.queue import Filter, Place
from postroom.store.spool.spool import Spooled
from queued import DAY, NOW, SECOND, claim, handle, job, lease, letter, put

LATER = NOW + 3600 * SECOND


@pytest.fixture
async def full(engine):
    """Three messages: 1 to a.test and b.test, 2 (a bounce, older) to a.test, 3 held for b.test."""
    await put(engine, letter(1), job("a.test", LATER, (0, 1)), job("b.test", LATER, (2,)))
    bounce = letter(2, accepted=NOW - DAY)
    await put(engine, Spooled(bounce.spool_id, 2, bounce.accepted, None, 5, b"hello"), job("a.test", LATER))
    await put(engine, letter(3, node=2), job("b.test", LATER))
    await handle(engine, queue.hold, Filter(accept_id=3), NOW)
    return engine


ALL = Filter()


async def listed(engine, wanted=ALL):
    return await queue.listing(engine.reading(), wanted, NOW)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), ["1a", "1b", "2a", "3b"]),
        (Filter(spool_id=letter(1).spool_id), ["1a", "1b"]),
        (Filter(accept_id=2), ["2a"]),
        (Filter(sender="ALICE@crepes.test"), ["1a", "1b", "3b"]),
        (Filter(sender="<>"), ["2a"]),
        (Filter(recipient="User2@b.test"), ["1b"]),
        (Filter(domain="A.test"), ["1a", "2a"]),
        (Filter(domain="test"), []),
        (Filter(domain="xa.test"), []),
        (Filter(hop="b.test"), ["1b", "3b"]),
        (Filter(hop=""), []),
        (Filter(accepted_before=NOW), ["2a"]),
        (Filter(held=True), ["3b"]),
        (Filter(held=False), ["1a", "1b", "2a"]),
        (Filter(hop="a.test", sender="<>", held=False), ["2a"]),
        (Filter(sender="' OR 1=1 --"), []),
        (Filter(sender="%"), []),
    ],
)
async def test_filters(full, wanted, found):
    assert [f"{one.letter.accept_id}{one.hop[:1]}" for one in await listed(full, wanted)] == found
    assert await queue.count(full.reading(), wanted) == len(found)


async def test_the_listing_goes_on_where_it_ended(full):
    seen, after = [], queue.START
    while page := await queue.listing(full.reading(), Filter(), NOW, after, 3):
        seen += page
        after = page[-1].place
    assert seen == await listed(full)


async def test_the_states_of_a_job(full):
    await full.write(lambda tx: hops.dead(tx, "b.test", NOW, NOW + DAY, "timeout"))
    await handle(full, queue.retry, Filter(accept_id=2), NOW)
    (active,) = await claim(full, lease(), limit=1)
    assert active.letter.accept_id == 2
    states = {f"{one.letter.accept_id}{one.hop[:1]}": (one.state, one.due) for one in await listed(full)}
    assert states == {
        "1a": ("waiting", LATER),
        "1b": ("dead", NOW + DAY),
        "2a": ("active", lease().until),
        "3b": ("held", NEVER),
    }


async def test_an_entry_shows_its_copies(full):
    first = (await listed(full))[0]
    shown = await queue.waiting_copies(full.reading(), first)
    assert [copy.address for copy in shown] == [Address("user0", "a.test"), Address("user1", "a.test")]
    assert (first.attempts, first.expires, first.why) == (0, NOW + 5 * DAY, "")


async def test_what_is_held_neither_goes_nor_expires(full):
    assert await handle(full, queue.hold, Filter(), NOW) == 3
    assert await full.write(lambda tx: jobs.claim(tx, [1, 2], lease(now=NOW + 9 * DAY), 9)) == []
    assert await handle(full, queue.release, Filter(accept_id=3), NOW) == 1
    (one,) = await full.write(lambda tx: jobs.claim(tx, [1, 2], lease(), 9))
    assert (one.letter.accept_id, one.alarmed) == (3, True)


async def test_a_job_at_work_is_held_when_its_attempt_ends(full):
    (one, *_) = await claim(full, lease(now=LATER), limit=1)
    assert await handle(full, queue.hold, Filter(hop="a.test", accept_id=1), LATER) == 1
    await full.write(lambda tx: jobs.settle(tx, one, [], Again(LATER, LATER)))
    claimed = await claim(full, lease(now=LATER))
    assert [(two.letter.accept_id, two.hop) for two in claimed] == [(2, "a.test"), (1, "b.test")]
    assert await queue.count(full.reading(), Filter(held=True)) == 2


async def test_a_job_whose_attempt_never_ended_is_held_when_its_lease_ends(full):
    """Whoever had it has died, or could not write down what came of it."""
    (one, *_) = await claim(full, lease(now=LATER), limit=1)
    assert await handle(full, queue.hold, Filter(hop="a.test", accept_id=1), LATER) == 1
    after = lease(now=lease(now=LATER).until)
    claimed = await claim(full, after)
    assert [(two.letter.accept_id, two.hop) for two in claimed] == [(2, "a.test"), (1, "b.test")]
    late = lease(now=NOW + 9 * DAY)
    assert one.letter.accept_id not in [
        two.letter.accept_id for two in await claim(full, late) if two.hop == "a.test"
    ]
    assert {(e.letter.accept_id, e.due) for e in await listed(full, Filter(held=True))} == {
        (1, NEVER),
        (3, NEVER),
    }


@pytest.mark.parametrize("alarmed", [False, True])
async def test_what_is_held_stays_so_when_its_removal_comes_to_nothing(full, alarmed):
    """The lease of whoever was about to drop it ends; it is the mail of a restored backup, which may have been sent."""
    (entry,) = await listed(full, Filter(held=True))
    await full.write(lambda tx: jobs.take(tx, entry.place.spool_id, entry.place.job, lease()))
    if alarmed:
        await full.write(lambda tx: tx.execute("UPDATE jobs SET alarm = $1 WHERE held = 1", NOW))
    after = lease(now=lease().until)
    slots = [1, 2]
    assert 3 not in [
        one.letter.accept_id for one in await full.write(lambda tx: jobs.claim(tx, slots, after, 9))
    ]
    assert await listed(full, Filter(held=True)) == [entry]
    assert await handle(full, queue.release, Filter(accept_id=3), after.now) == 1
    assert 3 in [one.letter.accept_id for one in await full.write(lambda tx: jobs.claim(tx, slots, after, 9))]


async def test_holding_ends_an_ended_lease(full):
    (one, *_) = await claim(full, lease(now=LATER), limit=1)
    after = lease(now=LATER).until
    assert await handle(full, queue.hold, Filter(), after) == 3
    with pytest.raises(jobs.LeaseLost):
        await full.write(
            lambda tx: jobs.settle(tx, one, [Outcome(copy.n, final=True) for copy in one.copies])
        )


async def test_retry_makes_due_and_gives_dead_hops_one_try(full):
    await full.write(lambda tx: hops.dead(tx, "a.test", NOW, NOW + DAY, "timeout"))
    assert await handle(full, queue.retry, Filter(), NOW) == 3
    claimed = await full.write(lambda tx: jobs.claim(tx, [1, 2], lease(), 9))
    assert [(one.letter.accept_id, one.hop, one.probe) for one in claimed] == [
        (1, "a.test", True),
        (1, "b.test", False),
    ]


async def test_nothing_is_tried_that_is_held(full):
    before = await listed(full)
    assert await handle(full, queue.retry, Filter(held=True), NOW) == 0
    assert await listed(full) == before


async def test_dropping_is_taking_and_ending(full):
    for entry in await listed(full, Filter(accept_id=1)):
        one = await full.write(lambda tx, at=entry.place: jobs.take(tx, at.spool_id, at.job, lease()))
        ends = [Outcome(copy.n, final=True) for copy in one.copies]
        await full.write(lambda tx, one=one, ends=ends: jobs.settle(tx, one, ends))
    assert await queue.count(full.reading(), Filter(accept_id=1)) == 0
    assert await spool.count(full.reading()) == 2


async def test_slices_lose_nothing(engine):
    count = queue.SLICE + 1

    async def fill(tx):
        for number in range(count):
            await spool.put(tx, letter(number + 1), [job(due=LATER)])

    await engine.write(fill)
    assert await queue.count(engine.reading(), Filter()) == count
    assert await handle(engine, queue.hold, Filter(held=False), NOW) == count


def test_places_sort_like_the_listing():
    assert queue.START < Place(0, 1, 0) < Place(0, 1, 1) < Place(0, 2, 0) < Place(1, 0, 0)


@pytest.mark.parametrize("stretch", [1, 2, 3])
async def test_in_stretches_nothing_is_left_out_or_told_twice(full, monkeypatch, stretch):
    monkeypatch.setattr(spool, "STRETCH", stretch)
    await put(full, letter(4, node=3), *(job(f"{one}.test", LATER, (n,)) for n, one in enumerate("abcdefg")))
    everything = await listed(full)
    assert len({one.place for one in everything}) == len(everything) == 11
    assert await queue.count(full.reading(), ALL) == 11
    assert await queue.count(full.reading(), Filter(domain="g.test")) == 1
    assert await spool.count(full.reading()) == 4
    seen, after = [], queue.START
    while page := await queue.listing(full.reading(), ALL, NOW, after, 2):
        seen += page
        after = page[-1].place
    assert seen == everything
