"""HTTP connections: uvicorn's HTTP/1.1 and WebSockets over our own, so that sockets, neighbours' limits, TLS and deadlines are those of every service.

RFC 9112 (HTTP/1.1, parsed by h11), RFC 9110 §15.5.9 (408), RFC 6455 (by wsproto, without compression). To the pump a connection is a session whose machine never asks for anything: what comes
in goes to uvicorn, which calls the ASGI application; what that answers goes out, and waits when the peer does not read. Slow heads, slow bodies and
idle connections end here; so does reading when the application is slow. Not here: applications, what a request may be (`web.guard`).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any, cast

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import ServerState
from wsproto.utilities import LocalProtocolError as NotNow

from postroom.net import eager
from postroom.net.session import Connection, TlsFacts

HEAD_SECONDS = 30.0  # until a new connection has sent the head of its first request
IDLE_SECONDS = 75.0  # between a response and the head of the next request
BODY_SECONDS = 60.0  # that any body may take
SLOWEST_BODY = 500  # octets a second, after the first 60 s of a body
MOST_UNSENT = 64 * 1024  # octets that the application may be ahead of the socket
MAX_HEAD = 32 * 1024  # octets of a request line and its fields
MOST_MESSAGE = 12 << 20  # octets of a WebSocket message
PING_SECONDS = 30.0  # between two looks whether the peer of a WebSocket is still there
PONG_SECONDS = 60.0  # that it has to answer
LOOK_SECONDS = 1.0  # between two looks whether a peer that is not read from is still there
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


Application = Callable[[Any, Any, Any], Awaitable[None]]  # ASGI's


class _Requests(H11Protocol):
    """uvicorn's; nonsense behind a request whose answer has begun ends the connection, since nothing can be said."""

    def handle_events(self) -> None:
        try:
            super().handle_events()
        except h11.LocalProtocolError:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(msg)
        if (
            self.cycle is not None
        ):  # its body is nonsense: nothing more is said, whatever the application answers
            self.cycle.disconnected = True
            self.cycle.message_event.set()


class _Frames(WSProtocol):
    """uvicorn's; so does nonsense in a handshake, also in one that follows a request. It must not raise: uvicorn would keep it for ever."""

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except (NotNow, UnicodeDecodeError):
            self.transport.close()


class Paused:
    """The application has enough of a request's body; it is read on when that has been used."""


class HttpService:
    """What all HTTP connections of a server share. `now` gives monotonic seconds; `on_error` is told of every fault of ours."""

    def __init__(
        self,
        app: Application,
        now: Callable[[], float],
        on_error: Callable[[BaseException], None],
    ) -> None:
        self.now = now
        self.state = ServerState()
        self.log = _logger(on_error)
        self.config = Config(
            app,
            loop="none",
            http=_Requests,
            ws=_Frames,
            ws_max_size=MOST_MESSAGE,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            lifespan="off",
            log_config=None,
            access_log=False,
            interface="asgi3",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=round(2 * IDLE_SECONDS),  # the pump is quicker
            h11_max_incomplete_event_size=MAX_HEAD,
        )
        self.config.load()

    async def stop(self) -> None:
        """Ends what applications still do for connections that are gone."""
        for task in tuple(self.state.tasks):
            task.cancel()
        await asyncio.gather(*self.state.tasks, return_exceptions=True)


