"""What the operations of the interface work with: the running lab, and what a request says.

Not here: the operations, HTTP (`lab.api.application`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec

from postroom.lab.api.problems import Problem
from postroom.lab.running import Running

T = TypeVar("T")


class Octets(msgspec.Struct, frozen=True):
    """An answer that is no JSON. `name` is what a browser calls the file that it makes of it."""

    content: bytes
    media_type: str
    name: str


class Call(msgspec.Struct, frozen=True):
    """A request: the parts of its path, and its query and body as the operation declares them."""

    path: Mapping[str, str]
    query: Any = None
    body: Any = None


class Desk:
    """One lab's. `dismiss` ends what waits."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._over = asyncio.Event()

    def dismiss(self) -> None:
        """The lab stops."""
        self._over.set()

    async def unless_over(self, work: Awaitable[T]) -> T:
        """Waits for it, and no longer than the lab lives."""
        working, over = asyncio.ensure_future(work), asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait((working, over), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "stopping", "the lab stops")
        finally:
            over.cancel()
            working.cancel()


class Operation(msgspec.Struct, frozen=True):
    """One operation. Its name and words are those of `run`; `result` is a type, or the media type of octets; `problems` are the statuses beside `status`."""

    method: str
    path: str
    run: Callable[[Desk, Call], Awaitable[Any]]
    result: Any = None
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    status: int = 200
    problems: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """For programs that are made from the document."""
        return self.run.__name__

    @property
    def words(self) -> str:
        """What it does."""
        return (self.run.__doc__ or "").strip()
