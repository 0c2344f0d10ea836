"""Connections to next hops: how many at once, which is reused, and what a dead one does to the others.

Each destination has its own queue of jobs and at most a few connections, from 2 up to a limit as they succeed and down as they fail, so that a
slow or dead one does not slow the rest. RFC 5321 §4.5.4.1 (many messages over one connection). Not here: the dialogue (`deliver.remote`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from postroom.deliver.attempt import Attempt, Deferral
from postroom.net import eager
from postroom.store.spool.jobs import Job

FIRST_CONNECTIONS = 2
IDLE_SECONDS = 5.0  # a connection waits that long for the next message
MESSAGES_PER_CONNECTION = 1000
OUR_FAULT = "4.3.0 A local error, will try again"


class Conversation(Protocol):
    """A connection to a next hop, ready for a message."""

    async def deliver(self, job: Job) -> Attempt:
        """One attempt; never raises for what the peer does."""

    @property
    def usable(self) -> bool:
        """Whether another message may be sent over it."""

    def suits(self, job: Job) -> bool:
        """Whether it is as protected as this job's message wants it (RFC 8689 §4.2.1)."""

    async def quit(self) -> None:
        """Ends it politely."""


class Relay(Protocol):
    """Opens conversations."""

    async def open(self, job: Job) -> Conversation | Attempt:
        """A conversation with the job's next hop; an attempt that says why there is none."""

    def forget(self) -> None:
        """What was found out about next hops counts no more."""


Settle = Callable[[Job, Attempt], Awaitable[None]]


