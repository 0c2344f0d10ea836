"""The top of a message: its header, the empty line, and some lines of its body.

RFC 1939 §7 (TOP). It works behind `wire.dots.Stuffer`, whose pieces have CRLF line ends only and never tear one in two. Not here: the
stuffing, and which message it is.
"""

from __future__ import annotations

from postroom.wire.dots import Stuffer

END = b".\r\n"
SLICE = 65_536  # octets of a message that are looked at in one go


class TopCutter:
    """Lets through the header and `lines` lines of the body; `full` when it has them."""

    __slots__ = ("_in_header", "_line_start", "_lines", "full")

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._in_header = True
        self._line_start = True
        self.full = False

    def cut(self, text: bytes) -> bytes:
        """As much of the next piece as is wanted."""
        if self.full or not text:
            return b""
        start = self._body_start(text) if self._in_header else 0
        self._line_start = text[-1] == 0x0A
        return text if start < 0 else text[: self._wanted_end(text, start)]

    def _body_start(self, text: bytes) -> int:
        """Where the body begins, behind the empty line; -1 when not in this piece."""
        if self._line_start and text.startswith(b"\r\n"):
            start = 2
        else:
            found = text.find(b"\n\r\n")
            start = found + 3 if found >= 0 else -1
        self._in_header = start < 0
        return start

    def _wanted_end(self, text: bytes, start: int) -> int:
        present = text.count(b"\n", start)
        if present < self._lines:
            self._lines -= present
            return len(text)
        self.full = True
        end = start
        for _ in range(self._lines):
            end = text.index(b"\n", end) + 1
        return end


class ContentWriter:
    """A message in pieces, made fit for the wire. `lines`: of the body, for TOP; None for all of the message."""

    __slots__ = ("_cutter", "_stuffer")

    def __init__(self, lines: int | None = None) -> None:
        self._stuffer = Stuffer()
        self._cutter = None if lines is None else TopCutter(lines)

    @property
    def full(self) -> bool:
        """Whether nothing more is wanted."""
        return self._cutter is not None and self._cutter.full

    def write(self, piece: bytes) -> bytes:
        """What to send for a piece."""
        stuffed = self._stuffer.feed(piece)
        return stuffed if self._cutter is None else self._cutter.cut(stuffed)

    def end(self) -> bytes:
        """What to send at the end, the termination octet included."""
        return END if self.full else self._stuffer.finish()


def top(message: bytes, lines: int) -> bytes:
    """The top of a message that is all there, termination octet included."""
    writer = ContentWriter(lines)
    pieces = []
    for start in range(0, len(message), SLICE):
        pieces.append(writer.write(message[start : start + SLICE]))
        if writer.full:
            break
    return b"".join((*pieces, writer.end()))
