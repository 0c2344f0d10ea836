"""Runs a coroutine at once, as far as it goes without waiting.

Most commands of a mail dialogue need no I/O; a task for each would cost more than the answer. `start` runs a coroutine in the caller's
stack and context; only when it really waits does a task take it over. `Begun` is such work whose result is fetched later. Not here: the pump. What runs in the eager part must not ask for
the current task (`asyncio.timeout`, and from Python 3.12 on `asyncio.wait_for`), since there is none, or another's; `wait_for` of here does not, and
`await asyncio.sleep(0)` moves the rest into one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def start(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T] | None:
    """Runs `coroutine` until it ends (None; its exception comes out here) or waits (the task that carries it on)."""
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return None
    return _carried_on(coroutine, awaited)


async def wait_for(work: Awaitable[T], seconds: float) -> T:
    """The result of `work`; after `seconds` it is given up, and TimeoutError raised. May run in the eager part."""
    task = asyncio.ensure_future(work)
    if not await _ended(task, seconds):
        await asyncio.wait((task,))  # until it has cleared up
        if task.cancelled():
            raise TimeoutError
    return task.result()


async def _ended(task: asyncio.Future[Any], seconds: float) -> bool:
    """Whether it ended in that time; else it is given up, as it is when the one who waits is called off."""
    try:
        await asyncio.wait((task,), timeout=max(0.0, seconds))
    finally:
        if not task.done():
            task.cancel()
    return task.done()


def _carried_on(coroutine: Coroutine[Any, Any, T], awaited: Any) -> asyncio.Task[T]:
    if awaited is not None:
        awaited._asyncio_future_blocking = False  # noqa: SLF001 -- others may await the same future before the task gets to it
    return asyncio.get_running_loop().create_task(_Started(coroutine, awaited))


class _Started(Coroutine[Any, Any, T]):
    """A coroutine that has been run to its first wait, for a task to carry on.

    Cancelling the task before its first step reaches the coroutine at the place where it waits; a plain wrapper would lose it.
    """

    __slots__ = ("_awaited", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, T], awaited: Any) -> None:
        self._coroutine = coroutine
        self._awaited: Any = awaited

    def send(self, value: Any) -> Any:
        """The first time hands out what is awaited already, then carries the coroutine on."""
        awaited = self._awaited
        if awaited is None:
            return self._coroutine.send(value)
        self._awaited = None
        awaited._asyncio_future_blocking = True  # noqa: SLF001 -- the mark by which a task tells `await` from `yield`
        return awaited

    def throw(self, *error: Any) -> Any:
        """Hands an exception (a cancellation) to the coroutine."""
        self._awaited = None
        try:
            return self._coroutine.throw(*error)
        finally:
            del error  # else the exception, by its traceback, holds itself and whatever the coroutine held

    def close(self) -> None:
        """Ends the coroutine where it waits."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, T]:
        """Part of the type; nobody but a task drives it."""
        raise TypeError("only a task carries it on")


class Begun(Generic[T]):
    """Work that was begun, and whose result is wanted later, perhaps by several; when nobody holds this any more, it is given up."""

    __slots__ = ("__weakref__", "_result", "_task")

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        """Runs `work` as far as it goes without waiting; an exception of that part comes out here."""
        self._task: asyncio.Task[T] | None = None
        try:
            awaited = work.send(None)
        except StopIteration as end:
            self._result: T = end.value
        else:
            self._task = _carried_on(work, awaited)

    def __del__(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @property
    def over(self) -> bool:
        """Whether it ended without waiting."""
        return self._task is None

    async def result(self) -> T:
        """The result, as soon as it is there."""
        if self._task is not None:
            return await asyncio.shield(self._task)
        return self._result

    async def within(self, seconds: float) -> T | None:
        """The result if it is there in that time; None, and the work is given up, when it is not."""
        task = self._task
        if task is None:
            return self._result
        return task.result() if await _ended(task, seconds) else None
