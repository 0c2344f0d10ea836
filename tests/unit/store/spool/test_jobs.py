import asyncio

import pytest

from postroom.store.spool import hops, jobs, queue, spool
from postroom.store.spool.jobs import NEVER, Again, Destinations, LeaseLost, Outcome
from postroom.store.spool.spool import Blob, Spooled
from queued import DAY, NOW, SECOND, claim, handle, job, lease, letter, numbers, put

HOUR = 3600 * SECOND
LATER = NOW + HOUR


async def settle(engine, one, outcomes, again=None):
    return await engine.write(lambda tx: jobs.settle(tx, one, outcomes, again))


async def rows(engine):
    """How many rows of spool, jobs and rcpt there are."""
    tx = engine.reading()
    counts = [await tx.fetchrow(f"SELECT COUNT(*) FROM {table}") for table in ("spool", "jobs", "rcpt")]
    return [count[0] for count in counts]


async def test_a_claim_takes_no_more_than_asked_for(engine):
    for number in (1, 2, 3):
        await put(engine, letter(number), job())
    assert numbers(await claim(engine, lease(), limit=2)) == [1, 2]
    assert numbers(await claim(engine, lease(), limit=2)) == [3]


async def test_a_claimed_job_says_all_that_is_needed(engine):
    message = letter(1)
    await put(engine, message, job(numbers=(0, 1)))
    (one,) = await claim(engine, lease())
    assert one.letter == Spooled(
        *[getattr(message, n) for n in message.__struct_fields__[:5]], None, message.terms
    )
    assert (one.hop, one.number, one.epoch, one.attempts) == ("hamburger.test", 0, 1, 0)
    assert [copy.n for copy in one.copies] == [0, 1]
    assert (one.expires, one.alarmed, one.probe) == (NOW + 5 * DAY, False, False)


@pytest.mark.parametrize(
    ("due", "at", "claimed"), [(NOW, NOW, 1), (NOW + 1, NOW, 0), (NOW + 1, NOW + 1, 1)], ids=str
)
async def test_only_what_is_due_is_claimed(engine, due, at, claimed):
    await put(engine, letter(1), job(due=due))
    assert len(await claim(engine, lease(now=at))) == claimed


async def test_the_order_is_priority_then_age(engine):
    await put(engine, letter(1, priority=-3), job(due=NOW - 50))
    await put(engine, letter(2), job("a.test", due=NOW - 5))
    await put(engine, letter(3), job("b.test", due=NOW - 9))
    await put(engine, letter(4), job("b.test", due=NOW - 1))
    await put(engine, letter(5, priority=6), job(due=NOW))
    assert numbers(await claim(engine, lease())) == [5, 3, 4, 2, 1]


async def test_each_next_hop_is_a_job_of_its_own(engine):
    await put(engine, letter(1), job("a.test", numbers=(0, 2)), job("b.test", numbers=(1,)))
    found = await claim(engine, lease())
    assert [(one.hop, [copy.n for copy in one.copies]) for one in found] == [
        ("a.test", [0, 2]),
        ("b.test", [1]),
    ]


async def test_hops_without_room_are_left_out(engine):
    await put(engine, letter(1), job("a.test"))
    await put(engine, letter(2), job("b.test"))
    found = await engine.write(lambda tx: jobs.claim(tx, [1], lease(), 9, {"a.test"}))
    assert numbers(found) == [2]


class Watched:
    """A transaction that knows how many rows a statement gave at most."""

    def __init__(self, tx):
        self.tx, self.most = tx, 0

    def __getattr__(self, name):
        return getattr(self.tx, name)

    async def fetch(self, sql, *args):
        rows = await self.tx.fetch(sql, *args)
        self.most = max(self.most, len(rows))
        return rows


async def test_what_cannot_be_claimed_is_not_handed_out(engine):
    """In a thread each row is a fight for the interpreter's lock: with ten thousand next hops, more than a second of the writer's time."""
    for number in range(10):
        await put(engine, letter(number), job(f"later{number}.test", LATER))
        await put(engine, letter(10 + number), job(f"dead{number}.test"))
        await engine.write(lambda tx, n=number: hops.dead(tx, f"dead{n}.test", NOW, LATER + 1, "timeout"))
    await put(engine, letter(20), job("now.test"))

    async def look(tx):
        watched = Watched(tx)
        found = await jobs.claim(watched, [1], lease(), 5, {"now.test"})
        due = await jobs.next_due(watched, [1], NOW, {"now.test"})
        return numbers(found), due, watched.most <= 20

    assert await engine.write(look) == ([], LATER, True)
    assert numbers(await claim(engine, lease())) == [20]


