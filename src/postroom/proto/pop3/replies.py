"""The server's answers on their way out, and the record of the dialogue that the journey keeps.

RFC 1939 §3 (status indicators, multi-line responses, byte-stuffing of the termination octet), RFC 2449 §8 (response codes). Secrets never
get here: whoever notes a client's line has masked it. Not here: which answer is right.
"""

from __future__ import annotations

from collections.abc import Iterable

from postroom.proto.pop3.events import Code
from postroom.proto.pop3.texts import ENGLISH, Text

MOST_NOTED = 256  # lines of dialogue held until someone takes them; a session that never asks does not grow
NOTED_OF_LISTING = 20  # lines of one multi-line response that are worth keeping


class Replies:
    """Queues answers in the chosen language, counts the client's faults and failed logins, and writes down what was said."""

    __slots__ = ("_noted", "_out", "failed_logins", "faults", "language", "queued")

    def __init__(self, language: str = ENGLISH) -> None:
        self.language = language
        self.faults = self.failed_logins = 0
        self.queued = 0  # octets that wait
        self._out: list[bytes] = []
        self._noted: list[bytes] = []

    def words(self, text: Text, **values: object) -> str:
        """The words in the session's language."""
        return text.words(self.language, **values)

    def ok(self, words: str) -> None:
        """A positive answer of one line, or the first line of one that goes on."""
        self._line(f"+OK {words}".encode())

    def err(self, words: str, code: Code = Code.NONE) -> None:
        """A negative answer; `words` must not hold what the client sent."""
        self._line(f"-ERR [{code}] {words}".encode() if code else f"-ERR {words}".encode())

    def fault(self, words: str) -> None:
        """A negative answer to what is against the protocol; such are counted."""
        self.faults += 1
        self.err(words)

    def challenge(self, data: bytes) -> None:
        """`+ ` and a server challenge, in base64 already (RFC 5034 §4)."""
        self._line(b"+ " + data)

    def listing(self, lines: Iterable[str]) -> None:
        """Lines of a multi-line response that cannot begin with a dot."""
        encoded = [line.encode() for line in lines]
        if encoded:
            self.content(b"\r\n".join(encoded) + b"\r\n")
            for line in encoded[:NOTED_OF_LISTING]:
                self.note(b">" + line)
            if len(encoded) > NOTED_OF_LISTING:
                self.note(b">[%d more lines]" % (len(encoded) - NOTED_OF_LISTING))

    def end(self) -> None:
        """The termination octet."""
        self._line(b".")

    def content(self, data: bytes) -> None:
        """Octets of a message, stuffed already; they are not noted."""
        self._out.append(data)
        self.queued += len(data)

    def note(self, line: bytes) -> None:
        """Writes down a line, `<` or `>` first."""
        if len(self._noted) < MOST_NOTED:
            self._noted.append(line)

    def _line(self, line: bytes) -> None:
        self._out.append(line + b"\r\n")
        self.queued += len(line) + 2
        self.note(b">" + line)

    def take(self) -> bytes:
        """What waits to be sent, once."""
        out = self._out
        if not out:
            return b""
        self._out = []
        self.queued = 0
        return out[0] if len(out) == 1 else b"".join(out)

    def take_noted(self) -> list[bytes]:
        """The dialogue since it was last taken."""
        noted, self._noted = self._noted, []
        return noted
