"""Open connections end with what their users have logged in with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from wsproto import events as frames

from jmap_stage import JmapStage
from jmap_web import Events, JmapWeb, Socket
from postroom.serve.standing import Standing
from postroom.store.login.standing import Ground

SOON = 1_000  # microseconds
LATER = 3_600_000_000
ECHO = {"@type": "Request", "using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {}, "0"]]}
PUSH = {"@type": "WebSocketPushEnable", "dataTypes": None}


@pytest.fixture
async def web(stage: JmapStage) -> AsyncIterator[JmapWeb]:
    async with JmapWeb(stage) as made:
        yield made


@pytest.fixture
def lasting(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Whoever logs in from now on does so for so long."""
    authenticate = stage.logins.authenticate

    def lasting(micros: int) -> None:
        until = stage.now + micros

        async def expiring(*args: Any, **more: Any) -> Any:
            known = await authenticate(*args, **more)
            known.expires = until
            return known

        monkeypatch.setattr(stage.logins, "authenticate", expiring)

    return lasting


async def closed(socket: Socket) -> int:
    event = await socket.event()
    assert isinstance(event, frames.CloseConnection), event
    return event.code


async def test_a_silent_websocket(stage: JmapStage, web: JmapWeb, lasting: Callable[[int], None]) -> None:
    lasting(SOON)
    socket = await Socket.ready(web)
    socket.put(ECHO)
    assert (await socket.told())["@type"] == "Response"
    stage.now += SOON
    assert await closed(socket) == 1008


async def test_a_websocket_that_asks(stage: JmapStage, web: JmapWeb, lasting: Callable[[int], None]) -> None:
    lasting(LATER)
    socket = await Socket.ready(web)
    stage.now += LATER
    socket.put(ECHO)
    assert await closed(socket) == 1008


async def test_a_websocket_that_listens(
    stage: JmapStage, web: JmapWeb, lasting: Callable[[int], None]
) -> None:
    lasting(LATER)
    socket = await Socket.ready(web)
    socket.put(PUSH)
    socket.put(ECHO)
    assert (await socket.told())["@type"] == "Response"  # so it listens by now
    stage.now += LATER
    await stage.deliver()
    assert await closed(socket) == 1008


@pytest.mark.parametrize("stops", [False, True])
async def test_what_is_being_done_is_done_to_its_end(
    stage: JmapStage, web: JmapWeb, lasting: Callable[[int], None], *, stops: bool
) -> None:
    """Half a request is worse than none: a message would be sent, and its draft stay where it is."""
    lasting(LATER if stops else SOON)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_method: str) -> None:
        begun.set()
        await go_on.wait()

    web.app.service.before = slowly
    socket = await Socket.ready(web)
    socket.put(ECHO)
    socket.put(ECHO)  # has not begun
    await begun.wait()
    stopping = asyncio.ensure_future(web.stop(20)) if stops else None
    stage.now += 0 if stops else SOON
    await asyncio.sleep(0.05)
    go_on.set()
    assert (await socket.told())["@type"] == "Response"
    assert await closed(socket) == (1001 if stops else 1008)
    if stopping is not None:
        await stopping


async def test_what_is_revoked(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    standing, authenticate = Standing(), stage.logins.authenticate

    async def by_credential(protocol: str, *others: Any) -> Any:
        known = await authenticate(protocol, *others)
        known.ground = Ground(known.account_id, protocol, 7)
        return known

    async def revoked(ground: Ground) -> bool:
        return ground.credential_id != 7

    monkeypatch.setattr(stage.logins, "authenticate", by_credential)
    async with JmapWeb(stage, standing=standing) as web:
        socket = await Socket.ready(web)
        socket.put(ECHO)
        assert (await socket.told())["@type"] == "Response"
        events = await Events.open(web, "types=*&closeafter=no&ping=0")
        assert list(await events.event() or ()) == ["id"]
        await standing.look(revoked)
        assert await closed(socket) == 1001
        assert await events.event() is None
    asked: list[Ground] = []

    async def noted(ground: Ground) -> bool:
        asked.append(ground)
        return True

    await standing.look(noted)
    assert asked == []


@pytest.mark.parametrize("lasts", [SOON, LATER])
async def test_an_event_source(
    stage: JmapStage, web: JmapWeb, lasting: Callable[[int], None], lasts: int
) -> None:
    lasting(lasts)
    events = await Events.open(web, "types=*&closeafter=no&ping=0")
    assert list(await events.event() or ()) == ["id"]
    stage.now += lasts
    if lasts == LATER:  # no sleep ends when this clock is moved; but nothing is told any more
        await stage.deliver()
    assert await events.event() is None
