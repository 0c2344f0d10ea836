"""JMAP over WebSocket on a real port (RFC 8887)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from wsproto import events as frames
from wsproto.extensions import PerMessageDeflate

from jmap_stage import BOB, JmapStage
from jmap_web import Events, JmapWeb, Socket
from postroom.message.errors import TryLater
from postroom.proto.jmap.capabilities import CORE, WEBSOCKET
from postroom.proto.jmap.request import Limits
from postroom.serve.jmap.http import http
from postroom.serve.jmap.methods.audience import MAX_LISTENERS
from postroom.serve.jmap.push.watching import Watch

ECHO = {
    "@type": "Request",
    "id": "R1",
    "using": [CORE],
    "methodCalls": [["Core/echo", {"hello": True}, "b3ff"]],
}
ERROR = "urn:ietf:params:jmap:error:"


@pytest.fixture
async def web(stage: JmapStage) -> AsyncIterator[JmapWeb]:
    async with JmapWeb(stage) as made:
        yield made


async def refused(socket: Socket) -> int:
    event = await socket.event()
    assert isinstance(event, frames.RejectConnection), event
    return event.status_code


async def test_the_capability(stage: JmapStage) -> None:
    session = (await stage.jmap().http("GET", "/jmap/session")).json
    assert session["capabilities"][WEBSOCKET] == {
        "url": "wss://mail.hamburger.test/jmap/ws",
        "supportsPush": True,
    }


async def test_a_request(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    socket.put(ECHO)
    told = await socket.told()
    assert told.pop("sessionState")
    assert told == {"@type": "Response", "requestId": "R1", "methodResponses": ECHO["methodCalls"]}
    socket.put({**ECHO, "id": None, "createdIds": {}})
    told = await socket.told()
    assert "requestId" not in told
    assert told["createdIds"] == {}
    for number in range(20):  # without waiting
        socket.put({**ECHO, "id": str(number)})
    assert [(await socket.told())["requestId"] for _ in range(20)] == [str(number) for number in range(20)]
    assert web.app.busy == {}


async def test_a_server_that_is_busy_says_so_and_goes_on(
    stage: JmapStage, web: JmapWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await Socket.ready(web)

    async def busy(*_: Any) -> None:
        raise TryLater

    with monkeypatch.context() as patched:
        patched.setattr(http, "session_object", busy)
        patched.setattr(Watch, "begin", busy)
        socket.put(ECHO)
        told = await socket.told()
        assert (told["@type"], told["status"], told["requestId"]) == ("RequestError", 503, "R1")
        socket.put({"@type": "WebSocketPushEnable"})
        told = await socket.told()
        assert (told["@type"], told["status"]) == ("RequestError", 503)
    socket.put(ECHO)
    assert (await socket.told())["@type"] == "Response"


@pytest.mark.parametrize(
    ("said", "kind", "request_id"),
    [
        ("{", "notJSON", None), ("[" * 100_000, "notJSON", None), ('{"a": 1, "a": 2}', "notJSON", None), ("[]", "notRequest", None),
        ({"id": "x"}, "notRequest", "x"), ({**ECHO, "@type": "Foo"}, "notRequest", "R1"), ({**ECHO, "id": 5}, "notRequest", None),
        ({**ECHO, "id": "x" * 256, "using": None}, "notRequest", "x" * 256), ({**ECHO, "using": ["foo"]}, "unknownCapability", "R1"),
        ({**ECHO, "methodCalls": [["Core/echo", {}, "a"]] * 17}, "limit", "R1"),
        ({"@type": "WebSocketPushEnable", "dataTypes": "Email"}, "notRequest", None),
        ({"@type": "WebSocketPushEnable", "pushState": 5}, "notRequest", None),
    ],
)  # fmt: skip
async def test_what_is_wrong(
    stage: JmapStage, web: JmapWeb, said: Any, kind: str, request_id: str | None
) -> None:
    socket = await Socket.ready(web)
    socket.put(said)
    told = await socket.told()
    assert (told["@type"], told["type"], told["requestId"]) == ("RequestError", ERROR + kind, request_id)
    socket.put(ECHO)
    assert (await socket.told())["@type"] == "Response"


async def test_sizes(stage: JmapStage) -> None:
    async with JmapWeb(stage, limits=Limits(max_size_request=1000)) as web:
        socket = await Socket.ready(web)
        text = json.dumps(ECHO)
        socket.put(text + " " * (1000 - len(text)))
        assert (await socket.told())["@type"] == "Response"
        socket.put(text + " " * (1001 - len(text)))
        assert (await socket.told())["limit"] == "maxSizeRequest"


async def test_a_message_that_is_much_too_long_ends_it(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    for _ in range(13):
        socket.send(frames.TextMessage(data=" " * (1 << 20), message_finished=False))
    event = await socket.event()
    assert isinstance(event, frames.CloseConnection)
    assert event.code == 1009


async def test_pieces_and_pings(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    text = json.dumps(ECHO)
    for octet in text[:-1]:
        socket.send(frames.TextMessage(data=octet, message_finished=False))
    socket.send(frames.Ping(payload=b"there?"))
    socket.send(frames.TextMessage(data=text[-1]))
    pong = await socket.event()
    assert isinstance(pong, frames.Pong)
    assert pong.payload == b"there?"
    assert (await socket.told())["@type"] == "Response"


async def test_only_text(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    socket.send(frames.BytesMessage(data=json.dumps(ECHO).encode()))
    event = await socket.event()
    assert isinstance(event, frames.CloseConnection)
    assert event.code == 1003


async def test_push(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    bob = stage.jmap().account
    await stage.deliver()
    socket.put({"@type": "WebSocketPushEnable", "dataTypes": ["Email", "EmailDelivery"]})
    socket.put(ECHO)
    assert (await socket.told())["@type"] == "Response"  # nothing of before
    await stage.deliver()
    told = await socket.told()
    assert told["@type"] == "StateChange"
    assert set(told["changed"][bob]) == {"Email", "EmailDelivery"}
    assert told["changed"][bob]["Email"] == (await stage.jmap().call("Email/get", ids=[]))["state"]
    socket.put({"@type": "WebSocketPushDisable"})
    socket.put(ECHO)
    assert (await socket.told())["@type"] == "Response"
    await stage.deliver()
    socket.put({"@type": "WebSocketPushEnable", "dataTypes": None, "pushState": told["pushState"]})
    again = await socket.told()
    assert set(again["changed"][bob]) == {"Email", "Mailbox", "Thread", "EmailDelivery"}


async def test_push_between_answers(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    bob = stage.jmap().account
    socket.put({"@type": "WebSocketPushEnable", "dataTypes": ["Mailbox"]})
    create = {"accountId": bob, "create": {"a": {"name": "burgers"}}}
    socket.put(
        {**ECHO, "using": [CORE, "urn:ietf:params:jmap:mail"], "methodCalls": [["Mailbox/set", create, "0"]]}
    )
    told = [await socket.told(), await socket.told()]
    found = {one["@type"]: one for one in told}
    assert (
        found["StateChange"]["changed"][bob]["Mailbox"]
        == found["Response"]["methodResponses"][0][1]["newState"]
    )


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.test"]
)
async def test_pages_of_others_may_not_open_one(stage: JmapStage, web: JmapWeb, origin: str) -> None:
    assert await refused(await Socket.open(web, headers={"Origin": origin})) == 403


async def test_our_own_pages_may(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.open(web, headers={"Origin": f"http://127.0.0.1:{web.port}"})
    assert isinstance(await socket.event(), frames.AcceptConnection)


async def test_who_is_not_let_in(stage: JmapStage, web: JmapWeb) -> None:
    assert await refused(await Socket.open(web, headers={"Authorization": "Basic eDp5"})) == 401
    assert await refused(await Socket.open(web, subprotocols=())) == 400
    assert await refused(await Socket.open(web, subprotocols=("chat",))) == 400
    assert await refused(await Socket.open(web, path="/jmap/api")) == 405
    assert await refused(await Socket.open(web, path="/jmap/elsewhere")) == 404


async def test_nothing_is_compressed(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.open(web, extensions=(PerMessageDeflate(),))
    accepted = await socket.event()
    assert isinstance(accepted, frames.AcceptConnection)
    assert list(accepted.extensions) == []


async def test_they_are_counted_with_event_sources(stage: JmapStage, web: JmapWeb) -> None:
    for _ in range(MAX_LISTENERS - 1):
        await Socket.ready(web)
    events = await Events.open(web, "types=*&closeafter=no&ping=0")
    assert events.status == 200
    assert await refused(await Socket.open(web)) == 429


async def test_it_ends_cleanly_when_the_server_stops(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    stopping = asyncio.ensure_future(web.stop(20))
    event = await socket.event()
    assert isinstance(event, frames.CloseConnection)
    assert event.code in (1001, 1012)
    socket.send(event.response())
    await stopping
    assert web.app.service.audience.count(stage.logins.people[BOB]) == 0


async def test_when_the_client_goes(stage: JmapStage, web: JmapWeb) -> None:
    socket = await Socket.ready(web)
    socket.put({"@type": "WebSocketPushEnable", "dataTypes": None})
    socket.send(frames.CloseConnection(code=1000))
    assert isinstance(await socket.event(), frames.CloseConnection)
    other = await Socket.ready(web)
    other.close()
    for _ in range(2000):
        if not web.app.service.audience.count(stage.logins.people[BOB]):
            break
        await asyncio.sleep(0.01)
    assert web.app.service.audience.count(stage.logins.people[BOB]) == 0


@pytest.mark.parametrize(
    "handshake",
    [
        b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Key: AAAA\r\n", b"Sec-WebSocket-Key: \xff\r\nSec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: \xff\r\n",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 8\r\n", b"",
    ],
)  # fmt: skip
async def test_bad_handshakes(stage: JmapStage, web: JmapWeb, handshake: bytes) -> None:
    reader, writer = await web.dial()
    writer.write(
        b"GET /jmap/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + handshake
        + b"\r\n"
    )
    told = await asyncio.wait_for(reader.read(), 60)
    assert told == b"" or told.startswith(b"HTTP/1.1 4")
