"""Connecting that is called off, at whichever moment, leaves no connection behind."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from postroom.net.connect import Destination, connect
from postroom.net.local_connect import Socket, connect_to
from unit.net.lines import LineMachine

MOST_STEPS = 50  # of the loop, until a connection stands


class _Counted(asyncio.Protocol):
    def __init__(self, there: set[asyncio.Protocol]) -> None:
        self.there = there

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.there.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.there.discard(self)


async def _called_off(work: Callable[[], Awaitable[object]], steps: int) -> bool:
    """Whether it was, after so many turns of the loop."""
    task = asyncio.ensure_future(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    off = task.cancel()
    try:
        connection = await task
    except asyncio.CancelledError:
        return True
    connection.abort()  # type: ignore[attr-defined]
    return off


@pytest.mark.parametrize("kind", ["tcp", "unix"])
async def test_connecting_that_is_called_off(kind: str, tmp_path: Path) -> None:
    there: set[asyncio.Protocol] = set()
    listening = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    listening.bind(str(tmp_path / "s") if kind == "unix" else ("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    if kind == "unix":
        server = await loop.create_unix_server(lambda: _Counted(there), sock=listening)
    else:
        server = await loop.create_server(lambda: _Counted(there), sock=listening)

    async def work() -> object:
        if kind == "unix":
            return await connect_to(LineMachine(), Socket(path=str(tmp_path / "s")), 10)
        return await connect(LineMachine(), Destination("127.0.0.1", listening.getsockname()[1]))

    stood = [await _called_off(work, steps) for steps in range(MOST_STEPS)]
    assert stood[0]
    assert not stood[-1]  # it stood before
    for _ in range(3000):
        await asyncio.sleep(0.01)
        if not there:
            break
    server.close()
    assert there == set()
