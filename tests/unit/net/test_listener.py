"""Who is let in, and what happens when there are too many."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from postroom.net import listener as listening
from postroom.net import sockets
from postroom.net.gate import Gate, GateLimits
from postroom.net.listener import Door, Listener, most_connections
from unit.net.conftest import Streams
from unit.net.lines import Service

Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a listener for a service."""
    started: list[tuple[Listener, Service]] = []

    async def begin(service: Service, socket: Any = None, **door: Any) -> Listener:
        opened = Listener(socket or sockets.tcp(["127.0.0.1"], 0)[0], Door(service.endpoint(), **door))
        await opened.start()
        started.append((opened, service))
        return opened

    yield begin
    for opened, service in started:
        await opened.stop()
        for _ in range(10):  # connections that are being accepted
            await asyncio.sleep(0)
        await service.connections.drain(0)
    await asyncio.sleep(0)


async def test_a_listener(start: Start, dial: Any) -> None:
    client = await dial((await start(Service())).port)
    assert await client.line() == b"hello\n"


async def test_who_is_refused_hears_why_and_others_do_not_notice(start: Start, dial: Any) -> None:
    service = Service()
    gate = Gate(GateLimits(at_once=2, count_loopback=True), lambda: service.now)
    port = (await start(service, gate=gate, refusal=b"421 4.7.0 Too many\r\n")).port
    first, second, third = [await dial(port) for _ in range(3)]
    assert [await each.line() for each in (first, second, third)] == [
        b"hello\n",
        b"hello\n",
        b"421 4.7.0 Too many\r\n",
    ]
    assert await third.rest() == b""
    await first.close()
    while len(service.connections) > 1:
        await asyncio.sleep(0)
    assert await (await dial(port)).line() == b"hello\n"
    assert len(service.sessions) == 3


async def test_a_refusal_is_not_said_where_tls_is_expected(start: Start, dial: Any, server_tls: Any) -> None:
    service = Service()
    service.implicit = server_tls
    gate = Gate(GateLimits(at_once=0, per_minute=1, count_loopback=True), lambda: service.now)
    port = (await start(service, gate=gate, refusal=b"421 no\r\n")).port
    await dial(port)
    assert await (await dial(port)).rest() == b""


async def test_too_many_wait_outside(start: Start, dial: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PAUSE_SECONDS", 0.01)
    service = Service()
    port = (await start(service, most=2)).port
    inside = [await dial(port) for _ in range(2)]
    assert [await each.line() for each in inside] == [b"hello\n"] * 2
    outside = [await dial(port) for _ in range(40)]
    assert len(service.connections) <= 2 + 3 * listening.BATCH
    for each in inside + outside[:39]:
        await each.close()
    assert await outside[39].line() == b"hello\n"


async def test_stopping_leaves_connections_alone(start: Start, dial: Any) -> None:
    service = Service()
    opened = await start(service)
    client = await dial(opened.port)
    await client.line()
    port = opened.port
    await opened.stop()
    with pytest.raises(ConnectionRefusedError):
        await dial(port)
    assert await client.say(b"still here") == b"still here\n"


async def test_a_unix_peer_is_known_by_its_user(start: Start, tmp_path: Path) -> None:
    service = Service()
    opened = await start(service, sockets.unix(tmp_path / "socket"))
    assert opened.port == 0
    client = Streams(*await asyncio.open_unix_connection(tmp_path / "socket"))
    assert await client.line() == b"hello\n"
    peer = service.session.connection.peer
    assert (peer.ip, peer.uid, peer.is_loopback) == ("", tmp_path.stat().st_uid, True)
    await client.close()


async def test_ipv6(start: Start) -> None:
    try:
        socket = sockets.tcp(["::1"], 0)[0]
    except sockets.CannotListen:
        pytest.skip("needs IPv6 on loopback")
    service = Service()
    opened = await start(service, socket)
    client = Streams(*await asyncio.open_connection("::1", opened.port))
    assert await client.line() == b"hello\n"
    assert service.session.connection.peer.ip == "::1"
    await client.close()


def test_most_connections_leaves_files_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, most in ((64, 32), (1024, 960), (65536, 65472)):
        monkeypatch.setattr(listening.resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert most_connections() == most