async def test_slots_are_those_of_the_accepting_nodes(engine):
    for number, node in ((1, 1), (2, 5), (3, 261)):
        await put(engine, letter(number, node=node), job())
    assert await jobs.slots(engine.reading()) == [1, 5]
    assert numbers(await claim(engine, lease(), slot=5)) == [2, 3]


async def test_the_last_copy_takes_the_message_with_it(engine):
    message = letter(1)
    await put(
        engine,
        Spooled(message.spool_id, 1, NOW, None, 5, Blob(3, 4)),
        job("a.test"),
        job("b.test", numbers=(1,)),
    )
    first, second = await claim(engine, lease())
    assert await settle(engine, first, [Outcome(0, final=True)]) is None
    assert await rows(engine) == [1, 1, 1]
    assert await settle(engine, second, [Outcome(1, final=True)]) == Blob(3, 4)
    assert await rows(engine) == [0, 0, 0]


async def test_what_is_left_is_tried_again(engine):
    await put(engine, letter(1), job(numbers=(0, 1, 2)))
    (one,) = await claim(engine, lease())
    outcomes = [Outcome(0, final=True), Outcome(1, final=False, status="452 4.2.2 full")]
    assert await settle(engine, one, outcomes, Again(LATER, NOW + DAY, "452 4.2.2 full")) is None
    assert await claim(engine, lease(now=LATER - 1)) == []
    (again,) = await claim(engine, lease(now=LATER))
    assert [(copy.n, copy.status) for copy in again.copies] == [(1, "452 4.2.2 full"), (2, "")]
    assert (again.attempts, again.alarm, again.epoch) == (1, NOW + DAY, 2)


async def test_what_is_left_may_not_be_forgotten(engine):
    await put(engine, letter(1), job(numbers=(0, 1)))
    (one,) = await claim(engine, lease())
    with pytest.raises(ValueError, match="1 copies are left"):
        await settle(engine, one, [Outcome(0, final=True)])


async def test_giving_a_job_back_is_no_attempt(engine):
    await put(engine, letter(1), job())
    (one,) = await claim(engine, lease())
    await settle(engine, one, [], Again(NOW, one.alarm, attempted=False))
    (again,) = await claim(engine, lease())
    assert (again.attempts, again.epoch) == (0, 2)


async def test_a_renewed_lease_lasts_longer(engine):
    await put(engine, letter(1), job())
    (one,) = await claim(engine, lease())
    longer = await engine.write(lambda tx: jobs.renew(tx, one, LATER))
    assert longer.lease.until == LATER
    assert await claim(engine, lease(2, LATER - 1)) == []
    assert numbers(await claim(engine, lease(2, LATER))) == [1]


@pytest.mark.parametrize("same_node", [True, False], ids=["same node", "other node"])
async def test_a_zombie_is_refused(engine, same_node):
    await put(engine, letter(1), job(numbers=(0, 1)))
    (dead,) = await claim(engine, lease(1))
    (alive,) = await claim(engine, lease(1 if same_node else 2, now=LATER))
    both = [Outcome(0, final=True), Outcome(1, final=True)]
    for outcomes, again in ((both, None), (both[:1], Again(NOW, NOW)), ([], Again(NOW, NOW))):
        with pytest.raises(LeaseLost):
            await settle(engine, dead, outcomes, again)
    assert await engine.write(lambda tx: jobs.renew(tx, dead, LATER + HOUR)) is None
    assert await rows(engine) == [1, 1, 2]
    await settle(engine, alive, both)
    assert await rows(engine) == [0, 0, 0]
    with pytest.raises(LeaseLost):
        await settle(engine, dead, both)


async def test_a_late_result_counts_while_nobody_else_has_the_job(engine):
    await put(engine, letter(1), job())
    (one,) = await claim(engine, lease(seconds=1))
    await settle(engine, one, [Outcome(0, final=True)])
    assert await rows(engine) == [0, 0, 0]


