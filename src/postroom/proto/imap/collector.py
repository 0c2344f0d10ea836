"""Lines and literals become whole commands.

RFC 9051 §4.3 and §2.2.1, RFC 7888 §3 to §5 (synchronizing and other literals). A command's text is what came, literals with their announcements,
without the CRLF at its end; the grammar reads it in one go. Not here: what it says, and the messages of APPEND (`proto.imap.arrival`).
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from postroom.proto.imap.config import Limits
from postroom.proto.imap.grammar import LONGEST_TAG, TAG_CHARS
from postroom.wire.lines import LineBuffer, LineFault

_LITERAL: Final = re.compile(rb"(~?)\{([0-9]{1,20})(\+?)\}\Z")
_BRINGS: Final = re.compile(
    rb"[%b]{1,%d} (?:APPEND|(?:UID )?REPLACE [^ ]+) " % (re.escape(bytes(sorted(TAG_CHARS))), LONGEST_TAG),
    re.IGNORECASE,
)


class Literal(msgspec.Struct, frozen=True):
    """An announcement at the end of a line."""

    size: int
    synchronizing: bool
    binary: bool = False


def announced(line: bytes) -> Literal | None:
    """The literal that a line ends with; what only looks like one is left to the grammar."""
    if not line.endswith(b"}"):
        return None
    match = _LITERAL.search(line)
    return Literal(int(match[2]), not match[3], bool(match[1])) if match else None


class Asked(enum.Enum):
    """What a client is to be told before it goes on."""

    CONTINUATION = "a synchronizing literal is awaited"


class Refused(msgspec.Struct, frozen=True):
    """A command that cannot be taken; `start` is what came of it. `fatal`: nothing that follows can be understood."""

    start: bytes
    reason: str
    code: str = ""
    fatal: bool = False


class Announced(msgspec.Struct, frozen=True):
    """The first literal of a message is announced at the end of this text: what follows is not collected here."""

    text: bytes


WHY: Final = {
    LineFault.BARE_LF: "Lines end with CRLF, this one ended with LF alone: use nc -C, or a telnet client",
    LineFault.BARE_CR: "A line has a CR inside that is not followed by LF",
    LineFault.TOO_LONG: "The line is too long: use literals, or a shorter command",
}


class Collector:
    """Collects one command after the other out of a `LineBuffer`."""

    __slots__ = ("_left", "_limits", "_literals", "_parts", "_refused", "_size", "minus", "most", "streams")

    def __init__(self, limits: Limits, *, minus: bool = False) -> None:
        """`minus`: literals that are not synchronizing are small (RFC 7888 §5)."""
        self._limits = limits
        self.minus = minus
        self.most = limits.line_before_login  # octets of one command
        self.streams = False  # messages are not collected: whoever may bring them has logged in
        self._parts: list[bytes] = []
        self._size = 0
        self._left = 0  # octets of the present literal that have not come
        self._literals = 0
        self._refused: Refused | None = None

    @property
    def head(self) -> bytes:
        """The first line of a command that is not whole yet."""
        return self._parts[0] if self._parts else b""

    def next(self, lines: LineBuffer) -> bytes | Asked | Refused | Announced | None:
        """The next whole command, what to say so that it goes on, why it is none; None while more has to come."""
        while True:
            if self._left:
                piece = lines.take(self._left)
                if not piece:
                    return None
                self._left -= len(piece)
                if self._refused is None:
                    self._parts.append(piece)
                continue
            line = lines.line()
            if line is None:
                return None
            if isinstance(line, LineFault):
                return self._fault(line, lines)
            literal = announced(line)
            if literal is None:
                return self._whole(line)
            answer = self._literal(line, literal)
            if answer is not None:
                return answer

    def admit(self) -> None:
        """Somebody has logged in: commands may be long, and messages may come."""
        self.most, self.streams = self._limits.command, True

    def shut_out(self) -> None:
        """Nobody is logged in any more."""
        self.most, self.streams = self._limits.line_before_login, False

    def reset(self) -> None:
        """Forgets what came of a command."""
        self._parts, self._size, self._left, self._literals, self._refused = [], 0, 0, 0, None

    def _whole(self, line: bytes) -> bytes | Refused:
        refused, parts, size = self._refused, self._parts, self._size + len(line)
        start = parts[0] if parts else line
        self.reset()
        if refused is not None:
            return refused
        if size > self.most:
            return Refused(start, f"A command has at most {self.most} octets here", "TOOBIG")
        return b"".join((*parts, line)) if parts else line

    def _fault(self, fault: LineFault, lines: LineBuffer) -> Refused:
        start = self.head or (lines.start if b" " in lines.start else b"")  # a tag that is cut off is none
        refused = self._refused
        self.reset()
        return refused or Refused(start, WHY[fault], "TOOBIG" if fault is LineFault.TOO_LONG else "")

    def _literal(self, line: bytes, literal: Literal) -> Asked | Refused | Announced | None:
        if self.streams and self._refused is None and self._brings(line):
            text = b"".join((*self._parts, line))
            self.reset()
            return Announced(text)
        if self._refused is None:
            self._parts += (line, b"\r\n")
        self._size += len(line) + 2 + literal.size
        self._literals += 1
        refused = self._refused or self._too_much(literal)
        if refused is None:
            self._left = literal.size
            return Asked.CONTINUATION if literal.synchronizing else None
        if not literal.synchronizing and max(literal.size, self._size - self.most) > self._limits.discarded:
            refused = msgspec.structs.replace(refused, fatal=True)
        if literal.synchronizing or refused.fatal:
            self.reset()
            return refused
        self._refused, self._left, self._parts = refused, literal.size, []
        return None

    def _brings(self, line: bytes) -> bool:
        """Whether the literal at the end of this line is one of a message."""
        found = _BRINGS.match(self.head or line)
        return found is not None and (self._literals > 0 or not _LITERAL.match(line, found.end()))

    def _too_much(self, literal: Literal) -> Refused | None:
        limits, start = self._limits, self.head
        if self.minus and not literal.synchronizing and literal.size > limits.literal_minus:
            words = f"A literal that is not waited for has at most {limits.literal_minus} octets (RFC 7888 section 5)"
            return Refused(start, words, "TOOBIG", fatal=True)
        if self._size > self.most:
            return Refused(start, f"A command has at most {self.most} octets here", "TOOBIG")
        if self._literals > limits.literals:
            return Refused(start, f"A command has at most {limits.literals} literals", "TOOBIG")
        return None