class _Line:
    """A worker's connection. `over`: there will be no other one. `settling`: what came of the last message is being written down."""

    __slots__ = ("conversation", "over", "sent", "settling")

    def __init__(self) -> None:
        self.conversation: Conversation | None = None
        self.sent = 0
        self.over = False
        self.settling: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether it can carry the next message."""
        return (
            self.conversation is not None and self.conversation.usable and self.sent < MESSAGES_PER_CONNECTION
        )


class Destination:
    """One next hop. Its workers end by themselves when there is nothing to do; `on_error` hears of faults that are ours."""

    def __init__(
        self, relay: Relay, settle: Settle, most: int, on_error: Callable[[BaseException], None]
    ) -> None:
        self._relay = relay
        self._settle = settle
        self._most = most
        self._on_error = on_error
        self._limit = min(FIRST_CONNECTIONS, most)
        self._queue: deque[Job] = deque()
        self._idle: deque[asyncio.Future[Job | None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work = 0  # workers that will look at the queue again
        self._connected = 0
        self._opening: set[asyncio.Future[Conversation | Attempt]] = (
            set()
        )  # connections that are about to stand, or not
        self._stopping = False

    @property
    def at_rest(self) -> bool:
        """Whether nothing is queued or running."""
        return not self._tasks and not self._queue

    @property
    def connected(self) -> bool:
        """Whether a connection stands."""
        return self._connected > 0

    @property
    def queued(self) -> int:
        """How many jobs wait for a connection."""
        return len(self._queue)

    def offer(self, job: Job) -> None:
        """Takes a job: to an idle connection, to a new one, or into the queue."""
        while self._idle:
            waiting = self._idle.popleft()
            if not waiting.done():
                waiting.set_result(job)
                return
        self._queue.append(job)
        self._hire()

    def drop(self, lost: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
        """Takes jobs (message, number) that another node has, and sends, out of the line; gives those that were in it. What is being sent goes on."""
        gone = [key for job in self._queue if (key := (job.spool_id, job.number)) in lost]
        self._queue = deque(job for job in self._queue if (job.spool_id, job.number) not in lost)
        return gone

    async def stop(self, grace: float) -> None:
        """Lets running messages end for `grace` seconds, closes idle connections, opens no more, gives back what is queued: it is due for whoever comes next.

        What is cut after that was not acknowledged by the peer, or its reply was lost: it is sent again when its lease ends. What was
        acknowledged is written down, however long that takes.
        """
        self._stopping = True
        for waiting in self._idle:
            if not waiting.done():
                waiting.set_result(None)
        for opening in self._opening:
            opening.cancel()
        await self._give_back()
        if self._tasks:
            _, slow = await asyncio.wait(self._tasks, timeout=grace)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
        await self._give_back()  # what a worker has put back meanwhile

    async def _give_back(self) -> None:
        queued, self._queue = self._queue, deque()
        await asyncio.gather(*(self._settle(job, Attempt(job.lease.now, tried=False)) for job in queued))

    def _hire(self) -> None:
        if self._queue and self._at_work < self._limit and not self._stopping:
            self._at_work += 1
            task = asyncio.get_running_loop().create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        line = _Line()
        try:
            while (job := await self._job(line)) is not None:
                attempt = await self._guarded(job, line)
                if attempt is not None:
                    self._adapt(line)
                    await self._write_down(line, job, attempt)
        finally:
            self._at_work -= 1  # at once: what is offered from here on needs another worker
            self._hire()
            await self._hang_up(line)
            await _over(line.settling)

    async def _write_down(self, line: _Line, job: Job, attempt: Attempt) -> None:
        """A delivery is written down while the next message is sent: of those two a crash makes duplicates, for each connection."""
        before = line.settling
        line.settling = eager.start(self._settled(before, job, attempt))
        await _over(line.settling if attempt.hop_down or attempt.delayed else before)

    async def _settled(self, before: asyncio.Task[None] | None, job: Job, attempt: Attempt) -> None:
        await _over(before)
        try:
            await self._settle(job, attempt)
        except Exception as error:  # noqa: BLE001 - as in `_guarded`
            self._on_error(error)

    async def _job(self, line: _Line) -> Job | None:
        """The next one; at the end of the line only when all is written down, since whoever comes after this worker sends again."""
        job = await self._next(line)
        if job is None and line.settling is not None:
            await self._hang_up(line)
            await _over(line.settling)
            job = await self._next(line)
        return job

    async def _next(self, line: _Line) -> Job | None:
        if line.over or self._stopping:
            return None
        if self._queue:
            return self._queue.popleft()
        if not line.ready:
            return None
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Job | None] = loop.create_future()
        self._idle.append(waiting)
        timer = loop.call_later(IDLE_SECONDS, _give_up, waiting)
        try:
            job = await waiting
        finally:
            timer.cancel()
        if job is None and self._queue and not self._stopping:  # offered after the wait was over
            return self._queue.popleft()
        return job

    async def _guarded(self, job: Job, line: _Line) -> Attempt | None:
        """One attempt; None when the job has been seen to. A fault of ours delays the job, not all the others."""
        try:
            return await self._attempt(job, line)
        except Exception as error:  # noqa: BLE001 - whatever it is: the job must come to an end
            self._on_error(error)
            await self._hang_up(line)
            return Attempt(job.lease.now, delayed={copy.n: Deferral(OUR_FAULT) for copy in job.copies})

    async def _attempt(self, job: Job, line: _Line) -> Attempt | None:
        reused = line.ready and line.conversation is not None and line.conversation.suits(job)
        if not reused:
            await self._hang_up(line)
            opened = await self._open(job)
            if isinstance(opened, Attempt):
                return await self._without(job, opened, line)
            line.conversation, line.sent = opened, 0
            self._connected += 1
        assert line.conversation is not None
        attempt = await line.conversation.deliver(job)
        line.sent += 1
        if attempt.unsent and reused and not line.ready:
            return await self._attempt(
                job, line
            )  # the peer had had enough of this connection; a new one may do
        return attempt

    async def _open(self, job: Job) -> Conversation | Attempt:
        """A connection, or why there is none; when the service stops it is not waited for, since nothing has been sent over it."""
        opening = asyncio.ensure_future(self._relay.open(job))
        self._opening.add(opening)
        try:
            await asyncio.wait((opening,))
        finally:
            self._opening.discard(opening)
            opening.cancel()
        return Attempt(job.lease.now, tried=False) if opening.cancelled() else opening.result()

    async def _without(self, job: Job, failed: Attempt, line: _Line) -> Attempt | None:
        """No connection. If others stand, the hop is not dead: it takes no more of them. Else all that waits for it hears of it."""
        line.over = bool(failed.hop_down)
        self._limit = max(1, self._connected or self._limit // 2)
        if not failed.hop_down:
            return failed
        if self._connected or self._opening:  # the last one that fails tells
            self._queue.appendleft(job)
            return None
        await self._settle(job, failed)  # first: the hop is then known to be dead when the others wait again
        while self._queue:
            untried = Attempt(failed.started, hop_down=failed.hop_down, tried=False)
            await self._settle(self._queue.popleft(), untried)
        return None

    def _adapt(self, line: _Line) -> None:
        if line.ready:
            self._limit = min(self._most, self._limit + 1)
            self._hire()
        else:
            self._limit = max(1, self._limit - 1)

    async def _hang_up(self, line: _Line) -> None:
        conversation, line.conversation = line.conversation, None
        if conversation is not None:
            self._connected -= 1
            await conversation.quit()


async def _over(settling: asyncio.Task[None] | None) -> None:
    """Waits for its end; a worker that is called off does not take it along."""
    if settling is not None and not settling.done():
        await asyncio.wait((settling,))


def _give_up(waiting: asyncio.Future[Job | None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