async def test_the_mail_of_a_dead_hop_is_left_alone_but_for_one_probe(engine):
    for number in (1, 2, 3):
        await put(engine, letter(number), job("dead.test"))
    await put(engine, letter(4), job("well.test"))
    await engine.write(lambda tx: hops.dead(tx, "dead.test", NOW, NOW + 60 * SECOND, "timeout"))
    assert numbers(await claim(engine, lease())) == [4]
    probes = await claim(engine, lease(now=NOW + 60 * SECOND))
    assert [(one.letter.accept_id, one.probe) for one in probes] == [(1, True)]
    assert await claim(engine, lease(2, now=NOW + 61 * SECOND)) == []
    await engine.write(lambda tx: hops.alive(tx, "dead.test"))
    assert numbers(await claim(engine, lease(2, now=NOW + 62 * SECOND))) == [2, 3]


async def test_an_alarm_is_heard_though_the_hop_is_dead_or_the_job_not_due(engine):
    await put(engine, letter(1), job("dead.test", alarm=LATER))
    await put(engine, letter(2), job("well.test", due=NOW + DAY, alarm=LATER))
    await engine.write(lambda tx: hops.dead(tx, "dead.test", NOW, NOW + DAY, "timeout"))
    assert await claim(engine, lease(now=LATER - 1)) == []
    found = await claim(engine, lease(now=LATER))
    assert [(one.letter.accept_id, one.alarmed, len(one.copies)) for one in found] == [
        (1, True, 1),
        (2, True, 1),
    ]
    assert await claim(engine, lease(now=LATER)) == []
    for one in found:
        await settle(engine, one, [], Again(NOW + DAY, one.expires, notices=1, attempted=False))
    assert await claim(engine, lease(now=LATER)) == []
    assert [one.notices for one in await claim(engine, lease(now=NOW + 5 * DAY))] == [1, 1]


async def test_alarms_are_limited_like_claims(engine):
    for number in (1, 2, 3):
        await put(engine, letter(number), job(due=NOW + DAY, alarm=NOW))
    assert numbers(await claim(engine, lease(), limit=2)) == [1, 2]


async def test_one_job_can_be_taken_unless_someone_works_on_it(engine):
    spool_id = await put(engine, letter(1), job(due=NEVER), job("b.test", numbers=(1,)))
    one = await engine.write(lambda tx: jobs.take(tx, spool_id, 1, lease()))
    assert (one.hop, [copy.n for copy in one.copies]) == ("b.test", [1])
    assert await engine.write(lambda tx: jobs.take(tx, spool_id, 1, lease(2))) is None
    assert await engine.write(lambda tx: jobs.take(tx, spool_id, 7, lease(2))) is None
    assert (await engine.write(lambda tx: jobs.take(tx, spool_id, 1, lease(2, LATER)))).epoch == 2


async def test_a_hop_may_ask_for_its_mail(engine):
    await put(engine, letter(1), job("home.test", due=NOW + DAY))
    await put(engine, letter(2, node=2, priority=4), job("home.test", due=NOW + DAY))
    await put(engine, letter(3), job("other.test", due=NOW + DAY))
    await engine.write(lambda tx: hops.dead(tx, "home.test", NOW, NOW + DAY, "timeout"))
    assert await jobs.start_hops(engine, Destinations("home.test"), NOW) == 2
    assert numbers(await engine.write(lambda tx: jobs.claim(tx, [1, 2], lease(), 9))) == [1, 2]


async def test_a_hop_that_nothing_waits_for_is_alive_again(engine):
    await engine.write(lambda tx: hops.dead(tx, "home.test", NOW, NOW + DAY, "timeout"))
    assert await jobs.start_hops(engine, Destinations("home.test"), NOW) == 0
    assert await hops.get(engine.reading(), "home.test") is None


