"""Changes between the processes of one PostgreSQL store: hints, by LISTEN and NOTIFY.

A NOTIFY inside a transaction holds a lock of the whole server until its commit is durable, and so makes all commits queue up; here it is
sent after the commit, on a connection of its own, for all changes of the last moments together. A hint may be lost: when the connection
breaks, every subscriber is told to look for himself. Not here: what subscribers do.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Any, Final

import asyncpg
import msgspec

from postroom.store.changes import AnyChange, Change, Changes, Missed
from postroom.store.engine.postgres import SERVER_FAILURES

CHANNEL: Final = "postroom_changes"
GATHER: Final = 0.005  # seconds between two notices of one process, in which changes come together; the first of a quiet time goes at once
MAX_PAYLOAD: Final = 7900  # octets; the server takes 7999
MAX_WAITING: Final = 10_000  # changes; beyond that each account gets a single hint
RECONNECT: Final = (0.5, 30.0)  # seconds, the first wait and the longest
NOTIFY: Final = "SELECT pg_notify($1, $2)"


class Notice(msgspec.Struct, array_like=True):
    """What one process tells the others; `origin` is its own word, by which it knows what it said itself."""

    origin: str
    changes: list[AnyChange]


class Relay:
    """The connection and its task. Made by `start`, ended by `close`."""

    def __init__(self, url: str, changes: Changes) -> None:
        self._url = url
        self._changes = changes
        self._origin = secrets.token_hex(8)
        self._waiting: list[Change] = []
        self._wake = asyncio.Event()
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Notice).decode

    async def start(self) -> None:
        """Connects, now and whenever the connection breaks; returns when it listens, or the first try has failed."""
        self._changes.relay_to(self.send)
        self._task = asyncio.get_running_loop().create_task(self._run(), name="store-relay")
        self._task.add_done_callback(lambda _task: self._tried.set())
        await self._tried.wait()

    def send(self, changes: Iterable[Change]) -> None:
        """Queues changes for the others; never waits."""
        self._waiting.extend(changes)
        if len(self._waiting) > MAX_WAITING:
            self._waiting = list(_one_for_each_account(self._waiting))
        self._wake.set()

    async def close(self) -> None:
        """Lets go of the connection; what waits is lost."""
        self._changes.relay_to(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pause, longest = RECONNECT
        while True:
            try:
                # Hints need not be durable: this connection alone does not wait for the disk, nor for a standby.
                connection = await asyncpg.connect(
                    self._url,
                    server_settings={"application_name": "postroom hints", "synchronous_commit": "off"},
                )
            except SERVER_FAILURES:
                self._tried.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)
                continue
            pause = RECONNECT[0]
            try:
                await self._serve(connection)
            except SERVER_FAILURES:
                self._tried.set()
                await asyncio.sleep(pause)
            finally:
                connection.terminate()

    async def _serve(self, connection: Any) -> None:
        await connection.add_listener(CHANNEL, self._heard)
        connection.add_termination_listener(lambda _connection: self._wake.set())
        self._changes.missed()
        self._tried.set()
        now = asyncio.get_running_loop().time
        sent = 0.0
        while not connection.is_closed():
            await self._wake.wait()
            await asyncio.sleep(sent + GATHER - now())  # not at all after a quiet time
            sent = now()
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            for payload in self._payloads(waiting):
                await connection.execute(NOTIFY, CHANNEL, payload)

    def _payloads(self, changes: list[Change]) -> Iterable[str]:
        """As few texts as the server takes; a change that is too long for one becomes a `Missed`."""
        if not changes:
            return
        text = self._encode((self._origin, changes))
        if len(text) <= MAX_PAYLOAD:
            yield text.decode()
        elif len(changes) == 1:
            yield from self._payloads([Missed(changes[0].account_id, changes[0].modseq)])
        else:
            middle = len(changes) // 2
            yield from self._payloads(changes[:middle])
            yield from self._payloads(changes[middle:])

    def _heard(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:
        try:
            notice = self._decode(payload)
        except msgspec.DecodeError:  # from a later version
            self._changes.missed()
            return
        if notice.origin != self._origin:
            self._changes.deliver(notice.changes)


def _one_for_each_account(changes: Iterable[Change]) -> Iterable[Change]:
    newest = {change.account_id: change.modseq for change in changes}
    return [Missed(account_id, modseq) for account_id, modseq in newest.items()]
