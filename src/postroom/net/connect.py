"""Outgoing connections: a client's machine driven over one, with a deadline for every wait.

RFC 5321 §4.5.3.2 (a client's timeouts; the machine knows which one holds), RFC 3207 §4 and §6 (STARTTLS from the client's side). Whoever
drives it asks for the machine's next event; everything that the machine wants to say leaves before. Not here: names (`resolver`), what is
said, which certificate is good enough.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Generic, TypeVar

import msgspec

from postroom.net import eager
from postroom.net.link import Link
from postroom.net.session import Connection, TlsFacts
from postroom.net.tls.layer import TlsError
from postroom.wire.machine import BoundMachine, Machine

CONNECT_SECONDS = 30.0
HANDSHAKE_SECONDS = 30.0
MOST_AHEAD = 256 * 1024  # octets that are read while nobody asks for events

_KINDS = MappingProxyType(
    {9: "validation-failure", 10: "certificate-expired", 62: "certificate-host-mismatch"}
)

Event = TypeVar("Event")


class NetworkError(Exception):
    """The connection failed; the words name what happened and may be shown."""


class CannotConnect(NetworkError):
    """Refused, unreachable, or no answer in time."""


class ConnectionLost(NetworkError):
    """It ended before the machine had what it needs. `said`: the other side itself has ended it, in TLS by close_notify (RFC 8446 §6.1)."""

    def __init__(self, words: str, *, said: bool = False) -> None:
        super().__init__(words)
        self.said = said


class TimedOut(NetworkError):
    """The other side was silent, or too slow, for longer than it may be."""


class TlsFailed(NetworkError):
    """There is no TLS, or none that is good enough. `kind` is the result type of RFC 8460 §4.3 for it, as far as the handshake tells."""

    def __init__(self, words: str, kind: str = "validation-failure") -> None:
        super().__init__(words)
        self.kind = kind


class Wrap(msgspec.Struct, frozen=True):
    """TLS from the first octet on: with which context, for which name."""

    context: ssl.SSLContext
    server_name: str


class Destination(msgspec.Struct, frozen=True):
    """Where to connect: an address (no name), a port; our own address to come from ("": any), and how long it may take."""

    ip: str
    port: int
    source: str = ""
    seconds: float = CONNECT_SECONDS
    wrap: Wrap | None = None


class ClientConnection(Link, Generic[Event]):
    """A connection and the machine at our end of it. One coroutine at a time drives it."""

    __slots__ = ("_ahead", "_deadline", "_end", "_loop", "_rings", "_timer", "_waiter", "machine")

    def __init__(self, machine: Machine[Event]) -> None:
        super().__init__()
        self.machine = machine
        if isinstance(machine, BoundMachine):
            machine.binding = self.binding
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._rings = 0.0  # when the timer goes off
        self._ahead = 0
        self._end: NetworkError | None = None  # once nothing more can come

    @property
    def alive(self) -> bool:
        """Whether it may be used for another conversation."""
        return self._transport is not None and self._end is None and not self.closing

    async def event(self, seconds: float, again: Callable[[], tuple[object, float]] | None = None) -> Event:
        """Sends what the machine has queued and returns its next event.

        Raises TimedOut after `seconds`, however many octets came meanwhile, and ConnectionLost or TlsFailed when no event can come any more;
        the connection is closed then. With `again` the way to the event has steps: it gives the one that is waited for and its seconds, and they
        begin anew with each step, and whenever something leaves.
        """
        self._deadline = self._loop.time() + seconds
        step: object = None
        while True:
            found = self.machine.next_event()
            left = self.say()  # what was queued, and what the machine has answered by itself
            if found is not None:
                return found
            if again is not None:
                before, (step, seconds) = step, again()
                if left or step != before:
                    self._deadline = self._loop.time() + seconds
            self._ahead = 0
            self.read(True)
            await self._woken()

    async def flush(self, seconds: float) -> None:
        """Sends what is queued and waits until most of it has left, or something came in, or the other side closed (ask for `event`).

        Raises as `event`.
        """
        self.say()
        if self.blocked:
            self._deadline = self._loop.time() + seconds
            await self._woken()
            if isinstance(self._end, TimedOut):
                raise self._end

    async def start_tls(self, context: ssl.SSLContext, server_name: str) -> TlsFacts:
        """Switches TLS on, when the server has agreed to it; raises TlsFailed, TimedOut or ConnectionLost.

        Nothing may have come behind the server's reply (RFC 3207 §6 and its STARTTLS injection): the machine has seen to that.
        """
        self.switch_tls_on(context, server_side=False, server_name=server_name)
        return await self.handshake()

    async def handshake(self) -> TlsFacts:
        """Waits for the handshake that has begun."""
        self._deadline = self._loop.time() + HANDSHAKE_SECONDS
        while self.tls is None:
            await self._woken()
        return self.tls

    def say(self) -> bool:
        """Sends what the machine has queued, without waiting, and tells whether that was anything; a machine with more than the peer reads is asked again later."""
        said = False
        while (data := self.machine.data_to_send()) and not self.closing:
            self.send(data)
            said = True
            if self.blocked:
                break
        return said

    def close(self) -> None:
        """Sends what is queued and closes, without waiting for the other side."""
        self.say()
        self.eof = True  # nothing of what may still come is of interest
        self.hang_up()
        if self._transport is not None:
            self._transport.close()  # an error may have hung up before, and waits for the other side
        if self._transport is not None and self._transport.get_write_buffer_size():
            self._loop.call_later(HANDSHAKE_SECONDS, self.abort)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the handshake where TLS has been switched on already."""
        super().connection_made(transport)
        self._flush()

    def take(self, data: bytes) -> None:
        """Octets for the machine."""
        self.machine.receive(data)
        self._ahead += len(data)
        self._wake()
        if self._ahead > MOST_AHEAD:
            self.read(False)

    def secured(self, facts: TlsFacts) -> None:
        """The handshake is done."""
        del facts
        self._wake()

    def broken_tls(self, error: TlsError) -> None:
        """The handshake failed, or a record was none."""
        self._finish(TlsFailed(f"TLS with {self.peer.ip}: {error}", _kind(error.verify_code)))

    def ended(self) -> None:
        """The other side has closed; events that it left behind are still handed out."""
        said = self._layer is None or self._layer.ended
        self._finish(ConnectionLost(f"{self.peer.ip} closed the connection", said=said))

    def resume_writing(self) -> None:
        """Most has left."""
        super().resume_writing()
        self._wake()

    def lost(self, reason: str) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._finish(ConnectionLost(f"the connection to {self.peer.ip} was lost{reason and ': '}{reason}"))

    def _finish(self, error: NetworkError) -> None:
        if self._end is None:
            self._end = error
            self.hang_up()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _woken(self) -> None:
        """Waits until anything has happened, or the deadline has come."""
        if self._end is not None:
            raise self._end
        if self._timer is None or self._rings > self._deadline:
            self._arm()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _arm(self) -> None:
        # One timer for many waits: when it goes off too early, it is set again.
        if self._timer is not None:
            self._timer.cancel()
        self._rings = self._deadline
        self._timer = self._loop.call_at(self._deadline, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._arm()
        else:
            self._finish(TimedOut(f"{self.peer.ip} did not answer in time"))
            self.abort()


def _kind(verify_code: int) -> str:
    """What RFC 8460 §4.3.1 calls it; the codes are those of X509_V_ERR (OpenSSL, x509_vfy.h)."""
    if not verify_code:
        return "validation-failure"
    return _KINDS.get(verify_code, "certificate-not-trusted")


async def connect(machine: Machine[Event], to: Destination) -> ClientConnection[Event]:
    """Connects and, for a wrapped destination, does the handshake; raises CannotConnect, TlsFailed, TimedOut or ConnectionLost."""
    connection = ClientConnection(machine)
    if to.wrap is not None:  # before anything can come: no octet in the clear reaches the machine
        connection.switch_tls_on(to.wrap.context, server_side=False, server_name=to.wrap.server_name)
    source = (to.source, 0) if to.source else None
    opening = asyncio.get_running_loop().create_connection(
        lambda: connection, to.ip, to.port, local_addr=source
    )
    await opened(connection, opening, f"{to.ip} port {to.port}", to.seconds)
    if to.wrap is not None:
        try:
            await connection.handshake()
        except TlsFailed:
            connection.close()  # the alert is on its way
            raise
        except BaseException:  # a caller's deadline, too: nobody but us knows of the connection
            connection.abort()
            raise
    return connection


async def opened(connection: Link, opening: Awaitable[object], place: str, seconds: float) -> None:
    """Waits until a connection stands; raises CannotConnect, which names the place."""
    try:
        await eager.wait_for(opening, seconds)
    except TimeoutError as error:
        raise CannotConnect(f"{place} did not answer in {seconds:g} seconds") from error
    except OSError as error:
        words = os.strerror(error.errno) if error.errno else str(error)
        raise CannotConnect(f"{place}: {words}") from error
    except asyncio.CancelledError:
        connection.abort()  # it may stand already
        raise


async def turn_around(connection: Connection, machine: Machine[Event]) -> ClientConnection[Event]:
    """Makes a server's connection a client's, whose other side becomes the server (ATRN, RFC 2645; TURN).

    What was queued is sent before. For the session the connection ends here: it is told as soon as its handler is through. Raises
    ConnectionError when the peer is gone.
    """
    assert isinstance(connection, Link)
    await connection.drained()
    client = ClientConnection(machine)
    connection.hand_over(client)
    return client
