"""The pump: drives one server session's machine over one connection, for every protocol the same.

Whole chunks go to the machine; its events are handled in their order, one at a time, at once when the handler does not wait; what the
machine says to all of a chunk leaves in one write. The pump also keeps the promises of `session`: no plaintext behind STARTTLS
(RFC 3207 §6), nothing handled for a peer that does not read, deadlines, one `closed`. Not here: any protocol, any listening socket.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Callable
from typing import Any

import msgspec

from postroom.net import eager
from postroom.net.connections import Connections
from postroom.net.link import Link
from postroom.net.session import Session, TlsFacts
from postroom.net.tls.layer import TlsError
from postroom.wire.machine import Machine

MOST_AHEAD = 64 * 1024  # octets that are read while a handler waits
EVENTS_PER_TURN = 100  # then the other connections have their turn, and the replies leave
HANDSHAKE_SECONDS = 30.0
STALLED_SECONDS = 300.0  # a peer that reads nothing of what we have for it
STOPPING = "the service stops"
LINGER_SECONDS = 5.0  # the same, or that does not close its side, once we have closed ours


class Endpoint(msgspec.Struct, frozen=True):
    """What all connections of one listener share.

    `implicit_tls` gives the context for a handshake at the very beginning; `on_error` is told of every exception that is a fault of ours.
    """

    sessions: Callable[[], Session]
    connections: Connections
    on_error: Callable[[BaseException], None]
    implicit_tls: Callable[[], ssl.SSLContext] | None = None


class Pump(Link):
    """One connection of a server; to its session it is the `Connection`."""

    __slots__ = (
        "_ahead", "_dismissed", "_ending", "_endpoint", "_machine", "_said", "_session", "_task", "_turning", "_was_in", "heard_at", "opened_at", "quiet_since",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._session: Session | None = None
        self._machine: Machine[Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._turning = False
        self._said = bytearray()  # taken from the machine and not sent yet
        self._ahead = 0  # octets read since the machine last had nothing left to do
        self._ending = ""  # why, once the end is decided
        self._dismissed = False
        self._was_in = 0  # octets that had come at the last look
        self.opened_at = self.quiet_since = self.heard_at = endpoint.connections.now()

    # The Connection that a session sees

    def start_tls(self, context: ssl.SSLContext) -> None:
        """The queued reply leaves in the clear, everything after it in TLS."""
        self._say()
        self.switch_tls_on(context, server_side=True)
        self.quiet_since = self._endpoint.connections.now()

    def wake(self) -> None:
        """The session has queued something by itself: send it."""
        self._turn()

    async def drained(self) -> None:
        """Sends what is queued; waits while the peer does not read. Raises ConnectionError when it is gone."""
        self._say()
        await self.writable()

    def close(self, reason: str) -> None:
        """Sends what is queued and closes."""
        self._say()
        self._end(reason)

    # What the link tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins with the greeting, or with the handshake."""
        super().connection_made(transport)
        self._endpoint.connections.add(self)
        if self._endpoint.implicit_tls is None:
            self._guarded(self._open)
            self._turn()
        else:
            self.switch_tls_on(self._endpoint.implicit_tls(), server_side=True)

    def take(self, data: bytes) -> None:
        """Octets for the machine."""
        self._ahead += len(data)
        self._turn(data)

    def secured(self, facts: TlsFacts) -> None:
        """Tells the session, which makes its machine forget what came in the clear."""
        self.quiet_since = self._endpoint.connections.now()
        if self._session is None:
            self._guarded(self._open)
        else:
            self._guarded(self._session.secured, facts)
        self._turn()

    def broken_tls(self, error: TlsError) -> None:
        """No handshake, or a record that is none: nothing can be said any more."""
        self._end(f"TLS: {error}")

    def ended(self) -> None:
        """The peer has said all it will; it gets its replies, then the connection closes."""
        if self._machine is None or self.handshaking:
            self._end("closed by the peer")
        self._turn()

    def pause_writing(self) -> None:
        """A peer that does not read is not read from."""
        super().pause_writing()
        self.read(False)

    def resume_writing(self) -> None:
        """Goes on with events that waited for the peer to read."""
        super().resume_writing()
        self.quiet_since = self._endpoint.connections.now()
        self._turn()

    def lost(self, reason: str) -> None:
        """Ends the session, after the handler that may still be running."""
        self._ending = self._ending or reason or ("closed by the peer" if self.eof else "connection lost")
        self._endpoint.connections.remove(self)
        self._conclude()

    # What the watch over all connections asks for

    def check(self, now: float) -> None:
        """Once a second: the end for those that are too slow."""
        if self.bytes_in != self._was_in:
            self._was_in, self.heard_at = self.bytes_in, now
        if (self.blocked or self._ending) and self.draining():
            self.quiet_since = now
        if now - self.quiet_since <= self._patience():
            return
        if (idle := self._idle()) and self._session is not None:
            self._last_word(self._session.overdue, "timed out")
        self._end("timed out")
        if not idle:
            self.abort()

    def dismiss(self) -> None:
        """The service stops, or the login has ended: the session says so when nothing of it is running."""
        self._dismissed = True
        if self._session is None:
            self._end(STOPPING)
        self._turn()

    def cancel(self) -> None:
        """No more patience: ends what runs and cuts the connection."""
        if self._task is not None:
            self._task.cancel()
        self._end(STOPPING)
        self.abort()

    def _open(self) -> None:
        self._session = self._endpoint.sessions()
        self._machine = self._session.machine
        self._session.opened(self)

    def _turn(self, data: bytes = b"") -> None:
        """Feeds the machine, handles what it has, as far as that goes without waiting, and sends what it says."""
        session, machine = self._session, self._machine
        if self._turning or session is None or machine is None or self.handshaking:
            return
        self._turning = True
        try:
            if data:
                machine.receive(data)
            if self._task is None:
                self._handle_events(session, machine)
            self._say()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 -- a fault must not become a silent hang
            self._fail(error)
        finally:
            self._turning = False
        if (machine.closing or self.eof or self._dismissed) and self._idle():
            self._settle(session)
        if self._ending:
            self._conclude()
        if self.blocked or self._ahead > MOST_AHEAD or not self._reading:
            self.read(not self.blocked and self._ahead <= MOST_AHEAD)

    def _handle_events(self, session: Session, machine: Machine[Any]) -> None:
        for _ in range(EVENTS_PER_TURN):
            if self.blocked or self._ending or self.handshaking:
                return
            event = machine.next_event()
            if event is None:
                self._ahead = 0
                return
            self._task = eager.start(session.handle(event))
            if self._task is not None:
                self._task.add_done_callback(self._handled)
                return
            self._said += machine.data_to_send()
            if len(self._said) > MOST_AHEAD:
                self._say()
        asyncio.get_running_loop().call_soon(self._turn)

    def _handled(self, task: asyncio.Task[None]) -> None:
        """A handler that had to wait is through."""
        self._task = None
        self.quiet_since = self._endpoint.connections.now()
        error = _error_of(task, dismissed=self._dismissed)
        if error is not None and not (self._transport is None and isinstance(error, ConnectionError)):
            self._fail(error)
        self._conclude()
        self._turn()

    def _settle(self, session: Session) -> None:
        """Between two events: is this the end?"""
        if session.machine.closing:
            self._end("done")
        elif self.eof and not self._ahead:
            self._end("closed by the peer")
        elif self._dismissed:  # asked again after each event: it may have something to finish first
            self._last_word(session.dismissed, STOPPING)

    def _say(self) -> None:
        if self._machine is None or self.handshaking:
            return
        data = self._machine.data_to_send()
        if self._said:  # a long answer is not copied
            data, self._said = bytes(self._said + data), bytearray()
        if data:
            self.quiet_since = self._endpoint.connections.now()
            self.send(data)

    def _guarded(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 -- as in `_turn`
            self._fail(error)

    def _last_word(self, word: Callable[[], None], reason: str) -> None:
        try:
            word()
            self._say()
            if self._machine is not None and self._machine.closing:
                self._end(reason)
        except Exception as error:  # noqa: BLE001 -- as in `_turn`
            self._endpoint.on_error(error)
            self._end("fault")

    def _fail(self, error: BaseException) -> None:
        self._endpoint.on_error(error)
        if self._session is not None and not self._ending and not self.handshaking:
            self._last_word(self._session.failed, "fault")
        self._end("fault")

    def _end(self, reason: str) -> None:
        if not self._ending:
            self._ending = reason
            self.quiet_since = self._endpoint.connections.now()
            self.hang_up()
            self._conclude()

    def _conclude(self) -> None:
        """Ends the session once the connection has ended for it and no handler is at work."""
        if self._ending and not self._turning and self._task is None and self._session is not None:
            session = self._session
            self._session = self._machine = None  # no cycle is left to the collector
            try:
                session.closed(self._ending)
            except Exception as error:  # noqa: BLE001 -- as in `_turn`
                self._endpoint.on_error(error)

    def _idle(self) -> bool:
        return not (self._session is None or self._task or self._ending or self.blocked or self.handshaking)

    def _patience(self) -> float:
        if self._ending:
            return LINGER_SECONDS
        if self._session is None or self.handshaking:
            return HANDSHAKE_SECONDS
        if self.blocked:
            return STALLED_SECONDS
        return math.inf if self._task is not None else self._session.deadline()


def _error_of(task: asyncio.Task[None], *, dismissed: bool) -> BaseException | None:
    """Why a handler did not come to its end; None where `Pump.cancel` has cut it, since the service stops."""
    if task.cancelled():
        return None if dismissed else asyncio.CancelledError()
    return task.exception()
