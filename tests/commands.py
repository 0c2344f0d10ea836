"""Command lines, run in this process: how they end, and a server in a thread that answers them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from offices import TestOffice
from postroom.app.control import ControlServer
from postroom.app.operations.table import perform


class Ran(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines of --json."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@asynccontextmanager
async def in_memory(size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A message that comes with a request."""
    content = b"".join([piece async for piece in pieces])
    assert len(content) == size
    yield content


class Served:
    """A test's office behind a control socket, in a loop of its own. `do` runs a coroutine there."""

    def __init__(self, data: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        data.mkdir(exist_ok=True)
        self.office = self.do(TestOffice.open(data / "store"))
        self._control = ControlServer(data / "control", partial(perform, self.office), take=in_memory)
        self.do(self._control.start())

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        self.do(self._control.stop())
        self.do(self.office.store.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
