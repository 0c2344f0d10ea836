"""HTTP over our connections: pipelines, long bodies both ways, peers that are slow or go away, faults, the end of the service."""

import asyncio
import ssl
from typing import Any

import pytest

from postroom.net import http
from postroom.net.connections import Connections
from postroom.net.http import HttpService, HttpSession
from postroom.net.listener import Door, Listener
from postroom.net.pump import Endpoint
from postroom.net.sockets import tcp
from unit.net.conftest import Streams

MEGABYTE = 1 << 20


class Web:
    """An application on a port. What it was asked and whether its clients went away is noted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.faults: list[BaseException] = []
        self.connections = Connections(lambda: self.now)
        self.service = HttpService(self.app, lambda: self.now, self.faults.append)
        self.going = asyncio.Event()
        self.gate = asyncio.Event()
        self.gone = asyncio.Event()
        self.sent = 0

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == "/wait":
            self.going.set()
            await self.gate.wait()
        elif path == "/listen":  # until the client goes
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            self.going.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            self.gone.set()
            return
        elif path == "/fault":
            raise ValueError("broken")
        body = b""
        if path != "/unread":
            while True:
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body"):
                    break
        if path == "/long":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(64):
                await send({"type": "http.response.body", "body": bytes(MEGABYTE), "more_body": True})
                self.sent += MEGABYTE
            await send({"type": "http.response.body"})
            return
        said = f"{scope['scheme']} {path} {len(body)}".encode()
        length = [(b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": said})

    async def start(self, tls: ssl.SSLContext | None = None) -> int:
        made = Endpoint(
            lambda: HttpSession(self.service),
            self.connections,
            self.faults.append,
            (lambda: tls) if tls else None,
        )
        self.listener = Listener(tcp(["127.0.0.1"], 0)[0], Door(made))
        await self.listener.start()
        return self.listener.port

    async def stop(self, grace: float = 5) -> None:
        await self.listener.stop()
        await self.connections.drain(grace)
        await self.service.stop()


@pytest.fixture
async def web() -> Any:
    made = Web()
    yield made
    made.gate.set()
    await made.stop(0.1)


async def answer(client: Streams) -> tuple[bytes, bytes]:
    """The status line and the body of the next response that has a length."""
    status, length = await client.line(), 0
    while (line := await client.line()) != b"\r\n":
        assert line, "closed in the middle of a head"
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return status.rstrip(), await client.reader.readexactly(length)


async def test_requests_of_a_pipeline_are_answered_in_order(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(50)))
    assert [(await answer(client))[1] for _ in range(50)] == [b"http /%d 0" % number for number in range(50)]


@pytest.mark.parametrize("size", [0, 1, 65_536, 3 * MEGABYTE])
async def test_a_body_of_any_size_arrives(web: Web, dial: Any, size: int) -> None:
    client = await dial(await web.start())
    for _ in range(2):
        client.send(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
        assert await answer(client) == (b"HTTP/1.1 200 OK", b"http /in %d" % size)


async def test_it_is_read_no_further_than_the_application_does(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (32 * MEGABYTE))
    client.send(bytes(32 * MEGABYTE))
    await web.going.wait()
    came = -1
    while came != (came := sum(one.bytes_in for one in web.connections._open)):  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
    assert came < 2 * MEGABYTE
    web.gate.set()
    assert (await answer(client))[1] == b"http /wait %d" % (32 * MEGABYTE)


async def test_an_application_waits_for_a_peer_that_does_not_read(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    sent = -1
    while sent != (sent := web.sent):
        await asyncio.sleep(0.1)
    assert sent < 32 * MEGABYTE
    assert len(await client.rest()) > 64 * MEGABYTE
    assert not web.faults


async def test_an_application_hears_that_its_client_is_gone(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"GET /listen HTTP/1.1\r\nHost: x\r\n\r\n")
    await web.going.wait()
    client.reset()
    await asyncio.wait_for(web.gone.wait(), 60)


async def test_also_with_more_requests_waiting_behind(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"GET /listen HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    await web.going.wait()
    client.reset()
    await asyncio.wait_for(web.gone.wait(), 60)


async def test_a_fault_is_told_and_answered(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"GET /fault HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 500 ")
    assert [str(fault) for fault in web.faults] == ["broken"]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"EHLO x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    ],
)
async def test_nonsense_is_refused_and_the_connection_closed(web: Web, dial: Any, nonsense: bytes) -> None:
    client = await dial(await web.start())
    client.send(nonsense)
    said = await client.rest()
    assert said.split(b"\r\n")[0] in (b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 501 Not Implemented")
    assert not web.faults


@pytest.mark.parametrize("before", [b"", b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_nothing_is_left_of_a_handshake_that_is_nonsense(web: Web, dial: Any, before: bytes) -> None:
    port = await web.start()
    for _ in range(3):
        client = await dial(port)
        client.send(
            before + b"GET /ws HTTP/1.1\r\nHost: \xf9.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        said = await client.reader.read()
        assert said.count(b"HTTP/1.1 200") == bool(before)
        await client.close()
    for _ in range(3000):
        if not web.service.state.connections:
            break
        await asyncio.sleep(0.01)
    assert web.service.state.connections == set()
    assert web.faults == []


@pytest.mark.parametrize("path", [b"/in", b"/unread"])
@pytest.mark.parametrize("before", [b"", b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_nonsense_behind_a_request_ends_the_connection(
    web: Web, dial: Any, before: bytes, path: bytes
) -> None:
    client = await dial(await web.start())
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" % path
    client.send(before + head)
    assert (await client.rest()).count(b" 200 ") == bool(before)
    assert web.faults == []


@pytest.mark.parametrize(("size", "status"), [(http.MAX_HEAD - 200, 200), (http.MAX_HEAD + 1, 400)])
async def test_a_head_has_a_limit(web: Web, dial: Any, size: int, status: int) -> None:
    client = await dial(await web.start())
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * size)
    if status == 200:
        client.send(b"\r\n\r\n")
    assert (await client.line()).startswith(b"HTTP/1.1 %d " % status)


async def reading(web: Web, octets: int) -> None:
    """Until so many octets have come in."""
    while sum(one.bytes_in for one in web.connections._open) < octets:  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("said", "seconds", "word"),
    [
        (b"", http.HEAD_SECONDS, b""),
        (b"GET / HT", http.HEAD_SECONDS, b"HTTP/1.1 408 "),
        (
            b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345",
            http.BODY_SECONDS,
            b"HTTP/1.1 408 ",
        ),
    ],
)
async def test_the_slow_are_shown_out(web: Web, dial: Any, said: bytes, seconds: float, word: bytes) -> None:
    client = await dial(await web.start())
    client.send(said)
    while not web.connections._open:
        await asyncio.sleep(0.01)
    await reading(web, len(said))
    web.now = seconds - 1
    web.connections.check()
    assert web.connections._open
    web.now = seconds + 1
    web.connections.check()
    assert (await client.rest()).startswith(word)


async def test_after_an_answer_there_is_time_for_the_next_request(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await answer(client)
    web.now = http.IDLE_SECONDS - 1
    web.connections.check()
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await answer(client)
    web.now += http.IDLE_SECONDS + 1
    web.connections.check()
    assert await client.rest() == b""


async def test_an_application_has_all_the_time_it_wants(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    await web.going.wait()
    web.now = 10_000.0
    web.connections.check()
    web.gate.set()
    assert (await answer(client))[0] == b"HTTP/1.1 200 OK"


async def test_what_runs_when_the_service_stops_is_finished(web: Web, dial: Any) -> None:
    port = await web.start()
    idle, busy = await dial(port), await dial(port)
    busy.send(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    await web.going.wait()
    stopping = asyncio.create_task(web.stop())
    assert await idle.rest() == b""
    web.gate.set()
    assert (await answer(busy))[1] == b"http /wait 0"
    assert await busy.rest() == b""
    await stopping


async def test_what_does_not_end_is_cut(web: Web, dial: Any) -> None:
    client = await dial(await web.start())
    client.send(b"GET /listen HTTP/1.1\r\nHost: x\r\n\r\n")
    await web.going.wait()
    await web.stop(0.05)
    assert not web.service.state.tasks
    assert web.gone.is_set()


async def test_over_tls(web: Web, dial: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    client = await dial(await web.start(server_tls))
    await client.start_tls(client_tls)
    client.send(b"GET /secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await client.rest()).endswith(b"https /secret 0")
