"""The queue and next hops in trouble; several runners; leases that are lost."""

import asyncio
from typing import Any

import pytest

from postroom.deliver import runner
from postroom.deliver.attempt import Attempt
from postroom.deliver.runner import LEASE_SECONDS, RENEW_SECONDS
from postroom.message.errors import TryLater
from postroom.store.spool import hops, jobs
from postroom.store.spool.jobs import Job, LeaseLost
from postroom.store.spool.spool import Lease
from sorting_office import SortingOffice

DOWN = "192.0.2.1 port 25: Connection refused"


async def settled(office: SortingOffice) -> None:
    """Waits until nobody works on any job."""

    async def done() -> bool:
        return not await office.rows("SELECT 1 FROM jobs WHERE node <> 0")

    await office.until(done)


async def test_a_thousand_jobs_of_a_dead_hop_wait_for_one_probe(office: SortingOffice) -> None:
    office.scripted.down["r.test"] = DOWN
    for _ in range(1000):
        await office.accept("eve@r.test", sender=None)
    office.start()
    await office.until(lambda: office.rows("SELECT 1 FROM hops"))
    await settled(office)
    assert await office.rows("SELECT failures, why FROM hops") == [(1, DOWN)]
    assert len(office.scripted.opened) <= 2  # as many as there are first connections
    tried = len(office.scripted.opened)
    [(attempts,)] = await office.rows("SELECT SUM(attempts) FROM jobs")
    assert (
        1 <= attempts <= tried
    )  # of two that fail together the last one tells, and the other's job waits with all others
    for failures, minutes in ((2, 5), (3, 10), (4, 20)):
        office.clock.advance(minutes * 60 + 1)
        await office.until(lambda n=failures: office.rows("SELECT 1 FROM hops WHERE failures = $1", n))
        await settled(office)
        assert len(office.scripted.opened) == tried + failures - 1
    del office.scripted.down["r.test"]
    office.clock.advance(40 * 60 + 1)
    await office.idle()
    assert len(office.scripted.sent) == 1000
    assert await office.rows("SELECT 1 FROM hops") == []


async def test_a_hop_is_not_dead_while_a_connection_to_it_stands(office: SortingOffice) -> None:
    """Another node gave it up meanwhile."""
    office.start()
    await office.accept("eve@r.test")
    await office.until(lambda: len(office.scripted.sent) == 1)
    now = office.clock.now()
    await office.engine.write(lambda tx: hops.dead(tx, "r.test", now, now + 3_600_000_000, DOWN))
    await office.accept("eve@r.test")
    await office.until(lambda: len(office.scripted.sent) == 2)


async def test_new_mail_for_a_dead_hop_waits_too_and_others_do_not(office: SortingOffice) -> None:
    office.scripted.down["r.test"] = DOWN
    office.start()
    await office.accept("eve@r.test", sender=None)
    await office.until(lambda: office.rows("SELECT 1 FROM hops"))
    for _ in range(20):
        await office.accept("eve@r.test", "joe@s.test", sender=None)
    await office.until(lambda: len(office.scripted.sent) == 20)
    assert {job.hop for job in office.scripted.sent} == {"s.test"}
    assert office.scripted.opened.count("r.test") == 1


async def test_a_report_on_mail_for_a_dead_hop_says_why(office: SortingOffice) -> None:
    office.scripted.down["r.test"] = DOWN
    office.start()
    for _ in range(2):
        await office.accept("eve@r.test", sender="bob@hamburger.test")
    await settled(office)
    office.clock.advance(6 * 86_400)
    await office.idle()
    reports = await office.inbox(office.bob)
    assert len(reports) == 2
    assert all(b"Connection refused" in report for report in reports)


async def test_a_probe_that_was_not_made_leaves_it_to_the_next(office: SortingOffice) -> None:
    await office.accept("eve@r.test", sender=None)
    now = office.clock.now()
    await office.engine.write(lambda tx: hops.dead(tx, "r.test", now, now, DOWN))
    lease = Lease(1, now + 1, now + 10_000_000)
    [job] = await office.engine.write(lambda tx: jobs.claim(tx, [1], lease, 10))
    assert job.probe
    await office.settler.settle(job, Attempt(now, tried=False), now + 2)
    assert await office.rows("SELECT next_try FROM hops") == [(now + 2,)]


async def test_two_runners_send_each_message_once(office: SortingOffice) -> None:
    for n in range(200):
        await office.accept(f"user{n}@r.test", f"user{n}@s.test", sender=None)
    other = SortingOffice(office.store, node=2, clock=office.clock)
    office.start()
    other.start()
    await office.idle()
    sent = [str(job.copies[0].address) for one in (office, other) for job in one.scripted.sent]
    assert len(sent) == len(set(sent)) == 400
    await other.close()
    assert not office.faults + other.faults


