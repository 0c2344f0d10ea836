"""A small POP3 client on blocking sockets, the same one for both sides (RFC 1939; RFC 2449 §6.6 pipelining).

Not here: what the messages are; it only finds where replies end.
"""

from __future__ import annotations

import ssl
import time
from typing import Final

from bench.processes import BenchError
from bench.sockets import connect
from bench.systems import PASSWORD

CHUNK: Final = 1 << 18  # octets of one read
WINDOW: Final = 100  # commands sent before their replies are read, when pipelined
END: Final = b"\r\n.\r\n"  # of a multi-line reply


class Replies:
    """Finds the ends of replies in what comes; keeps nothing of them but the first line."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._seen = 0

    def feed(self, data: bytes | memoryview) -> None:
        """More octets from the server."""
        self._held += data

    def line(self) -> bytes | None:
        """The next one-line reply without its end, or None before it is whole."""
        end = self._held.find(b"\r\n")
        if end < 0:
            return None
        reply = bytes(self._held[:end])
        del self._held[: end + 2]
        self._seen = 0
        return reply

    def text(self) -> int | None:
        """The octets of the next multi-line reply, or None before it is whole; raises `BenchError` when it is an error."""
        if self._held[:1] == b"-":
            raise BenchError(f"the server said {bytes(self._held[:100])!r}")
        end = self._held.find(END, self._seen)
        if end < 0:
            self._seen = max(0, len(self._held) - len(END) + 1)
            return None
        size = end + len(END)
        del self._held[:size]
        self._seen = 0
        return size


class Pop3Connection:
    """A session that has logged in; raises `BenchError` when the server refuses."""

    def __init__(self, port: int, name: str, tls: ssl.SSLContext | None = None) -> None:
        self._socket = connect(port, tls)
        self._replies = Replies()
        self._buffer = memoryview(
            bytearray(CHUNK)
        )  # one for all reads: the client must not cost more than it has to
        try:
            self._line()
            self.command(f"USER {name}")
            self.command(f"PASS {PASSWORD}")
        except (BenchError, OSError):
            self._socket.close()
            raise

    def command(self, words: str) -> str:
        """Sends a command and gives the rest of its one-line +OK."""
        self._socket.sendall(words.encode() + b"\r\n")
        return self._line()

    def count(self) -> int:
        """How many messages STAT reports."""
        return int(self.command("STAT").split(" ")[0])

    def retrieve(self, messages: int, window: int) -> float:
        """Fetches messages 1 to `messages`, `window` commands at a time; gives the seconds."""
        started = time.perf_counter()
        for first in range(1, messages + 1, window):
            last = min(first + window, messages + 1)
            self._socket.sendall(b"".join(b"RETR %d\r\n" % number for number in range(first, last)))
            for _ in range(first, last):
                while self._replies.text() is None:
                    self._read()
        return time.perf_counter() - started

    def quit(self) -> None:
        """Ends the session."""
        self.command("QUIT")
        self._socket.close()

    def _line(self) -> str:
        while (line := self._replies.line()) is None:
            self._read()
        if not line.startswith(b"+OK"):
            raise BenchError(f"the server said {line.decode('utf-8', 'replace')!r}")
        return line[4:].decode("utf-8", "replace")

    def _read(self) -> None:
        size = self._socket.recv_into(self._buffer)
        if not size:
            raise BenchError("the server closed the connection")
        self._replies.feed(self._buffer[:size])
