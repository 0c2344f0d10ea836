"""Who is let in, and what happens when there are too many."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from postroom.net import listener as listening
from postroom.net import sockets
from postroom.net.gate import Gate, GateLimits
from postroom.net.listener import Door, Listener, most_connections
from postroom.net.networks import Networks
from unit.net.conftest import Streams
from unit.net.lines import Service

Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a listener for a service."""
    started: list[tuple[Listener, Service]] = []

    async def begin(service: Service, given: Any = None, **door: Any) -> Listener:
        opened = Listener(given or sockets.tcp(["127.0.0.1"], 0)[0], Door(service.endpoint(), **door))
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


async def test_refused_by_the_system_and_admitted_again(start: Start, dial: Any) -> None:
    """Whoever has connected goes on; nobody else gets the port."""
    service = Service()
    opened = await start(service)
    port = opened.port
    there = await dial(port)
    assert await there.line() == b"hello\n"
    for _ in range(2):
        opened.refuse()
        opened.refuse()
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                await dial(port)
        assert opened.port == port
        assert len(service.connections) == 1
        with pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind(("127.0.0.1", port))
        opened.admit()
        opened.admit()
        again = await dial(port)
        assert await again.line() == b"hello\n"
        await again.close()
        while len(service.connections) > 1:
            await asyncio.sleep(0)


async def test_refused_while_it_is_just_admitted(start: Start, dial: Any) -> None:
    opened = await start(Service())
    port = opened.port
    opened.refuse()
    opened.admit()
    await asyncio.sleep(0)
    opened.refuse()
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await dial(port)
    opened.admit()
    opened.refuse()
    opened.admit()
    assert await (await dial(port)).line() == b"hello\n"


async def test_stopped_while_it_refuses(start: Start, dial: Any) -> None:
    opened = await start(Service())
    port = opened.port
    opened.refuse()
    await opened.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()


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
    place = socket.socket(socket.AF_UNIX)
    place.bind(str(tmp_path / "socket"))
    service = Service()
    opened = await start(service, place)
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


HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.25 4711 25\r\n"
LOOPBACK = Networks(["127.0.0.0/8"])


class Refusals(list[tuple[str, str]]):
    """What a door is told."""

    def __call__(self, ip: str, why: str) -> None:
        self.append((ip, why))


async def test_a_proxy_says_for_whom_it_comes(start: Start, dial: Any) -> None:
    service = Service()
    client = await dial((await start(service, proxies=LOOPBACK)).port)
    client.send(HEADER[:9])
    while not len(service.connections):
        await asyncio.sleep(0)
    assert not service.sessions  # no greeting before it is known for whom
    client.send(HEADER[9:] + b"and more\n")
    assert await client.lines(2) == [b"hello\n", b"and more\n"]
    connection = service.session.connection
    assert (connection.peer.ip, connection.peer.port) == ("192.0.2.7", 4711)
    assert (connection.local.ip, connection.local.port) == ("198.51.100.25", 25)
    assert not connection.peer.is_loopback


async def test_a_header_comes_before_tls(start: Start, dial: Any, server_tls: Any, client_tls: Any) -> None:
    service = Service()
    service.implicit = server_tls
    client = await dial((await start(service, proxies=LOOPBACK)).port)
    client.send(HEADER)
    await client.start_tls(client_tls)
    assert await client.line() == b"hello\n"
    assert service.session.connection.peer.ip == "192.0.2.7"


async def test_a_proxy_may_speak_for_itself(start: Start, dial: Any) -> None:
    service = Service()
    client = await dial((await start(service, proxies=LOOPBACK)).port)
    client.send(b"PROXY UNKNOWN\r\n")
    assert await client.line() == b"hello\n"
    assert service.session.connection.peer.ip == "127.0.0.1"


@pytest.mark.parametrize("said", [b"EHLO x\r\n", b"PROXY TCP4 1 2 3 4\r\n"])
async def test_a_proxy_that_says_something_else_is_cut_off(start: Start, dial: Any, said: bytes) -> None:
    service, refused = Service(), Refusals()
    client = await dial((await start(service, proxies=LOOPBACK, refused=refused)).port)
    client.send(said)
    try:
        assert await client.rest() == b""
    except ConnectionError:
        pass
    assert [ip for ip, _ in refused] == ["127.0.0.1"]
    assert not service.sessions
    assert not len(service.connections)


async def test_a_proxy_that_says_nothing_is_cut_off(
    start: Start, dial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.net.proxied.HEADER_SECONDS", 0.01)
    service, refused = Service(), Refusals()
    client = await dial((await start(service, proxies=LOOPBACK, refused=refused)).port)
    try:
        assert await client.rest() == b""
    except ConnectionError:
        pass
    assert refused == [("127.0.0.1", "no PROXY header came within 0.01 seconds")]


async def test_a_header_from_elsewhere_is_what_any_line_is(start: Start, dial: Any) -> None:
    """S41: only the networks that were named are believed."""
    service = Service()
    client = await dial((await start(service, proxies=Networks(["203.0.113.0/24"]))).port)
    client.send(b"PROXY TCP4 192.0.2.7 198.51.100.25 4711 25\n")
    assert await client.lines(2) == [b"hello\n", b"PROXY TCP4 192.0.2.7 198.51.100.25 4711 25\n"]
    assert service.session.connection.peer.ip == "127.0.0.1"


async def test_the_gate_counts_whom_the_proxy_names(start: Start, dial: Any) -> None:
    service, refused = Service(), Refusals()
    gate = Gate(GateLimits(at_once=1, count_loopback=True), lambda: service.now)
    door = {"proxies": LOOPBACK, "gate": gate, "refusal": b"421 4.7.0 Too many\r\n", "refused": refused}
    port = (await start(service, **door)).port
    first, second, other = [await dial(port) for _ in range(3)]
    for client, ip in ((first, b"192.0.2.7"), (second, b"192.0.2.7"), (other, b"192.0.2.8")):
        client.send(HEADER.replace(b"192.0.2.7", ip))
        client.first = await client.line()
    assert [first.first, second.first, other.first] == [b"hello\n", b"421 4.7.0 Too many\r\n", b"hello\n"]
    assert refused == [("192.0.2.7", "1 connections from 192.0.2.7 are open, at most 1 may be")]
    await first.close()
    while len(service.connections) > 1:
        await asyncio.sleep(0)
    again = await dial(port)
    again.send(HEADER)
    assert await again.line() == b"hello\n"


async def test_stopping_does_not_wait_for_a_proxy(start: Start, dial: Any) -> None:
    service = Service()
    opened = await start(service, proxies=LOOPBACK)
    client = await dial(opened.port)
    while not len(service.connections):
        await asyncio.sleep(0)
    await opened.stop()
    await service.connections.drain(30)
    assert not len(service.connections)
    del client
