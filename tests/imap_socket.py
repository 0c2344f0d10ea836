"""An IMAP client over a socket, as plain as can be: a command out, its lines in, and what they say is believed (`imap_replica`)."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import ssl
from collections.abc import Iterator

from imap_replica import Believed, Replica

PATIENCE = 60.0
_LITERAL = re.compile(rb"\{(\d+)\}\Z")
# Their answers may tell a modseq beyond that of an EXPUNGE which they may not tell (RFC 9051 §7.5.1).
_QUIET = (b"FETCH ", b"STORE ", b"SEARCH ")


class ImapSocket:
    """One connection. Raises ConnectionError, or an OSError, when it is gone."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.sock: socket.socket = plain if context is None else context.wrap_socket(plain)
        self._read = b""
        self._tags = itertools.count(1)
        self.replica = Replica()
        self.known = 0  # the modseq up to which all has been told
        self.greeting = self.line()

    def send(self, data: bytes | str) -> None:
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def line(self) -> str:
        """One line, with the octets of its literals in it."""
        text = b""
        while True:
            line = self._until_crlf()
            text += line
            if not (found := _LITERAL.search(line)):
                return text.decode("utf-8", "surrogateescape")
            text += b"\r\n" + self._octets(int(found[1]))

    def say(self, command: str | bytes) -> list[str]:
        """All lines of the answer; the tagged one, the last, without its tag."""
        command = command.encode() if isinstance(command, str) else command
        tag = f"t{next(self._tags)}"
        self.send(tag.encode() + b" " + command + b"\r\n")
        lines = self.answer(tag)
        if not command.startswith(_QUIET):
            self.known = self.replica.modseq
        return lines

    def answer(self, tag: str) -> list[str]:
        """The lines up to the tagged one."""
        lines: list[str] = []
        while True:
            line = self.line()
            if line.startswith(tag + " "):
                line = line.removeprefix(tag + " ")
                self.replica.hear([line])
                return [*lines, line]
            self.replica.hear([line])
            lines.append(line)

    def ok(self, command: str | bytes) -> list[str]:
        """As `say`, when the answer must be OK; without the tagged line."""
        *lines, last = self.say(command)
        assert last.startswith("OK"), (command, last)
        return lines

    def select(self) -> int:
        """SELECT INBOX anew; gives its UIDVALIDITY."""
        self.replica.begin()
        lines = self.ok("SELECT INBOX")
        self.learn()
        return next(int(found[1]) for line in lines if (found := re.search(r"\[UIDVALIDITY (\d+)\]", line)))

    def resync(self, validity: int, before: list[Believed], modseq: int) -> None:
        """SELECT INBOX with what was believed before (RFC 7162 §3.2.5)."""
        self.replica.begin()
        lines = self.ok(f"SELECT INBOX (QRESYNC ({validity} {modseq}))")
        # behind a message whose uid it had not heard yet, a client does not know which is which: it asks again
        self.replica.resync(lines, list(itertools.takewhile(lambda row: row.uid, before)))
        self.learn()

    def learn(self) -> None:
        """Asks for what is not known."""
        if unknown := self.replica.unknown():
            self.say(f"FETCH {','.join(map(str, unknown))} (UID FLAGS)")

    def _until_crlf(self) -> bytes:
        while b"\r\n" not in self._read:
            self._more()
        line, _, self._read = self._read.partition(b"\r\n")
        return line

    def _octets(self, count: int) -> bytes:
        while len(self._read) < count:
            self._more()
        found, self._read = self._read[:count], self._read[count:]
        return found

    def _more(self) -> None:
        data = self.sock.recv(65_536)
        if not data:
            raise ConnectionError("closed by the server")
        self._read += data

    def rest(self) -> bytes:
        """All until the server closes; a reset counts as its end."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while True:
                self._more()
        found, self._read = self._read, b""
        return found

    def close(self) -> None:
        self.sock.close()


@contextlib.contextmanager
def closing(*clients: ImapSocket) -> Iterator[None]:
    """Closes them at the end."""
    try:
        yield
    finally:
        for client in clients:
            client.close()
