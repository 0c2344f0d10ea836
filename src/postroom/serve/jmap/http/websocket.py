"""JMAP over WebSocket: requests one after the other, and what changes in between (RFC 8887).

A user's WebSockets are counted with his event sources. Not here: the handshake and frames (`net.http`), whose page it is (`web.guard`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from postroom.message.errors import MailError
from postroom.proto.jmap import websocket
from postroom.proto.jmap.capabilities import KNOWN
from postroom.proto.jmap.errors import RequestError
from postroom.proto.jmap.push import read_position
from postroom.proto.jmap.websocket import SUBPROTOCOL, Asked, Disable, Enable, Wrong
from postroom.serve.jmap.http.http import Exchange, JmapApp, Resource, answered, unavailable
from postroom.serve.jmap.methods.audience import TooManyListeners
from postroom.serve.jmap.methods.call import Visitor
from postroom.serve.jmap.methods.octets import apart
from postroom.serve.jmap.methods.sessions import WEBSOCKET_PATH
from postroom.serve.jmap.push.expiry import ending, is_over
from postroom.serve.jmap.push.watching import Watch

NOT_TEXT: Final = 1003  # RFC 6455 §7.4.1
GOING_AWAY: Final = 1001
POLICY: Final = 1008  # what the user has logged in with has ended


class Socket:
    """One connection."""

    def __init__(self, app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
        self._app = app
        self._exchange = exchange
        self._visitor = visitor
        self._push: asyncio.Task[None] | None = None
        self._busy = False  # a request is being done
        self._ended = asyncio.Event()

    def end(self) -> None:
        """The server stops, or what the user has logged in with has ended."""
        self._ended.set()

    async def run(self) -> None:
        """Until either side has enough."""
        await self._exchange.send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        work = asyncio.ensure_future(self._hear())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({work, ended}, return_when=asyncio.FIRST_COMPLETED)
            if self._busy:  # half of it might be a message that is sent, and a draft that stays
                await asyncio.wait({work})
            if not work.done() or work.result():
                await self._close(POLICY if is_over(self._app.service, self._visitor) else GOING_AWAY)
        finally:
            await _stopped(work, ended)
            await self._silence()

    async def _hear(self) -> bool:
        """Until there is nothing more to hear; whether it has ended and the client is still to be told."""
        while not self._ended.is_set():
            message = await self._exchange.receive()
            if message["type"] == "websocket.disconnect":
                return False
            if message["type"] != "websocket.receive":
                continue
            if is_over(self._app.service, self._visitor):
                return True
            text = message.get("text")
            if text is None:  # RFC 8887 §4.2: text frames alone
                await self._close(NOT_TEXT)
                return False
            self._busy = True
            try:
                await self._take(text)
            finally:
                self._busy = False
        return True

    async def _take(self, text: str) -> None:
        try:
            await self._heed(await apart(len(text), websocket.read, text, KNOWN, self._app.service.limits))
        except Wrong as wrong:
            await self._say(websocket.request_error(wrong))
        except MailError as error:
            await self._say(websocket.request_error(Wrong(unavailable(error))))

    async def _heed(self, said: Asked | Enable | Disable) -> None:
        if isinstance(said, Asked):
            try:
                told = await answered(self._app, self._exchange, self._visitor, said.request)
            except RequestError as error:
                raise Wrong(error, said.request_id) from error
            await self._say(websocket.response(told, said.request_id))
            return
        await self._silence()
        if isinstance(said, Enable):
            watch = Watch(self._app.service, self._visitor, said.types)
            try:
                await watch.begin(None if said.position is None else read_position(said.position))
            except BaseException:
                watch.close()
                raise
            self._push = asyncio.ensure_future(self._tell(watch))

    async def _tell(self, watch: Watch) -> None:
        try:
            while (news := await watch.news()) is not None:
                await self._say(websocket.pushed(news.changed, news.at))
            self.end()
        except ConnectionError:
            pass  # nobody is there any more; who hears is told that, too
        except Exception as error:  # noqa: BLE001 - told; the client comes again, and has missed nothing
            self._app.service.tell(error)
            self.end()
        finally:
            watch.close()

    async def _silence(self) -> None:
        push, self._push = self._push, None
        if push is not None:
            await _stopped(push)

    async def _close(self, code: int) -> None:
        await self._exchange.send({"type": "websocket.close", "code": code})

    async def _say(self, text: str) -> None:
        await self._exchange.send({"type": "websocket.send", "text": text})


async def _stopped(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)


async def connect(app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
    """RFC 8887 §4.1."""
    if SUBPROTOCOL not in exchange.scope.get("subprotocols", ()):
        raise RequestError("", "the subprotocol of this WebSocket is jmap")
    socket = Socket(app, exchange, visitor)
    try:
        app.service.audience.enter(visitor.account_id, socket)
    except TooManyListeners as error:
        raise RequestError("", error.public, HTTPStatus.TOO_MANY_REQUESTS) from error
    try:
        with ending(app.service, visitor, socket):
            await socket.run()
    except OSError:
        pass  # how servers say that the client is gone
    finally:
        app.service.audience.leave(visitor.account_id, socket)


RESOURCES: Final[Mapping[tuple[str, str], Resource]] = {("WEBSOCKET", WEBSOCKET_PATH): connect}