async def test_much_mail_is_made_due_in_commits_of_bounded_size(engine, monkeypatch):
    """A stranger may ask: what comes in meanwhile does not wait for all of it."""
    monkeypatch.setattr(jobs, "DUE_AT_ONCE", 3)
    for number in range(1, 9):
        await put(engine, letter(number, priority=number % 2), job("home.test", due=NOW + DAY))
    write, made_due = engine.write, []

    async def noted(work, urgency):
        made_due.append(await write(work, urgency))
        return made_due[-1]

    monkeypatch.setattr(engine, "write", noted)
    assert await jobs.start_hops(engine, Destinations("home.test"), NOW) == 8
    assert made_due == [None, 3, 3, 2]
    assert len(await write(lambda tx: jobs.claim(tx, [1], lease(), 99))) == 8


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Destinations("home.test"), ["home.test"]),
        (Destinations("home.test", below=True), ["a.b.home.test", "home.test", "x.home.test"]),
        (Destinations("b.home.test", below=True), ["a.b.home.test"]),
        (Destinations(""), [""]),
        (Destinations("me.test", below=True), []),
    ],
)
async def test_etrn_reaches_the_domain_and_with_an_at_sign_all_below_it(engine, wanted, names):
    everybody = ["home.test", "x.home.test", "a.b.home.test", "othome.test", "home.test.org", ""]
    for number, hop in enumerate(everybody, start=1):
        await put(engine, letter(number), job(hop, due=NOW + DAY))
        await engine.write(lambda tx, hop=hop: hops.dead(tx, hop, NOW, NOW + DAY, "timeout"))
    assert await jobs.waiting(engine.reading(), wanted) == len(names)
    assert await jobs.start_hops(engine, wanted, NOW) == len(names)
    claimed = await engine.write(lambda tx: jobs.claim(tx, [1], lease(), 9))
    assert sorted(one.hop for one in claimed) == names


async def test_etrn_counts_what_is_under_way_and_leaves_out_what_is_held(engine):
    for number in (1, 2, 3):
        await put(engine, letter(number), job("home.test"))
    await claim(engine, lease(), limit=1)
    held = queue.Filter(spool_id=letter(3).spool_id)
    await handle(engine, queue.hold, held, NOW)
    assert await jobs.waiting(engine.reading(), Destinations("home.test")) == 2


@pytest.mark.parametrize(
    ("due", "alarm", "next_try", "expected"),
    [
        (NOW + 5, NOW + 9, 0, NOW + 5),
        (NOW - 5, NOW + 9, 0, NOW - 5),
        (NOW + 5, NOW + 2, 0, NOW + 2),
        (NOW - 5, NOW + 9, NOW + 7, NOW + 7),
        (NOW - 5, NOW - 1, NOW + 7, NOW - 1),
        (NEVER, NEVER, 0, None),
    ],
)
async def test_when_to_look_again(engine, due, alarm, next_try, expected):
    await put(engine, letter(1), job(due=due, alarm=alarm))
    if next_try:
        await engine.write(lambda tx: hops.dead(tx, "hamburger.test", NOW, next_try, ""))
    assert await jobs.next_due(engine.reading(), [1], NOW) == expected


async def test_an_empty_queue_has_nothing_to_wait_for(engine):
    assert await jobs.slots(engine.reading()) == []
    assert await jobs.next_due(engine.reading(), [1], NOW) is None
    assert await claim(engine, lease()) == []


async def test_a_leased_job_is_looked_at_again_when_its_lease_ends(engine):
    await put(engine, letter(1), job(alarm=NOW))
    await claim(engine, lease())
    assert await jobs.next_due(engine.reading(), [1], NOW) == lease().until


async def test_the_body_stays_until_the_end(engine):
    spool_id = await put(engine, letter(1), job())
    (one,) = await claim(engine, lease())
    assert await spool.body(engine.reading(), spool_id) == b"hello"
    await settle(engine, one, [Outcome(0, final=True)])
    assert await spool.body(engine.reading(), spool_id) is None


async def test_nodes_that_claim_at_once_share(engine):
    async def fill(tx):
        for number in range(40):
            await spool.put(tx, letter(number + 1), [job(f"{number % 3}.test")])

    await engine.write(fill)
    parts = await asyncio.gather(*(claim(engine, lease(node), limit=15) for node in (1, 2, 3, 4)))
    taken = [number for part in parts for number in numbers(part)]
    assert len(taken) == len(set(taken))
    rest = await claim(engine, lease(5))
    assert sorted(taken + numbers(rest)) == list(range(1, 41))


async def test_two_nodes_that_end_the_last_jobs_at_once_leave_nothing(engine):
    for number in range(1, 6):
        message = letter(number)
        spooled = Spooled(message.spool_id, 1, NOW, None, 5, Blob(3, number))
        await put(engine, spooled, job("a.test"), job("b.test", numbers=(1,)))
    found = await claim(engine, lease())
    ends = await asyncio.gather(
        *(settle(engine, one, [Outcome(copy.n, final=True) for copy in one.copies]) for one in found)
    )
    assert await rows(engine) == [0, 0, 0]
    assert sorted(end.blob_id for end in ends if end is not None) == [1, 2, 3, 4, 5]
