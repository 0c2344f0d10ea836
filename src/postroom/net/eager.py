"""Runs a coroutine at once, as far as it goes without waiting.

Most commands of a mail dialogue need no I/O; a task for each would cost more than the answer. `start` runs a coroutine in the caller's
stack; only when it really waits does a task take it over. Not here: the pump. What runs in the eager part must not ask for the
current task (`asyncio.timeout`), since there is none.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def start(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T] | None:
    """Runs `coroutine` until it ends (None; its exception comes out here) or waits (the task that carries it on)."""
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_carry_on(coroutine, awaited))


@types.coroutine
def _resume(coroutine: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    while True:
        try:
            value = yield awaited
        except BaseException as error:  # cancellation too is the coroutine's to handle
            step, argument = coroutine.throw, error
        else:
            step, argument = coroutine.send, value
        try:
            awaited = step(argument)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


async def _carry_on(coroutine: Coroutine[Any, Any, T], awaited: Any) -> T:
    return await _resume(coroutine, awaited)
