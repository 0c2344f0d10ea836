"""Connections to next hops: how many at once, which is reused, and what a dead one does to the others.

Each destination has its own queue of jobs and at most a few connections, from 2 up to a limit as they succeed and down as they fail, so that a
slow or dead one does not slow the rest. RFC 5321 §4.5.4.1 (many messages over one connection). Not here: the dialogue (`deliver.remote`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from postroom.deliver.attempt import Attempt
from postroom.store.jobs import Job

FIRST_CONNECTIONS = 2
IDLE_SECONDS = 5.0  # a connection waits that long for the next message
MESSAGES_PER_CONNECTION = 1000
MOST_QUEUED = 1000  # jobs of one destination in memory; more stay in the spool


class Conversation(Protocol):
    """A connection to a next hop, ready for a message."""

    async def deliver(self, job: Job) -> Attempt:
        """One attempt; never raises for what the peer does."""

    @property
    def usable(self) -> bool:
        """Whether another message may be sent over it."""

    async def quit(self) -> None:
        """Ends it politely."""


class Relay(Protocol):
    """Opens conversations."""

    async def open(self, job: Job) -> Conversation | Attempt:
        """A conversation with the job's next hop; an attempt that says why there is none."""


Settle = Callable[[Job, Attempt], Awaitable[None]]


class Destination:
    """One next hop. Its workers end by themselves when there is nothing to do."""

    def __init__(self, relay: Relay, settle: Settle, most: int) -> None:
        self._relay = relay
        self._settle = settle
        self._most = most
        self._limit = min(FIRST_CONNECTIONS, most)
        self._queue: deque[Job] = deque()
        self._idle: deque[asyncio.Future[Job | None]] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    @property
    def at_rest(self) -> bool:
        """Whether nothing is queued or running."""
        return not self._workers and not self._queue

    @property
    def full(self) -> bool:
        """Whether no more jobs should be brought."""
        return len(self._queue) >= MOST_QUEUED

    def offer(self, job: Job) -> None:
        """Takes a job: to an idle connection, to a new one, or into the queue."""
        while self._idle:
            waiting = self._idle.popleft()
            if not waiting.done():
                waiting.set_result(job)
                return
        self._queue.append(job)
        if len(self._workers) < self._limit:
            task = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(task)
            task.add_done_callback(self._workers.discard)

    async def stop(self) -> None:
        """Lets running messages end, closes idle connections; queued jobs stay in the spool until their leases end."""
        self._queue.clear()
        for waiting in self._idle:
            if not waiting.done():
                waiting.set_result(None)
        if self._workers:
            await asyncio.wait(self._workers)

    async def _work(self) -> None:
        conversation: Conversation | None = None
        sent = 0
        try:
            while (job := await self._next(idle_allowed=conversation is not None)) is not None:
                if conversation is None or not conversation.usable or sent >= MESSAGES_PER_CONNECTION:
                    if conversation is not None:
                        await conversation.quit()
                    conversation, sent = await self._connect(job), 0
                    if conversation is None:
                        return
                attempt = await conversation.deliver(job)
                sent += 1
                self._limit = (
                    min(self._most, self._limit + 1) if conversation.usable else max(1, self._limit - 1)
                )
                await self._settle(job, attempt)
        finally:
            if conversation is not None:
                await conversation.quit()

    async def _connect(self, job: Job) -> Conversation | None:
        """A conversation; without one the job, and all that waits here for the same, is told so."""
        opened = await self._relay.open(job)
        if not isinstance(opened, Attempt):
            return opened
        self._limit = max(1, self._limit // 2)
        await self._settle(job, opened)
        others, self._queue = self._queue, deque()
        for other in others:
            await self._settle(other, Attempt(opened.started, hop_down=opened.hop_down, tried=False))
        return None

    async def _next(self, *, idle_allowed: bool) -> Job | None:
        if self._queue:
            return self._queue.popleft()
        if not idle_allowed:
            return None
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Job | None] = loop.create_future()
        self._idle.append(waiting)
        timer = loop.call_later(IDLE_SECONDS, _give_up, waiting)
        try:
            return await waiting
        finally:
            timer.cancel()


def _give_up(waiting: asyncio.Future[Job | None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
