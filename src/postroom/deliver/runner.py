"""The runner: takes jobs that are due, has them tried, and writes down what came of them.

Jobs come straight from acceptance (leased to this node already) or by claims. Leases are renewed while the work goes on; when one is lost
all the same, what was done is not written (RFC 5321 §4.5.4.1; at worst a message is sent twice). Not here: statements, dialogues, pauses.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from postroom.deliver.attempt import Attempt, Deferral
from postroom.deliver.destinations import OUR_FAULT, Conversation, Destination, Relay
from postroom.deliver.legs import LOCAL_HOP
from postroom.deliver.placing import Placed
from postroom.deliver.settling import Settler
from postroom.message.errors import TryLater
from postroom.message.journey.events import Hop
from postroom.net.clock import Clock
from postroom.store.changes import Change
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.spool import jobs
from postroom.store.spool.jobs import Job, LeaseLost
from postroom.store.spool.spool import Lease

LEASE_SECONDS = 300  # what a crash delays; renewed as long as the work goes on
RENEW_SECONDS = 100.0
LOOK_AGAIN = 0.2  # seconds after a job was left without a lease
GRACE_SECONDS = 30.0  # for next hops that are slow when the service stops
CLAIM_AT_ONCE = 50
LONGEST_SLEEP = 60.0
REST = 4.0  # times as long as the last look at the queue took: with ten thousand next hops each wakes us, and each look is long
LONGEST_REST = 1.0  # seconds of such a rest
BLOCKED_SLEEP = 0.2  # while something is due that may not be claimed now
MOST_AT_WORK = 2000  # jobs in memory; those of one destination that wait are no more than there is room left, so half of it
LOCAL_WORKERS = 4
SETTLE_PAUSES = (1.0, 5.0, 30.0)  # seconds between tries to write down what was done; the last goes on
_SECOND = 1_000_000


class Running(msgspec.Struct, frozen=True):
    """What the runner works with. `local` files a job's copies; `overloaded` says whether claims must pause; `on_error` hears of faults.

    `journeyed` hears of what was written into the journal. `fetched` are the next hops that fetch their mail themselves: it is not claimed, but handed out by `deliver_over`.
    """

    engine: Engine
    clock: Clock
    node: int
    relay: Relay
    settler: Settler
    local: Callable[[Job], Awaitable[Attempt]]
    publish: Callable[[Sequence[Change]], None]
    overloaded: Callable[[], bool]
    on_error: Callable[[BaseException], None]
    concurrency: int = 10
    fetched: frozenset[str] = frozenset()
    journeyed: Callable[[int, Hop], None] | None = None


class _LocalConversation:
    """The way to this system's own mailboxes, seen as a next hop that is always there."""

    usable = True

    def __init__(self, local: Callable[[Job], Awaitable[Attempt]]) -> None:
        self._local = local

    async def deliver(self, job: Job) -> Attempt:
        return await self._local(job)

    def suits(self, job: Job) -> bool:  # noqa: ARG002 - the shape of `Conversation`
        """Nothing leaves this system."""
        return True

    async def quit(self) -> None:
        """Nothing to close."""


class _LocalRelay:
    def __init__(self, local: Callable[[Job], Awaitable[Attempt]]) -> None:
        self._local = local

    async def open(self, job: Job) -> _LocalConversation:  # noqa: ARG002 - the shape of `Relay`
        return _LocalConversation(self._local)

    def forget(self) -> None:
        """Knows nothing of others."""