class HttpSession:
    """One connection. It is its own machine."""

    def __init__(self, service: HttpService) -> None:
        self._service = service
        self._connection: Connection | None = None
        self._protocol: H11Protocol | None = None
        self._frames: WSProtocol | None = None  # once the connection is a WebSocket
        self._out = bytearray()
        self._flushing = False
        self._full: asyncio.Task[None] | None = None
        self._read_on: asyncio.Event | None = None  # there while reading is paused
        self._asked = False  # the pause has been handed out
        self._answered = False  # a request was heard on this connection
        self._began: float | None = None  # when the body that comes now began, on the clock of `now`
        self._before_body = 0
        self.closing = False

    @property
    def machine(self) -> HttpSession:
        """Itself."""
        return self

    # ------------------------------------------------------------------------------------------------------- as a machine

    def receive(self, data: bytes) -> None:
        """Octets for uvicorn, which calls the application when there is a request."""
        protocol, connection = self._protocol, self._connection
        if not data or protocol is None or connection is None or self.closing:
            return  # to h11, no octets are the end of the connection, which uvicorn would look at for ever
        (self._frames or protocol).data_received(data)
        self._answered = self._answered or protocol.cycle is not None
        if self._frames is not None or protocol.conn.their_state is not h11.SEND_BODY:
            self._began = None
        elif self._began is None:
            self._began, self._before_body = self._service.now(), connection.bytes_in

    def next_event(self) -> Paused | None:
        """A pause, once, when the application has enough."""
        if self._read_on is None or self._asked:
            return None
        self._asked = True
        return Paused()

    def data_to_send(self) -> bytes:
        """What the application says."""
        data = bytes(self._out)
        self._out.clear()
        return data

    # ------------------------------------------------------------------------------------------------------- as a session

    def opened(self, connection: Connection) -> None:
        """Gives uvicorn its transport."""
        self._connection = connection
        service = self._service
        self._protocol = _Requests(service.config, service.state, {})
        self._protocol.logger = service.log
        self._protocol.access_log = False
        self._protocol.connection_made(cast("asyncio.Transport", _Wire(self, connection)))

    async def handle(self, event: Paused) -> None:  # noqa: ARG002 -- there is but one
        """Waits until the application reads on; raises ConnectionError when the peer is gone."""
        while self._read_on is not None and self._connection is not None:
            try:
                await eager.wait_for(self._read_on.wait(), LOOK_SECONDS)
            except TimeoutError:
                await self._connection.drained()
        self._asked = False

    def secured(self, facts: TlsFacts) -> None:
        """Never: TLS is there from the first octet, or not at all."""

    def overdue(self) -> None:
        """Too slow: says so where a request had begun and nothing was answered."""
        protocol = self._protocol
        if protocol is not None and self._frames is None and not self.closing:
            begun = bool(protocol.conn.trailing_data[0]) or protocol.conn.their_state is h11.SEND_BODY
            if begun and protocol.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self._out += _TOO_SLOW
        self.close()

    def failed(self) -> None:
        """A fault: the answer may have begun, so nothing can be said."""
        self.close()

    def dismissed(self) -> None:
        """Closes after the response that is under way; a WebSocket its application closes, when it has done what it was asked for."""
        if self._frames is not None and self._frames.handshake_complete:
            return
        if self._protocol is not None and not self.closing:
            try:
                (self._frames or self._protocol).shutdown()
            except (h11.LocalProtocolError, NotNow):
                self.close()

    def closed(self, reason: str) -> None:  # noqa: ARG002 -- uvicorn has no use for it
        """Tells the application, through uvicorn, that nobody is there any more."""
        self.closing = True
        protocol = self._frames or self._protocol
        self._frames = self._protocol = self._connection = None
        if protocol is not None:
            protocol.connection_lost(None)

    def deadline(self) -> float:
        """Seconds since our last word: for a head, for a body that keeps coming; any while the application works."""
        protocol, connection = self._protocol, self._connection
        if protocol is None or connection is None:
            return 0.0
        if self._frames is not None:
            return math.inf  # uvicorn asks whether the peer is there
        if self._began is not None:
            came = connection.bytes_in - self._before_body
            return self._began - connection.quiet_since + BODY_SECONDS + came / SLOWEST_BODY
        if protocol.conn.their_state is h11.IDLE:
            return IDLE_SECONDS if self._answered else HEAD_SECONDS
        return math.inf

    # -------------------------------------------------------------------------------------------------- as uvicorn's transport

    def say(self, data: bytes) -> None:
        """Queues octets; what is said in one go leaves in one write."""
        if self._connection is None or self.closing:
            return
        self._out += data
        if len(self._out) > MOST_UNSENT:
            self._flush()
        elif not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def close(self) -> None:
        """Closes when everything has left."""
        if not self.closing:
            self.closing = True
            if self._connection is not None:
                asyncio.get_running_loop().call_soon(self._connection.wake)

    def upgrade(self, frames: WSProtocol) -> None:
        """From now on the connection is a WebSocket (RFC 6455 §4.2.2)."""
        frames.logger = self._service.log
        self._frames = frames

    def pause(self) -> None:
        """Reads no more than a little."""
        if self._read_on is None:
            self._read_on = asyncio.Event()

    def read_on(self) -> None:
        """Reads again."""
        waiting, self._read_on = self._read_on, None
        if waiting is not None:
            waiting.set()

    def _flush(self) -> None:
        self._flushing = False
        if self._connection is None or self._full is not None:
            return
        self._full = eager.start(self._leave(self._connection))
        if self._full is not None and self._protocol is not None:
            (self._frames or self._protocol).pause_writing()

    async def _leave(self, connection: Connection) -> None:
        try:
            await connection.drained()
            while self._out:
                await connection.drained()
        except ConnectionError:
            return
        finally:
            self._full = None
        if self._protocol is not None:
            (self._frames or self._protocol).resume_writing()


class _Wire:
    """What uvicorn asks of an asyncio transport."""

    def __init__(self, session: HttpSession, connection: Connection) -> None:
        self._session = session
        self._facts: dict[str, Any] = {
            "peername": (connection.peer.ip, connection.peer.port),
            "sockname": (connection.local.ip, connection.local.port),
            "sslcontext": connection.tls,
        }

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._facts.get(name, default)

    def write(self, data: bytes) -> None:
        self._session.say(data)

    def is_closing(self) -> bool:
        return self._session.closing

    def close(self) -> None:
        self._session.close()

    def set_protocol(self, protocol: WSProtocol) -> None:
        self._session.upgrade(protocol)

    def pause_reading(self) -> None:
        self._session.pause()

    def resume_reading(self) -> None:
        self._session.read_on()


class _Faults(logging.Handler):
    """Takes what uvicorn logs with an exception; the rest is about clients' mistakes, which they are told themselves."""

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        super().__init__(logging.ERROR)
        self._on_error = on_error

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError):
            return  # we have called it off ourselves; from Python 3.12 on it is logged, too
        self._on_error(error if error is not None else RuntimeError(record.getMessage()))


def _logger(on_error: Callable[[BaseException], None]) -> logging.Logger:
    """A logger that is in no registry: it belongs to one server."""
    made = logging.Logger("http", logging.ERROR)  # noqa: LOG001 -- on purpose
    made.addHandler(_Faults(on_error))
    return made
