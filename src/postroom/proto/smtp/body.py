"""A message on its way in: by DATA or in chunks.

RFC 5321 §4.1.1.4 and §4.5.2, RFC 3030 §2, RFC 1870 §6.3, RFC 5321 §2.3.8 (CRLF only). It gathers octets, hands them out in pieces when there
are many, and knows why the message cannot be taken. Not here: what the reply is sent for, and who gets it.
"""

from __future__ import annotations

from postroom.proto.smtp.config import Limits
from postroom.proto.smtp.reply import Reply
from postroom.wire.dots import Unstuffer, is_canonical

TOO_BIG = Reply.of(552, "5.3.4", "The message is too big")
BARE_LINE_END = Reply.of(
    550,
    "5.5.2",
    "The message has a bare CR, a bare LF or NUL: each line must end with CRLF (telnet or nc -C do that)",
)

NO_END = Reply.of(
    550,
    "5.5.2",
    "A line of the message did not end with CRLF, and so its end is never seen: "
    'end each line with CRLF, also the "." (telnet or nc -C do that). Goodbye',
)


class ChunkGatherer:
    """Gathers octets that come counted. With `text`, line ends are checked as DATA's are, over the seams of chunks."""

    __slots__ = ("_after_cr", "_pieces", "_text", "discard", "malformed", "size", "waiting")

    def __init__(self, *, text: bool) -> None:
        self._text = text
        self._after_cr = False
        self._pieces: list[bytes] = []
        self.size = 0
        self.waiting = 0
        self.malformed = False
        self.discard = False

    def feed(self, piece: bytes) -> None:
        """Adds octets of a chunk."""
        self.size += len(piece)
        if self._text and not self.malformed:
            checked = b"\r" + piece if self._after_cr else piece
            self._after_cr = checked.endswith(b"\r")
            self.malformed = not is_canonical(checked[:-1] if self._after_cr else checked)
        if not self.discard:
            self._pieces.append(piece)
            self.waiting += len(piece)

    def finish(self) -> None:
        """No more octets will come."""
        if self._after_cr:
            self.malformed = True

    def take(self) -> bytes:
        """All that was gathered since the last call."""
        pieces, self._pieces = self._pieces, []
        self.waiting = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class IncomingBody:
    """One message, until its end. `refusal` is the reply that it will get; from then on its octets are only counted."""

    __slots__ = ("_limits", "refusal", "text")

    def __init__(self, limits: Limits, text: Unstuffer | ChunkGatherer) -> None:
        self._limits = limits
        self.text = text
        self.refusal: Reply | None = None

    def refuse(self, reply: Reply) -> None:
        """The first reason counts."""
        if self.refusal is None:
            self.refusal = reply
            self.text.discard = True
            self.text.take()

    def check(self) -> None:
        """Sees to the size so far."""
        if self.text.size > self._limits.message:
            self.refuse(TOO_BIG)

    @property
    def hopeless(self) -> bool:
        """More than twice the limit: the peer will not stop by itself."""
        return self.text.size > 2 * self._limits.message

    @property
    def endless(self) -> bool:
        """Whether its line ends are such that who wrote them may wait for an answer to an end that is none."""
        return isinstance(self.text, Unstuffer) and self.text.malformed

    @property
    def piece_ready(self) -> bool:
        """Whether so much has gathered that it is to be handed out."""
        return self.text.waiting >= self._limits.spill

    def finish(self) -> None:
        """The end was seen: what is wrong with the whole?"""
        self.text.finish()
        if self.text.size > self._limits.message:
            self.refuse(TOO_BIG)
        elif self.text.malformed:
            self.refuse(BARE_LINE_END)
