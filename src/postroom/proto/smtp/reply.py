"""Replies: a code, an enhanced status and lines of text.

RFC 5321 §4.2 (codes, multi-line replies), §4.5.3.1.5 (512 octets a line), RFC 2034 §4 (the same status on each line; none on 3yz, on the
greeting and on the answers to HELO and EHLO). What a peer sent may stand in the text: nothing but printable characters gets out. Not here:
which reply is right.
"""

from __future__ import annotations

import msgspec

from postroom.message.errors import EnhancedStatus, MailError
from postroom.wire.once import Once

MAX_LINE = 512  # octets with code and CRLF, RFC 5321 §4.5.3.1.5
_ROOM = MAX_LINE - len("250-5.999.999 \r\n")


class Reply(msgspec.Struct, frozen=True, dict=True):
    """One reply. `status` None: the kinds of reply that carry none; at least one line, which may be empty."""

    code: int
    status: EnhancedStatus | None
    lines: tuple[str, ...]

    @classmethod
    def of(cls, code: int, status: str, *lines: str) -> Reply:
        """`Reply.of(250, "2.1.0", "Sender ok")`; `status` "" for none."""
        numbers = [int(part) for part in status.split(".")] if status else []
        return cls(code, EnhancedStatus(*numbers) if numbers else None, lines)

    @classmethod
    def failure(cls, code: int, error: MailError) -> Reply:
        """What a peer may know of `error`; the caller says which code it has in this place."""
        return cls(code, error.status, (error.public,))

    @property
    def positive(self) -> bool:
        """2yz: done."""
        return 200 <= self.code < 300

    @property
    def transient(self) -> bool:
        """4yz: the same may succeed later."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """5yz: the same will fail again."""
        return self.code >= 500

    @property
    def text(self) -> str:
        """All lines in one, for a log or a report."""
        return " ".join(self.lines)

    def __str__(self) -> str:
        """As it looks on the wire, in one line."""
        return f"{self.code} {self.status} {self.text}" if self.status else f"{self.code} {self.text}"

    @Once
    def wire(self) -> bytes:
        """Its octets, in ASCII; made once for a reply that is used again."""
        return self.render(utf8=False)

    @Once
    def spoken(self) -> tuple[bytes, ...]:
        """Its lines as a dialogue shows them: `>` and the line without CRLF."""
        if len(self.lines) == 1 and len(self.wire) <= MAX_LINE:
            return (b">" + self.wire[:-2],)
        return tuple(b">" + line for line in self.wire[:-2].split(b"\r\n"))

    def render(self, *, utf8: bool) -> bytes:
        """Its octets; with `utf8`, characters beyond ASCII go out as they are (RFC 6531 §3.7.4.2), else as escapes."""
        if len(self.lines) == 1:
            text = self.lines[0]
            if text.isascii() and text.isprintable() and len(text) <= _ROOM:
                if self.status is None:
                    return f"{self.code} {text}\r\n".encode("ascii")
                klass, subject, detail = self.status
                return f"{self.code} {klass}.{subject}.{detail} {text}\r\n".encode("ascii")
        pieces = [piece for text in self.lines for piece in _pieces(text, utf8=utf8)]
        status = "" if self.status is None else f"{self.status} "
        wire = f"\r\n{self.code}-{status}".join(pieces[:-1])
        first = f"{self.code}-{status}{wire}\r\n" if wire or len(pieces) > 1 else ""
        return f"{first}{self.code} {status}{pieces[-1]}\r\n".encode()


def printable(text: str, *, utf8: bool = True) -> str:
    """`text` with whatever does not print, or with all that is not ASCII, as backslash escapes."""
    if text.isprintable() and (utf8 or text.isascii()):
        return text
    return "".join(
        char
        if char.isprintable() and (utf8 or char.isascii())
        else char.encode("ascii", "backslashreplace").decode("ascii")
        if ord(char) > 127
        else f"\\x{ord(char):02x}"
        for char in text
    )


def _pieces(text: str, *, utf8: bool) -> list[str]:
    """One line of text as lines that fit, cut at spaces where there are any."""
    if len(text) <= _ROOM and text.isascii() and text.isprintable():
        return [text]
    octets, pieces = printable(text, utf8=utf8).encode("utf-8"), []
    while len(octets) > _ROOM:
        cut = octets.rfind(b" ", 1, _ROOM)
        if cut < 0:
            cut = _ROOM
            while octets[cut] & 0xC0 == 0x80:  # not inside a character
                cut -= 1
        pieces.append(octets[:cut].decode())
        octets = octets[cut:].lstrip(b" ")
    return [*pieces, octets.decode()]
