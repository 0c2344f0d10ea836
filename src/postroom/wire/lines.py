"""Lines off the wire: CRLF and nothing else ends one.

RFC 5321 §2.3.8, RFC 1939 §3 and RFC 9051 §2.2 all end a line with CRLF. A bare CR or LF never separates two commands: a line that has one is
a fault, and so is what follows a bare LF up to the next line end, because it did not begin after a CRLF. The result depends on the bytes
alone, not on how they were cut. Not here: what a line means, and NUL or other characters that one protocol allows and another does not.
"""

from __future__ import annotations

import enum
from collections import deque

START_KEPT = 16  # octets of a line that is too long, enough to see its verb


class LineFault(enum.Enum):
    """Why something that ended (or did not end in time) is not a line."""

    BARE_LF = "ended by LF alone"
    BARE_CR = "CR without LF inside"
    TOO_LONG = "longer than the limit"


class LineBuffer:
    """Takes bytes of any cut, gives lines without their CRLF, or their octets as they are.

    `limit` is the longest line in octets with its CRLF; a longer one is reported once, as soon as it is known to be too long, and thrown
    away up to its end, so that at most `limit` octets of a line without an end are held. `start` is the beginning of that line.
    `more` is False while it is of no use to ask again before something has arrived.
    """

    __slots__ = (
        "_after_cr",
        "_broken",
        "_data",
        "_incoming",
        "_partial",
        "_partial_size",
        "_position",
        "_skipping",
        "limit",
        "more",
        "start",
    )

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.start = b""
        self.more = False
        self._data = b""  # being read from _position on
        self._position = 0
        self._incoming: deque[bytes] = deque()  # not looked at yet
        self._partial: list[bytes] = []  # looked at: no LF in it
        self._partial_size = 0
        self._skipping = False  # inside a line that was reported as too long
        self._after_cr = False  # its last octet so far was CR
        self._broken = False  # the last line end was a bare LF

    def feed(self, data: bytes) -> None:
        """Adds what has arrived."""
        self.more = True
        if self._position == len(self._data) and not self._incoming and not self._partial:
            self._data = data
            self._position = 0
        else:
            self._incoming.append(data)

    @property
    def pending(self) -> bool:
        """Whether octets wait that have not been given out."""
        return self._position < len(self._data) or bool(self._incoming) or bool(self._partial)

    def line(self) -> bytes | LineFault | None:
        """The next line without its CRLF, a fault in its place, or None while its end has not arrived."""
        data = self._data
        start = self._position
        end = data.find(b"\n", start)
        if (
            end > start
            and data[end - 1] == 13
            and end - start < self.limit
            and not (self._broken or self._skipping)
        ):
            line = data[start : end - 1]
            if b"\r" not in line:
                end += 1
                self._position = end
                if end == len(data) and not self._incoming:
                    self.more = False
                return line
        return self._unusual_line(start, end)

    def take(self, most: int) -> bytes:
        """Up to `most` octets as they are; b"" when none wait."""
        if self._partial or self._position == len(self._data):
            self.unread(self.rest() if self._partial else self._incoming.popleft() if self._incoming else b"")
        piece = self._data[self._position : self._position + most]
        self._position += len(piece)
        self.more = self._position < len(self._data) or bool(self._incoming)
        return piece

    def rest(self) -> bytes:
        """All octets that wait, as they are; the buffer is empty afterwards."""
        data = self._data[self._position :] if self._position else self._data
        if self._partial or self._incoming:
            data = b"".join((*self._partial, data, *self._incoming))
            self._incoming.clear()
            self._drop_partial()
        self._data = b""
        self._position = 0
        self.more = False
        return data

    def unread(self, data: bytes) -> None:
        """Puts back, in front of what has arrived since, the part of `rest()` or `take()` that was not used."""
        if self._position < len(self._data):
            self._incoming.appendleft(self._data[self._position :])
        self._data = data
        self._position = 0
        self.more = True

    # ------------------------------------------------------------------------------------------------ the unusual lines

    def _unusual_line(self, start: int, end: int) -> bytes | LineFault | None:
        while True:
            if end < 0:
                fault = self._look_for_end()
                if fault is not None:
                    return fault
                if self._data == b"":
                    self.more = False
                    return None
                start, end = 0, self._data.find(b"\n")
            if not self._skipping:
                return self._faulty_or_line(start, end)
            self._broken = not (self._data[end - 1] == 13 if end > start else self._after_cr)
            self._skipping = False
            self._position = start = end + 1
            end = self._data.find(b"\n", start)

    def _look_for_end(self) -> LineFault | None:
        """Goes through what has arrived until a piece with LF is `_data`, whole with the line's beginning; else `_data` is empty."""
        piece = self._data[self._position :]
        self._data = b""
        self._position = 0
        while True:
            if piece and self._keep(piece):
                return LineFault.TOO_LONG
            if not self._incoming:
                return None
            piece = self._incoming.popleft()
            if b"\n" in piece:
                self._data = b"".join((*self._partial, piece)) if self._partial else piece
                self._drop_partial()
                return None

    def _keep(self, piece: bytes) -> bool:
        """Holds a piece without LF; True when with it the line has become too long."""
        if self._skipping:
            self._after_cr = piece[-1] == 13
            return False
        self._partial.append(piece)
        self._partial_size += len(piece)
        if self._partial_size < self.limit:
            return False
        self.start = b"".join(self._partial)[:START_KEPT]
        self._drop_partial()
        self._skipping = True
        self._after_cr = piece[-1] == 13
        return True

    def _drop_partial(self) -> None:
        self._partial.clear()
        self._partial_size = 0

    def _faulty_or_line(self, start: int, end: int) -> bytes | LineFault:
        line = self._data[start:end]
        self._position = end + 1
        after_broken = self._broken
        self._broken = not line.endswith(b"\r")
        if end - start >= self.limit:
            self.start = line[:START_KEPT]
            return LineFault.TOO_LONG
        if self._broken or after_broken:
            return LineFault.BARE_LF
        if line.find(b"\r") < len(line) - 1:
            return LineFault.BARE_CR
        return line[:-1]