class Runner:
    """Runs one node's part of the queue."""

    def __init__(self, use: Running) -> None:
        self._use = use
        self._destinations: dict[str, Destination] = {}
        self._at_work: dict[tuple[int, int], Job] = {}
        self._renewed = 0.0  # when all leases were young, by the clock's seconds
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()  # set for good when it stops
        self._refused = False  # a lease, so that a job may wait for a claim; or it is due later, perhaps before we would look
        self._looking: asyncio.TimerHandle | None = None
        self._rest = 0.0  # seconds before the next look, whoever asks for it
        self.paused = False

    def start(self) -> None:
        """Begins to claim."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Claims nothing more; what is being sent has `grace` seconds to its end, everything else stays in the spool."""
        self._ending.set()
        self.wake()
        if self._task is not None:
            await self._task
        await asyncio.gather(*(destination.stop(grace) for destination in self._destinations.values()))
        if self._background:
            _, slow = await asyncio.wait(self._background, timeout=grace)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

    def wake(self) -> None:
        """Something may be due: look at once."""
        self._wake.set()

    def look_again(self) -> None:
        """As `wake`, and nothing is believed of next hops: an administrator has done something."""
        self._use.relay.forget()
        self.wake()

    def lease(self, hop: str, now: int) -> Lease | None:
        """A lease for a job that acceptance is about to make, when this node has a hand free for its next hop."""
        destination = self._destinations.get(hop)
        room = MOST_AT_WORK - len(self._at_work)
        busy = hop in self._use.fetched or (destination is not None and destination.queued >= room)
        if busy or self.paused or self._ending.is_set() or room <= 0:
            self._refused = True
            return None
        return self._lease(now)

    def reached(self, hop: str) -> bool:
        """Whether a connection to this next hop stands: it is not dead then, whatever was noted before."""
        destination = self._destinations.get(hop)
        return destination is not None and destination.connected

    def later(self) -> None:
        """Acceptance is about to make a job that is due at a later time: after the commit it is looked when we have to wake for it."""
        self._refused = True

    def _lease(self, now: int) -> Lease:
        return Lease(self._use.node, now, now + LEASE_SECONDS * _SECOND)

    def take(self, leased: Sequence[Job]) -> None:
        """Jobs that are leased to this node: starts with them. Called after the commit also when there are none."""
        for job in leased:
            self._offer(job)
        if self._refused and self._looking is None:
            self._refused = False
            self._looking = asyncio.get_running_loop().call_later(LOOK_AGAIN, self._look)

    def _look(self) -> None:
        """Claims what acceptance could not hand over: for many messages at a time, not for each."""
        self._looking = None
        self.wake()

    async def deliver_over(self, conversation: Conversation, hops: Collection[str]) -> int:
        """Sends what waits for these hops over a connection that one of them has opened; gives the number of messages tried.

        Mail that comes in meanwhile goes along. The conversation is ended.
        """
        tried = 0
        try:
            while conversation.usable and not self._ending.is_set():
                claim = partial(_claim_hops, self.any_lease(), hops)
                claimed = await self._use.engine.write(claim, Urgency.CLIENT)
                if not claimed:
                    break
                self._at_work.update({(job.spool_id, job.number): job for job in claimed})
                for job in claimed:
                    tried += conversation.usable
                    await self._settle(job, await self._carry(conversation, job))
        finally:
            await conversation.quit()
        return tried

    async def _carry(self, conversation: Conversation, job: Job) -> Attempt:
        if self._ending.is_set() or not conversation.usable:
            return Attempt(job.lease.now, tried=False)
        try:
            return await conversation.deliver(job)
        except Exception as error:  # noqa: BLE001 - whatever it is: the job must come to an end
            self._use.on_error(error)
            return Attempt(job.lease.now, delayed={copy.n: Deferral(OUR_FAULT) for copy in job.copies})

    def in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs something that `stop` waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._use.on_error(error)

    def _offer(self, job: Job) -> None:
        key = (job.spool_id, job.number)
        if key in self._at_work:
            return
        self._at_work[key] = job
        now = self._use.clock.now()
        if job.alarmed or now >= job.expires:
            self.in_background(self._settle(job, Attempt(now, tried=False)))
            return
        self._destination(job.hop).offer(job)

    def _destination(self, hop: str) -> Destination:
        destination = self._destinations.get(hop)
        if destination is None:
            use = self._use
            local = hop == LOCAL_HOP
            relay: Relay = _LocalRelay(use.local) if local else use.relay
            most = LOCAL_WORKERS if local else use.concurrency
            destination = self._destinations[hop] = Destination(relay, self._settle, most, use.on_error)
        return destination

    async def _settle(self, job: Job, attempt: Attempt) -> None:
        try:
            placed = await self._write_down(job, attempt)
        finally:
            self._at_work.pop((job.spool_id, job.number), None)
        if placed is not None:
            self._use.publish([*attempt.changes, *placed.changes])
            self._tell(placed)
            self.take(placed.jobs)
        if attempt.hop_down or attempt.delayed or attempt.goes_on or not attempt.tried or job.probe:
            self.wake()  # the time of the next try has changed

    def _tell(self, placed: Placed) -> None:
        journeyed = self._use.journeyed
        if journeyed is not None:
            for accept_id, hop in placed.steps:
                journeyed(accept_id, hop)

    async def _write_down(self, job: Job, attempt: Attempt) -> Placed | None:
        """Settles, as often as it takes if the store is away: what was sent and not written down would be sent again."""
        use, tries = self._use, 0
        while True:
            try:
                return await use.settler.settle(job, attempt, use.clock.now())
            except Exception as error:  # noqa: BLE001 - of another one the lease ends in the end, and the job is tried again
                away, last = isinstance(error, TryLater), tries == len(SETTLE_PAUSES)
                if not (away and last):  # else it has been said often enough
                    use.on_error(error)
                if isinstance(error, LeaseLost) or self._ending.is_set() or (last and not away):
                    return None
            await use.clock.sleep(SETTLE_PAUSES[min(tries, len(SETTLE_PAUSES) - 1)])
            tries = min(tries + 1, len(SETTLE_PAUSES))

    async def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.clear()
            clock = self._use.clock
            began = clock.monotonic()
            try:
                await self._renew()
                pause = await self._claim()
                began = clock.monotonic()
                end = began + pause
                end = min(end, self._renewed + RENEW_SECONDS)  # perhaps past: claiming takes time
            except Exception as error:  # noqa: BLE001 - the store may be away for a while
                self._use.on_error(error)
                end = began + 1.0
            self._forget_idle()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._rest)
            waiting = asyncio.ensure_future(self._wake.wait())
            sleeping = asyncio.ensure_future(self._sleep_until(end))
            done, _ = await asyncio.wait((waiting, sleeping), return_when=asyncio.FIRST_COMPLETED)
            for task in (waiting, sleeping):
                if task not in done:
                    task.cancel()

    async def _sleep_until(self, end: float) -> None:
        """Looks at the clock when it begins to sleep: it may have been moved since `end` was worked out."""
        await self._use.clock.sleep(end - self._use.clock.monotonic())

    async def _renew(self) -> None:
        """Keeps the leases of what is at work, before anything is claimed: a lease that has just run out is still ours to renew."""
        use = self._use
        if use.clock.monotonic() - self._renewed < RENEW_SECONDS:
            return
        now, until = use.clock.monotonic(), self.any_lease().until
        lost = await _renewed(use.engine, list(self._at_work.values()), until)
        self._renewed = now
        for destination in self._destinations.values():
            for key in destination.drop(lost):
                self._at_work.pop(key, None)

    def any_lease(self) -> Lease:
        """One that begins now."""
        return self._lease(self._use.clock.now())

    def _busy(self) -> list[str]:
        """Next hops whose jobs are left where they are."""
        return [*self._use.fetched, *_full(self._destinations, MOST_AT_WORK - len(self._at_work))]

    async def _claim(self) -> float:
        """Claims until nothing is due; gives the seconds until something may be."""
        use = self._use
        self._rest = 0.0
        while not (self.paused or self._ending.is_set() or use.overloaded()):
            # what is claimed may all be of one hop
            room = min(CLAIM_AT_ONCE, (MOST_AT_WORK - len(self._at_work)) // 2)
            if room <= 0:
                break
            claim = partial(_claim, self.any_lease(), room, self._busy(), use.fetched)
            began = time.monotonic()
            claimed, due = await use.engine.write(claim, Urgency.HOUSEKEEPING)
            self.take(claimed)
            if len(claimed) < room:
                self._rest = min(LONGEST_REST, REST * (time.monotonic() - began))
                return self._until(due)
        return BLOCKED_SLEEP

    def _until(self, due: int | None) -> float:
        if due is None:
            return LONGEST_SLEEP
        full = len(self._busy()) > len(self._use.fetched)
        seconds = (due - self._use.clock.now()) / _SECOND
        return min(LONGEST_SLEEP, max(BLOCKED_SLEEP if full else 0.05, seconds))

    def _forget_idle(self) -> None:
        for hop in [hop for hop, destination in self._destinations.items() if destination.at_rest]:
            del self._destinations[hop]


def _full(destinations: Mapping[str, Destination], room: int) -> list[str]:
    return [hop for hop, one in destinations.items() if one.queued >= room]


async def _claim(
    lease: Lease, limit: int, busy: Sequence[str], fetched: Collection[str], tx: Transaction
) -> tuple[list[Job], int | None]:
    """What was claimed; and, when that is all, when something else will be due. Both in the writer's thread: it takes its time."""
    slots = await jobs.slots(tx)
    claimed = await jobs.claim(tx, slots, lease, limit, busy)
    if len(claimed) >= limit:
        return claimed, None
    return claimed, await jobs.next_due(tx, slots, lease.now, fetched)


async def _claim_hops(lease: Lease, hops: Collection[str], tx: Transaction) -> list[Job]:
    """What is due for these next hops, in the order of priority."""
    claimed: list[Job] = []
    for slot in await jobs.slots(tx):
        for lane in await jobs.lanes(tx, slot):
            if lane.hop in hops and lane.opens() <= lease.now and len(claimed) < CLAIM_AT_ONCE:
                claimed += await jobs.claim_lane(tx, lane, lease, CLAIM_AT_ONCE - len(claimed))
    return claimed


async def _renewed(engine: Engine, ours: Sequence[Job], until: int) -> set[tuple[int, int]]:
    """Renews leases; gives the jobs (message, number) that another node has taken, or that were just settled."""
    lost: list[Job] = []
    for at in range(0, len(ours), CLAIM_AT_ONCE):
        some = ours[at : at + CLAIM_AT_ONCE]
        lost += await engine.write(partial(_renew, some, until), Urgency.HOUSEKEEPING)
    return {(job.spool_id, job.number) for job in lost}


async def _renew(ours: Sequence[Job], until: int, tx: Transaction) -> list[Job]:
    """Gives those whose leases were lost."""
    return [job for job in ours if await jobs.renew(tx, job, until) is None]