async def test_what_a_zombie_did_is_not_written(office: SortingOffice) -> None:
    await office.accept("eve@r.test", sender=None)
    office.scripted.gate.clear()
    office.start()
    await office.until(lambda: office.scripted.sent)
    now = office.clock.now()
    stolen = Lease(2, now + 10**9, now + 2 * 10**9)
    [job] = await office.engine.write(lambda tx: jobs.claim(tx, [1], stolen, 10))
    office.scripted.gate.set()
    await office.until(lambda: office.faults)
    assert isinstance(office.faults[0], LeaseLost)
    assert await office.rows("SELECT node, epoch FROM jobs") == [(2, job.epoch)]


async def test_what_another_node_has_taken_is_not_sent_from_the_line_as_well(office: SortingOffice) -> None:
    """A node that stood still for longer than its leases last had hundreds of messages in its line, and sent them all once more."""
    for _ in range(20):
        await office.accept("eve@r.test", sender=None)
    office.scripted.gate.clear()
    office.start()
    await office.until(lambda: office.scripted.sent)
    await office.until(
        lambda: office.rows("SELECT node FROM jobs GROUP BY node HAVING COUNT(*) = 20 AND node = 1")
    )
    now = office.clock.now()
    stolen = Lease(2, now + 10**9, now + 2 * 10**9)
    taken = await office.engine.write(lambda tx: jobs.claim(tx, [1], stolen, 100))
    assert len(taken) == 20
    office.clock.advance(RENEW_SECONDS + 1)
    await office.until(lambda: len(office.runner._at_work) == len(office.scripted.sent))  # it has looked
    begun = len(office.scripted.sent)
    office.scripted.gate.set()
    await office.until(lambda: len(office.faults) >= begun)
    await asyncio.sleep(0.2)
    assert len(office.scripted.sent) == begun


async def test_leases_are_renewed_while_the_work_goes_on(office: SortingOffice) -> None:
    await office.accept("eve@r.test", sender=None)
    office.scripted.gate.clear()
    office.start()
    await office.until(lambda: office.scripted.sent)
    for _ in range(5):
        office.clock.advance(RENEW_SECONDS + 1)
        wanted = office.clock.now() + (LEASE_SECONDS - 5) * 1_000_000
        await office.until(lambda due=wanted: office.rows("SELECT 1 FROM jobs WHERE due > $1", due))
    office.clock.advance(10 * LEASE_SECONDS)  # even behind its end, as nobody else has taken it
    office.scripted.gate.set()
    await office.idle()
    assert len(office.scripted.sent) == 1
    assert not office.faults


