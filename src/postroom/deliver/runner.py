"""The runner: takes jobs that are due, has them tried, and writes down what came of them.

Jobs come straight from acceptance (leased to this node already) or by claims. A lease outlives the longest conversation; when it is lost
all the same, what was done is not written (RFC 5321 §4.5.4.1; at worst a message is sent twice). Not here: statements, dialogues, pauses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from postroom.deliver.attempt import Attempt
from postroom.deliver.destinations import Destination, Relay
from postroom.deliver.legs import LOCAL_HOP
from postroom.deliver.placing import Placed
from postroom.deliver.settling import Settler
from postroom.net.clock import Clock
from postroom.store import jobs
from postroom.store.changes import Change
from postroom.store.engine import Engine, Transaction, Urgency
from postroom.store.jobs import Job, LeaseLost
from postroom.store.spool import Lease

LEASE_SECONDS = 20 * 60  # longer than the longest conversation: 10 minutes for the last reply, and slack
CLAIM_AT_ONCE = 50
LONGEST_SLEEP = 60.0
MOST_AT_WORK = 2000  # jobs in memory
LOCAL_WORKERS = 4
_SECOND = 1_000_000


class Running(msgspec.Struct, frozen=True):
    """What the runner works with. `local` files a job's copies; `overloaded` says whether claims must pause; `on_error` hears of faults."""

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


class _LocalConversation:
    """The way to this system's own mailboxes, seen as a next hop that is always there."""

    usable = True

    def __init__(self, local: Callable[[Job], Awaitable[Attempt]]) -> None:
        self._local = local

    async def deliver(self, job: Job) -> Attempt:
        return await self._local(job)

    async def quit(self) -> None:
        """Nothing to close."""


class _LocalRelay:
    def __init__(self, local: Callable[[Job], Awaitable[Attempt]]) -> None:
        self._local = local

    async def open(self, job: Job) -> _LocalConversation:  # noqa: ARG002 - the shape of `Relay`
        return _LocalConversation(self._local)


class Runner:
    """Runs one node's part of the queue."""

    def __init__(self, use: Running) -> None:
        self._use = use
        self._destinations: dict[str, Destination] = {}
        self._at_work: set[tuple[int, int]] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.paused = False

    def start(self) -> None:
        """Begins to claim."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Claims nothing more; what is being sent is sent to its end, everything else stays in the spool."""
        self._stopping = True
        self.wake()
        if self._task is not None:
            await self._task
        await asyncio.gather(*(destination.stop() for destination in self._destinations.values()))

    def wake(self) -> None:
        """Something may be due: look at once."""
        self._wake.set()

    def lease(self, hop: str, now: int) -> Lease | None:
        """A lease for a job that acceptance is about to make, when this node has a hand free for its next hop."""
        destination = self._destinations.get(hop)
        busy = destination is not None and destination.full
        if busy or self.paused or self._stopping or len(self._at_work) >= MOST_AT_WORK:
            return None
        return Lease(self._use.node, now, now + LEASE_SECONDS * _SECOND)

    def take(self, leased: Sequence[Job]) -> None:
        """Jobs that are leased to this node: starts with them."""
        for job in leased:
            self._offer(job)

    def _offer(self, job: Job) -> None:
        key = (job.spool_id, job.number)
        if key in self._at_work:
            return
        self._at_work.add(key)
        now = self._use.clock.now()
        if job.alarmed or now >= job.expires:
            self._in_background(self._settle(job, Attempt(now, tried=False)))
            return
        self._destination(job.hop).offer(job)

    def _destination(self, hop: str) -> Destination:
        destination = self._destinations.get(hop)
        if destination is None:
            use = self._use
            local = hop == LOCAL_HOP
            relay: Relay = _LocalRelay(use.local) if local else use.relay
            most = LOCAL_WORKERS if local else use.concurrency
            destination = self._destinations[hop] = Destination(relay, self._settle, most)
        return destination

    async def _settle(self, job: Job, attempt: Attempt) -> None:
        use = self._use
        try:
            placed: Placed = await use.settler.settle(job, attempt, use.clock.now())
        except LeaseLost as error:
            use.on_error(error)
        except Exception as error:  # noqa: BLE001 - the lease ends and the job is tried again; the fault is told
            use.on_error(error)
        else:
            use.publish([*attempt.changes, *placed.changes])
            self.take(placed.jobs)
        finally:
            self._at_work.discard((job.spool_id, job.number))
            if attempt.hop_down or attempt.delayed or not attempt.tried:
                self.wake()  # the time of the next try has changed

    def _in_background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                await self._claim()
                sleep = await self._until_due()
            except Exception as error:  # noqa: BLE001 - the store may be away for a while
                self._use.on_error(error)
                sleep = 1.0
            self._forget_idle()
            waiting = asyncio.ensure_future(self._wake.wait())
            sleeping = asyncio.ensure_future(self._use.clock.sleep(sleep))
            done, _ = await asyncio.wait((waiting, sleeping), return_when=asyncio.FIRST_COMPLETED)
            for task in (waiting, sleeping):
                if task not in done:
                    task.cancel()

    async def _claim(self) -> None:
        """Claims until nothing is due or the hands are full."""
        use = self._use
        while not (self.paused or self._stopping or use.overloaded()):
            room = min(CLAIM_AT_ONCE, MOST_AT_WORK - len(self._at_work))
            if room <= 0:
                return
            now = use.clock.now()
            lease = Lease(use.node, now, now + LEASE_SECONDS * _SECOND)
            busy = [hop for hop, destination in self._destinations.items() if destination.full]

            claimed = await use.engine.write(partial(_claim, lease, room, busy), Urgency.HOUSEKEEPING)
            self.take(claimed)
            if len(claimed) < room:
                return

    async def _until_due(self) -> float:
        reading = self._use.engine.reading()
        now = self._use.clock.now()
        due = await jobs.next_due(reading, await jobs.slots(reading), now)
        if due is None:
            return LONGEST_SLEEP
        return min(LONGEST_SLEEP, max(0.05, (due - now) / _SECOND))

    def _forget_idle(self) -> None:
        for hop in [hop for hop, destination in self._destinations.items() if destination.at_rest]:
            del self._destinations[hop]


async def _claim(lease: Lease, limit: int, busy: Sequence[str], tx: Transaction) -> list[Job]:
    return await jobs.claim(tx, await jobs.slots(tx), lease, limit, busy)
