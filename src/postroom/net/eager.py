"""Runs a coroutine at once, as far as it goes without waiting.

Most commands of a mail dialogue need no I/O; a task for each would cost more than the answer. `start` runs a coroutine in the caller's
stack and context; only when it really waits does a task take it over. Not here: the pump. What runs in the eager part must not ask for
the current task (`asyncio.timeout`), since there is none; `await asyncio.sleep(0)` moves the rest into one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def start(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T] | None:
    """Runs `coroutine` until it ends (None; its exception comes out here) or waits (the task that carries it on)."""
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return None
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
        return self._coroutine.throw(*error)

    def close(self) -> None:
        """Ends the coroutine where it waits."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, T]:
        """Part of the type; nobody but a task drives it."""
        raise TypeError("only a task carries it on")
