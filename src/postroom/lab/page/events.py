"""What happens in a lab as a stream of events, for a browser's EventSource or any program that reads lines.

HTML Living Standard §9.2.6: `id` is the number of the last happening of an event, so that a browser that was cut off asks for the rest by itself. `data` is a JSON array of
happenings, each with `means` and `source` where it has a meaning. Not here: what happens (`lab.heard.feed`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from postroom.lab.heard.explained import Explained
from postroom.lab.heard.feed import Happening
from postroom.web.answers import Refused
from postroom.wire.numbers import decimal

BATCH: Final = 200  # happenings of one event
PING_SECONDS: Final = 30.0  # of silence, before a comment shows that somebody is there


class Events:
    """The streams of one lab."""

    def __init__(self, explained: Explained) -> None:
        self._explained = explained
        self._feed = explained.feed
        self._over = asyncio.Event()

    def dismiss(self) -> None:
        """Ends all streams."""
        self._over.set()

    async def answer(self, request: Request) -> Response:
        """GET: what came after the number `since` (without it all that is remembered), and then what comes."""
        since = request.headers.get("last-event-id") or request.query_params.get("since", "0")
        number = decimal(since, 15)
        if number is None:
            raise Refused(400, "since is the number of a happening")
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        known = number if number <= self._feed.last else 0  # of a lab that was there before
        return StreamingResponse(self._told(known), 200, headers, "text/event-stream")

    async def _told(self, since: int) -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        over = asyncio.ensure_future(self._over.wait())
        try:
            while not over.done():
                found = await self._after(since, over)
                for start in range(0, len(found), BATCH):
                    yield self._event(found[start : start + BATCH])
                if found:
                    since = found[-1].seq
                elif not over.done():
                    yield b": still here\n\n"
        finally:
            over.cancel()

    async def _after(self, since: int, over: asyncio.Task[Literal[True]]) -> Sequence[Happening]:
        """What came after a number; nothing after a while, or when all is over."""
        news = asyncio.ensure_future(self._feed.after(since))
        try:
            await asyncio.wait((news, over), timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return news.result() if news.done() else ()
        finally:
            news.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await news

    def _event(self, happenings: Sequence[Happening]) -> bytes:
        data = msgspec.json.encode([self._explained.record(one) for one in happenings])
        return b"id: %d\ndata: %b\n\n" % (happenings[-1].seq, data)  # JSON has no line ends of its own
