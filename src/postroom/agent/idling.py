"""Waits for new mail by IMAP: the server tells, and this room listens.

RFC 9051 §6.3.13 (IDLE). What a server of this machine wants to have shown at once (RFC 821 §3.4) comes over its feed meanwhile. A connection that is lost
is made again, and once more after a pause: a server that is started anew takes a moment. What came in between is found by its uid. Not here: POP3, which has to ask (`watching`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from postroom.agent.exits import ServerFailed
from postroom.agent.imap_mailbox import ImapMailbox
from postroom.agent.watching import Arrival

Record = dict[str, Any]


class Listener:
    """A folder that is listened to."""

    def __init__(self, open_folder: Callable[[], Awaitable[ImapMailbox]]) -> None:
        self._open = open_folder
        self._mailbox: ImapMailbox | None = None
        self._known = 0
        self._opened = 0.0  # by the loop's clock

    async def begin(self) -> None:
        """Opens the folder: what is there already is not news."""
        self._known = await (await self._connect()).newest()

    async def arrivals(self, interval: float) -> list[Arrival]:
        """Waits until something happens, and gives the messages that came; `interval` is how often to ask who cannot tell."""
        assert self._mailbox is not None
        try:
            await self._mailbox.session.news(interval)
            return await self._new(self._mailbox)
        except ServerFailed:
            return await self._new(await self._again(self._mailbox, interval))

    async def _new(self, mailbox: ImapMailbox) -> list[Arrival]:
        new = await mailbox.newer(self._known)
        self._known = max(self._known, mailbox.highest)
        return [Arrival(entry, header) for entry, header in new]

    async def _again(self, lost: ImapMailbox, interval: float) -> ImapMailbox:
        """Connects anew. Where uids count from the beginning again (RFC 9051 §2.3.1.1), what is there is no news."""
        await lost.drop()
        if asyncio.get_running_loop().time() - self._opened < interval:
            await asyncio.sleep(interval)  # it hangs up each time
        try:
            mailbox = await self._connect()
        except ServerFailed:
            await asyncio.sleep(interval)
            mailbox = await self._connect()
        if mailbox.validity != lost.validity:
            self._known = await mailbox.newest()
        return mailbox

    async def _connect(self) -> ImapMailbox:
        self._mailbox, self._opened = await self._open(), asyncio.get_running_loop().time()
        return self._mailbox

    async def end(self) -> None:
        """Closes, without leave."""
        if self._mailbox is not None:
            await self._mailbox.drop()


async def listen(
    listener: Listener, told: asyncio.Queue[Record], interval: float
) -> AsyncGenerator[Arrival | Record]:
    """New messages, and records that are told, as they come; the listener has begun."""
    arriving = asyncio.ensure_future(listener.arrivals(interval))
    telling = asyncio.ensure_future(told.get())
    try:
        while True:
            await asyncio.wait({arriving, telling}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                yield telling.result()
                telling = asyncio.ensure_future(told.get())
            if arriving.done():
                for arrival in arriving.result():
                    yield arrival
                arriving = asyncio.ensure_future(listener.arrivals(interval))
    finally:
        for task in (arriving, telling):
            task.cancel()
            with suppress(asyncio.CancelledError, ServerFailed):
                await task
        await listener.end()
