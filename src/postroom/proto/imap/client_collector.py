"""Lines and literals of a server become whole responses.

RFC 9051 §2.2.2 and §4.3: a line that ends with `{n}` goes on after n octets. Only data has literals: the words of OK, NO, BAD, BYE and `+` may end
with whatever they like. What a server sends is bounded before it is kept. Not here: what a response says (`client_responses`).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from postroom.wire.lines import LineBuffer, LineFault

_ANNOUNCED: Final = re.compile(rb"\{([0-9]{1,20})\+?\}\Z")
_WORDS: Final = re.compile(rb"\* (?:OK|NO|BAD|BYE|PREAUTH)(?: |\Z)", re.IGNORECASE)


class ClientLimits(msgspec.Struct, frozen=True):
    """Bounds of what a server may send in one response: octets of a line and of all lines, which become values of many times their size; octets and
    literals of a whole response."""

    line: int = 4 << 20
    response: int = 128 << 20
    literals: int = 20_000


class TooMuch(msgspec.Struct, frozen=True):
    """The server sends what cannot be taken; nothing that follows can be understood."""

    why: str


class ResponseCollector:
    """Collects one response after the other."""

    __slots__ = ("_left", "_limits", "_lines", "_literals", "_parts", "_size", "_written")

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._lines = LineBuffer(limits.line)
        self._parts: list[bytes] = []  # of a response that is not whole yet
        self._size = self._written = 0  # octets with literals and without
        self._left = 0  # octets of its literal that have not come
        self._literals = 0

    @property
    def pending(self) -> bool:
        """Whether octets wait that belong to no whole response."""
        return bool(self._parts) or self._lines.pending

    def feed(self, data: bytes) -> None:
        """Adds what has arrived."""
        self._lines.feed(data)

    def next(self) -> bytes | TooMuch | None:
        """The next whole response without its CRLF, literals with their announcements in it; None while more has to come."""
        while True:
            if self._left:
                piece = self._lines.take(self._left)
                if not piece:
                    return None
                self._left -= len(piece)
                self._parts.append(piece)
                continue
            line = self._lines.line()
            if line is None:
                return None
            if isinstance(line, LineFault):
                return TooMuch(f"The server sent a line that is none: {line.value}")
            self._written += len(line)
            if self._written > self._limits.line:
                return TooMuch(
                    f"The server's response has more than {self._limits.line} octets beside literals"
                )
            size = self._announced(line)
            if size is None:
                return self._whole(line)
            self._size += len(line) + 2 + size
            self._literals += 1
            if self._size > self._limits.response or self._literals > self._limits.literals:
                return TooMuch(
                    f"The server's response has more than {self._limits.response} octets or {self._limits.literals} literals"
                )
            self._parts += (line, b"\r\n")
            self._left = size

    def _announced(self, line: bytes) -> int | None:
        if not line.endswith(b"}"):
            return None
        if not self._parts and (not line.startswith(b"* ") or _WORDS.match(line)):
            return None
        match = _ANNOUNCED.search(line)
        return int(match[1]) if match else None

    def _whole(self, line: bytes) -> bytes | TooMuch:
        parts, size = self._parts, self._size + len(line)
        self._parts, self._size, self._literals, self._written = [], 0, 0, 0
        if size > self._limits.response:
            return TooMuch(f"The server's response has more than {self._limits.response} octets")
        return b"".join((*parts, line)) if parts else line