async def test_a_renewal_that_falls_due_while_jobs_are_claimed_is_not_slept_over(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.accept("eve@r.test", sender=None)
    office.scripted.gate.clear()
    office.start()
    await office.until(lambda: office.scripted.sent)
    claim, due = jobs.claim, []

    async def slow(*arguments: Any) -> Any:
        if not due:
            office.clock.advance(RENEW_SECONDS + 1)
            due.append(office.clock.now() + (LEASE_SECONDS - 5) * 1_000_000)
        return await claim(*arguments)

    monkeypatch.setattr(jobs, "claim", slow)
    office.runner.wake()
    await office.until(lambda: due and office.rows("SELECT 1 FROM jobs WHERE due > $1", due[0]))
    office.scripted.gate.set()
    await office.idle()


async def test_long_looks_at_the_queue_leave_time_for_others(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ten thousand next hops in trouble each of them wakes the runner again and again."""
    monkeypatch.setattr(runner, "REST", 1e6)
    monkeypatch.setattr(runner, "LONGEST_REST", 3600.0)
    claim, looks = jobs.claim, []

    async def long(*arguments: Any) -> Any:
        looks.append(arguments)
        return await claim(*arguments)

    monkeypatch.setattr(jobs, "claim", long)
    office.start()
    for _ in range(20):
        office.runner.wake()
        await asyncio.sleep(0.01)
    assert len(looks) == 1


@pytest.mark.parametrize("times", [2, 12], ids=["for a moment", "until its administrator comes"])
async def test_a_store_that_is_away_does_not_send_twice(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    settle, failures = office.settler.settle, [TryLater()] * times

    async def failing(job: Job, attempt: Attempt, now: int) -> object:
        if failures:
            raise failures.pop()
        return await settle(job, attempt, now)

    monkeypatch.setattr(office.settler, "settle", failing)
    await office.accept("eve@r.test", sender=None)
    office.start()
    await office.until(lambda: office.faults)
    for _ in range(times):
        await asyncio.sleep(0.05)
        office.clock.advance(31)
    await office.idle()
    assert len(office.scripted.sent) == 1


async def test_a_fault_of_ours_delays_one_job_and_stops_nothing(office: SortingOffice) -> None:
    def script(job: Job) -> Attempt:
        if job.copies[0].address.local == "bad":
            raise RuntimeError("a bug")
        return office.scripted.take(job)

    office.scripted.scripts["r.test"] = script
    office.start()
    for name in ("bad", "good", "fine"):
        await office.accept(f"{name}@r.test", sender=None)
    await office.until(lambda: len(office.scripted.sent) == 3)
    await settled(office)
    assert await office.waiting() == [("r.test", ["bad@r.test"])]
    assert [str(fault) for fault in office.faults] == ["a bug"]


@pytest.mark.parametrize("waiting", [False, True], ids=["handed over", "claimed"])
async def test_slow_hops_leave_room_for_others(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch, waiting: bool
) -> None:
    """They may answer each command just in time, for hours (RFC 5321 §4.5.3.2): that must be nobody else's wait."""
    monkeypatch.setattr(runner, "MOST_AT_WORK", 40)
    office.scripted.gate.clear()
    if not waiting:
        office.start()
    for number in range(120):
        await office.accept(f"eve@slow{number % 3}.test", sender=None)
    await office.accept("eve@r.test", sender=None)
    if waiting:
        office.start()
    await office.until(lambda: "r.test" in {job.hop for job in office.scripted.sent})
    office.scripted.gate.set()


async def test_what_was_too_much_for_memory_is_claimed_soon(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MOST_AT_WORK", 6)
    office.scripted.gate.clear()
    office.start()
    for _ in range(20):
        await office.accept("eve@r.test", sender=None)
    assert await office.rows("SELECT COUNT(*) FROM jobs WHERE node = 0") != [(0,)]
    office.scripted.gate.set()
    await asyncio.wait_for(office.idle(), 45)  # not the runner's longest sleep of a minute
    assert len(office.scripted.sent) == 20


async def test_stopping_gives_back_what_is_queued(office: SortingOffice) -> None:
    office.scripted.gate.clear()
    office.start()
    for _ in range(10):
        await office.accept("eve@r.test", sender=None)
    await office.until(lambda: len(office.scripted.sent) == 2)
    stopping = asyncio.ensure_future(office.close())
    await asyncio.sleep(0.05)
    office.scripted.gate.set()
    await stopping
    assert await office.rows("SELECT COUNT(*) FROM jobs WHERE node = 0") == [(8,)]
    assert len(office.scripted.sent) == 2
    office.running = False


async def test_a_next_hop_that_is_silent_does_not_hold_the_end_for_ever(office: SortingOffice) -> None:
    office.scripted.gate.clear()
    office.start()
    await office.accept("eve@r.test", sender=None)
    await office.until(lambda: len(office.scripted.sent) == 1)
    await asyncio.wait_for(office.runner.stop(0.05), 60)
    office.running = False
    assert await office.rows("SELECT COUNT(*) FROM jobs") == [(1,)]


async def test_nothing_is_claimed_while_the_store_cannot_keep_up(office: SortingOffice) -> None:
    await office.accept("eve@r.test", sender=None)
    office.overloaded = True
    office.start()
    await asyncio.sleep(0.1)
    assert office.scripted.opened == []
    office.overloaded = False
    office.runner.wake()
    await office.idle()


async def test_a_body_that_is_gone_is_waited_for_not_spun_on(office: SortingOffice) -> None:
    names = [f"user{n}@hamburger.test" for n in range(21)]
    for name in names:
        await office.add_account(name)
    await office.accept(*names, content=b"Subject: big\r\n\r\n" + b"x" * 30_000)
    assert office.store.files is not None
    [(account, blob)] = await office.rows("SELECT account_id, blob_id FROM blobs")
    office.store.files.remove(account, blob)
    office.start()
    await office.until(lambda: office.rows("SELECT 1 FROM jobs WHERE attempts = 1"))
    await settled(office)
    assert await office.rows("SELECT attempts FROM jobs") == [(1,)]


class SlowPeer:
    """Whoever fetches its mail (RFC 2645), and takes no answer to a message."""

    usable = True

    def __init__(self) -> None:
        self.sent = 0

    def suits(self, job: Job) -> bool:
        return True

    async def deliver(self, job: Job) -> Attempt:
        self.sent += 1
        await asyncio.sleep(3600)
        return Attempt(job.lease.now)

    async def quit(self) -> None: ...


async def test_who_fetches_slowly_does_not_hold_the_end_up(office: SortingOffice) -> None:
    for _ in range(3):
        await office.accept("eve@r.test")
    office.runner = office.make_runner(office.scripted, fetched=frozenset({"r.test"}))
    office.start()
    peer = SlowPeer()
    office.runner.in_background(office.runner.deliver_over(peer, ["r.test"]))
    await office.until(lambda: peer.sent == 1)
    office.running = False
    await asyncio.wait_for(office.runner.stop(0.2), 60)
    assert peer.sent == 1
