"""A tiny protocol for the tests of the pump: one line, one event, one reply.

Words that the session understands: STARTTLS, WAIT (until `gate` opens), FAIL, WAITFAIL, BIG (a reply of BIG_REPLY octets), QUIT. Every other line is
echoed. NOOP is answered by the machine itself.
"""

import asyncio
import ssl
from collections import deque
from typing import Any

from postroom.net.connections import Connections
from postroom.net.pump import Endpoint
from postroom.net.session import Connection, TlsFacts

BIG_REPLY = 1 << 20


class LineMachine:
    """Lines ended by LF; what came before TLS is forgotten when TLS has begun."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.out: list[bytes] = []
        self.waiting = False
        self.closing = False

    def receive(self, data: bytes) -> None:
        self.buffer += data

    def next_event(self) -> bytes | None:
        while not self.waiting and not self.closing and b"\n" in self.buffer:
            line, _, rest = bytes(self.buffer).partition(b"\n")
            self.buffer[:] = rest
            if line == b"NOOP":
                self.out.append(b"ok\n")
                continue
            self.waiting = True
            return line
        return None

    def reply(self, text: bytes, *, close: bool = False) -> None:
        self.waiting = False
        self.closing = close
        self.out.append(text + b"\n")

    def data_to_send(self) -> bytes:
        data = b"".join(self.out)
        self.out.clear()
        return data

    def tls_started(self) -> None:
        self.buffer.clear()
        self.waiting = False


class LineSession:
    """Answers lines; keeps what happened in `seen`, and the reasons of `closed`."""

    def __init__(self, tls: ssl.SSLContext | None = None, patience: float = 300.0) -> None:
        self.machine = LineMachine()
        self.context = tls
        self.patience = patience
        self.seen: list[bytes] = []
        self.ends: list[str] = []
        self.facts: TlsFacts | None = None
        self.gate = asyncio.Event()
        self.over = asyncio.Event()
        self.connection: Connection

    def opened(self, connection: Connection) -> None:
        self.connection = connection
        self.facts = connection.tls
        self.machine.out.append(b"hello\n")

    async def handle(self, event: bytes) -> None:
        self.seen.append(event)
        if event in (b"WAIT", b"WAITFAIL"):
            await self.gate.wait()
        if event.endswith(b"FAIL"):
            raise ValueError("a fault in the handler")
        if event == b"STARTTLS":
            assert self.context is not None
            self.machine.reply(b"go ahead")
            self.connection.start_tls(self.context)
        elif event == b"BIG":
            self.machine.reply(b"x" * (BIG_REPLY - 1))
        else:
            self.machine.reply(event, close=event == b"QUIT")

    def secured(self, facts: TlsFacts) -> None:
        self.facts = facts
        self.machine.tls_started()

    def overdue(self) -> None:
        self.machine.reply(b"too slow", close=True)

    def failed(self) -> None:
        self.machine.reply(b"sorry", close=True)

    def dismissed(self) -> None:
        self.machine.reply(b"going down", close=True)

    def closed(self, reason: str) -> None:
        self.ends.append(reason)
        self.over.set()

    def deadline(self) -> float:
        return self.patience


class Service:
    """An endpoint of LineSessions, and what became of them; `now` is moved by the test."""

    def __init__(self, **session: Any) -> None:
        self.now = 1000.0
        self.sessions: deque[LineSession] = deque()
        self.errors: list[BaseException] = []
        self.connections = Connections(lambda: self.now)
        self.options = session
        self.implicit: ssl.SSLContext | None = None

    def make(self) -> LineSession:
        self.sessions.append(LineSession(**self.options))
        return self.sessions[-1]

    @property
    def session(self) -> LineSession:
        """The session of the last connection."""
        return self.sessions[-1]

    def endpoint(self) -> Endpoint:
        implicit = self.implicit
        return Endpoint(
            self.make, self.connections, self.errors.append, (lambda: implicit) if implicit else None
        )
