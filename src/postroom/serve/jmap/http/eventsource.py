"""The event source: a response that goes on as long as its client listens, an event for every change (RFC 8620 §7.3).

It ends when the client goes, behind the first state when that was asked for, with what its user has logged in with, and when the server stops. Not here: what has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from postroom.proto.jmap.errors import RequestError
from postroom.proto.jmap.push import Asked, id_event, ping_event, read_asked, read_position, state_event
from postroom.serve.jmap.http.http import Exchange, JmapApp, Resource
from postroom.serve.jmap.methods.audience import TooManyListeners
from postroom.serve.jmap.methods.call import Visitor
from postroom.serve.jmap.methods.sessions import EVENTS
from postroom.serve.jmap.push.expiry import ending
from postroom.serve.jmap.push.watching import News, Watch

HEADERS: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-store, must-revalidate"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),  # a proxy in front is to hand every event on at once
)


async def listen(app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
    """RFC 8620 §7.3."""
    asked = read_asked(exchange.query)
    last = exchange.headers.get(b"last-event-id")
    watch = Watch(app.service, visitor, asked.types)
    try:
        app.service.audience.enter(visitor.account_id, watch)
    except TooManyListeners as error:
        watch.close()
        raise RequestError("", error.public, HTTPStatus.TOO_MANY_REQUESTS) from error
    try:
        await watch.begin(None if last is None else read_position(last.decode("latin-1")))
        await exchange.send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        if exchange.method != "HEAD":
            if last is None:
                await _say(exchange, id_event(watch.at))
            with ending(app.service, visitor, watch):
                await _tell(exchange, watch, asked)
        await exchange.send({"type": "http.response.body", "body": b""})
    finally:
        app.service.audience.leave(visitor.account_id, watch)
        watch.close()


async def _tell(exchange: Exchange, watch: Watch, asked: Asked) -> None:
    """Event after event, until there is a reason to end."""
    gone = asyncio.ensure_future(_gone(exchange))
    waiting: asyncio.Future[News | None] = asyncio.ensure_future(watch.news())
    try:
        while True:
            both: set[asyncio.Future[Any]] = {gone, waiting}
            await asyncio.wait(both, timeout=asked.ping or None, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            if not waiting.done():
                await _say(exchange, ping_event(asked.ping))
                continue
            news = waiting.result()
            if news is None:
                return
            await _say(exchange, state_event(news.changed, news.at))
            if asked.once:
                return
            waiting = asyncio.ensure_future(watch.news())
    finally:
        for task in (gone, waiting):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(gone, waiting, return_exceptions=True)


async def _gone(exchange: Exchange) -> None:
    """Returns when the client is gone."""
    while (await exchange.receive())["type"] != "http.disconnect":
        pass


async def _say(exchange: Exchange, event: bytes) -> None:
    await exchange.send({"type": "http.response.body", "body": event, "more_body": True})


RESOURCES: Final[Mapping[tuple[str, str], Resource]] = {("GET", EVENTS): listen}
