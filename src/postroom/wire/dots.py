"""Dot-stuffing: how SMTP, LMTP, POP3 and ManageSieve-like protocols say where a text ends.

RFC 5321 §4.5.2 and §4.1.1.4, RFC 1939 §3. The end is CRLF "." CRLF and nothing that resembles it; a text that holds a bare CR, a bare LF or
NUL is marked as malformed and read on to its true end, so that sender and receiver never disagree about where it was. Not here: what is
answered then, and limits.
"""

from __future__ import annotations

from io import IncrementalNewlineDecoder

END_OF_DATA = b"\r\n.\r\n"
DOT_LINE = b"\r\n."


def has_only_crlf(text: bytes) -> bool:
    """Whether every CR is followed by LF and every LF preceded by CR (RFC 5321 §2.3.8)."""
    # This decoder of the standard library notes the kinds of line ends in one pass; three counts cost three times as much.
    seen = IncrementalNewlineDecoder(None, False)
    seen.decode(str(text, "latin-1"), True)
    return seen.newlines in {None, "\r\n"}


def is_canonical(text: bytes) -> bool:
    """Whether lines end with CRLF only and there is no NUL, as RFC 2045 §2.7 and §2.8 want it of 7bit and 8bit data."""
    return b"\0" not in text and has_only_crlf(text)


def plain_text(data: bytes) -> bytes | None:
    """The text, when `data` is one whole stuffed text that is canonical and has no line with a dot; None for all else.

    Most messages are that: this is `Unstuffer` for them, at a third of its cost.
    """
    dot = data.find(DOT_LINE)
    if dot < 0 or dot != len(data) - 5 or data[-2:] != b"\r\n" or data[0] == 46 or b"\0" in data:
        return None
    seen = IncrementalNewlineDecoder(None, False)
    seen.decode(str(data, "latin-1"), True)
    return data[:-3] if seen.newlines == "\r\n" else None


def only_crlf(text: bytes) -> bytes:
    """`text` with every bare CR and bare LF made CRLF."""
    if has_only_crlf(text):
        return text
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def canonical(text: bytes) -> bytes:
    """`only_crlf`, and a line end at the end of what is not empty."""
    text = only_crlf(text)
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


def stuff(text: bytes) -> bytes:
    """A whole text as it goes on the wire: CRLF only, each leading dot doubled, its end marked."""
    stuffed = canonical(text)
    if DOT_LINE in stuffed:
        stuffed = stuffed.replace(DOT_LINE, b"\r\n..")
    return b"." + stuffed + b".\r\n" if stuffed.startswith(b".") else stuffed + b".\r\n"


class Stuffer:
    """The same for a text that comes in pieces of any cut, and makes bare CR and LF into CRLF on the way.

    A CR at the end of a piece waits for the next one: a CRLF may be cut in two.
    """

    __slots__ = ("_at_line_start", "_held")

    def __init__(self) -> None:
        self._held = b""
        self._at_line_start = True

    def feed(self, piece: bytes) -> bytes:
        """What goes on the wire for this piece."""
        data = self._held + piece if self._held else piece
        self._held = b""
        if data.endswith(b"\r"):
            self._held = b"\r"
            data = data[:-1]
        if not data:
            return b""
        stuffed = only_crlf(data)
        if DOT_LINE in stuffed:
            stuffed = stuffed.replace(DOT_LINE, b"\r\n..")
        if self._at_line_start and stuffed[0] == 46:
            stuffed = b"." + stuffed
        self._at_line_start = stuffed.endswith(b"\r\n")
        return stuffed

    def finish(self) -> bytes:
        """The last line end where it is missing, and the mark of the end."""
        last = self.feed(b"\n") if self._held else b""
        if not self._at_line_start:
            last += b"\r\n"
        return last + b".\r\n"


class Unstuffer:
    """Finds the end of a stuffed text and takes the extra dots away, for pieces of any cut.

    The text gathers until `take()` is called. `size` counts its octets from the beginning, taken or not; `malformed` says that it was not
    canonical. With `discard` set, it is counted but not kept.
    """

    __slots__ = ("_first", "_held", "_pieces", "discard", "malformed", "size", "waiting")

    def __init__(self) -> None:
        self._first = True
        self._held = b""  # the last octets, as long as they may be the beginning of the end
        self._pieces: list[bytes] = []
        self.size = 0
        self.waiting = 0  # octets gathered and not taken
        self.malformed = False
        self.discard = False

    def feed(self, data: bytes) -> bytes | None:
        """None while the end has not been seen; then the octets behind it (often b"")."""
        if not data:
            return None
        if self._first and not self._held:
            if data[0] == 46:
                self._held = b"\r\n"  # the text begins as if after a CRLF
            else:
                self._first = False
        if self._held:
            data = self._held + data
            self._held = b""
        dot = data.find(DOT_LINE)
        end = data.find(END_OF_DATA, dot) if dot >= 0 else -1
        if end >= 0:
            self._gather(data[: end + 2], stuffed=dot < end)
            return data[end + 5 :]
        kept = _undecided(data)
        if kept:
            self._held = data[-kept:]
            data = data[:-kept]
        if data:
            self._gather(data, stuffed=dot >= 0)
        return None

    def finish(self) -> None:
        """Nothing is left to do when the end has been found; counted texts have more to say here."""

    def take(self) -> bytes:
        """All that has been gathered since the last call."""
        pieces, self._pieces = self._pieces, []
        self.waiting = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _gather(self, text: bytes, *, stuffed: bool) -> None:
        if not is_canonical(text):
            self.malformed = True
        if stuffed:
            text = text.replace(DOT_LINE, b"\r\n")
        if self._first:  # it began with a dot, and so with the CRLF that was put before it
            self._first = False
            text = text[2:]
        self.size += len(text)
        if not self.discard:
            self._pieces.append(text)
            self.waiting += len(text)


def _undecided(data: bytes) -> int:
    """How many octets at the end of `data` may be the beginning of the end-of-data mark."""
    last = data[-1]
    if last == 13:
        return 4 if data.endswith(b"\r\n.\r") else 1
    if last == 10:
        return 2 if data.endswith(b"\r\n") else 0
    return 3 if data.endswith(DOT_LINE) else 0
