"""One letter on its way out: which commands go together, and what the replies come to.

RFC 5321 §3.3 and §4.2.5, RFC 2920 §3.1 (groups, and what follows when all in one is refused), RFC 3030 §2, RFC 2033 §4.2 and §4.3, RFC 5321
§2.3.8 (CRLF only, whatever was stored). Not here: the session around it (`client`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from postroom.message.envelope import BodyKind
from postroom.message.errors import EnhancedStatus
from postroom.proto.smtp.capabilities import Capabilities
from postroom.proto.smtp.client_events import Result, Stage
from postroom.proto.smtp.client_parameters import Letter, mail_command, rcpt_command
from postroom.proto.smtp.reply import Reply
from postroom.wire.dots import Stuffer, only_crlf, stuff

_TOO_MANY_RECIPIENTS = EnhancedStatus(5, 5, 3)  # RFC 3463 §3.6
AT_ONCE = 256 * 1024  # octets of a chunk that is sent before the recipients are known to be good
DATA = b"DATA\r\n"


class Say(Protocol):
    """Queues octets that ask for a reply at `stage`; `shown` stands for them in the dialogue."""

    def __call__(self, octets: bytes, stage: Stage, shown: bytes | None = None) -> None: ...


class Transfer:
    """Is fed the replies in their order; it is over when no reply is owed any more."""

    __slots__ = ("_accepted", "_capabilities", "_chunk_sent", "_chunks", "_ends", "_kind", "_letter", "_lmtp", "_next", "_results", "_say", "dirty", "pieces")  # fmt: skip

    def __init__(self, letter: Letter, capabilities: Capabilities, say: Say, *, lmtp: bool) -> None:
        self._letter = letter
        self._kind = letter.kind
        self._capabilities = capabilities
        self._say = say
        self._lmtp = lmtp
        self._results: list[Result | None] = [None] * len(letter.envelope.recipients)
        self._accepted: list[int] = []
        self._next = 0  # the recipient whose reply comes next
        self._ends = 0  # replies to the end of the message so far
        self._chunk_sent = False
        self._chunks: Iterator[bytes] | None = None  # of a binary message in pieces
        self.pieces: Iterator[bytes] | None = None  # the rest of the message, on its way out
        self.dirty = False  # the server may think that the transaction is still open

    def begin(self, now: int) -> None:
        """Sends MAIL, and with PIPELINING all that may go with it; `now` in unix seconds."""
        capabilities, letter = self._capabilities, self._letter
        self._say(mail_command(letter, capabilities, now, self._kind).encode(), Stage.MAIL)
        if not capabilities.pipelining:
            return
        for recipient in letter.envelope.recipients:
            self._say(rcpt_command(recipient, capabilities).encode(), Stage.RCPT)
        if not self._chunked:
            self._say(DATA, Stage.DATA)
        elif isinstance(letter.content, bytes) and len(letter.content) <= AT_ONCE and not self._lmtp:
            self._send_chunks()

    def hear(self, stage: Stage, reply: Reply) -> None:
        """The reply to what was said at `stage`."""
        if stage is Stage.RCPT:
            self._heard_rcpt(reply)
        elif stage is Stage.END:
            self._heard_end(reply)
        elif stage is Stage.MAIL:
            self._heard_mail(reply)
        elif stage is Stage.DATA:
            self._heard_data(reply)
        else:
            self._heard_chunk(reply)

    def results(self, otherwise: Result) -> list[Result]:
        """One result for each recipient; `otherwise` for those that have none."""
        return [otherwise if result is None else result for result in self._results]

    @property
    def _chunked(self) -> bool:
        """BDAT, when it is offered and the pieces need no care at their seams."""
        if not self._capabilities.has("CHUNKING"):
            return False
        return isinstance(self._letter.content, bytes) or self._kind is BodyKind.BINARY

    def _fail(self, reply: Reply, stage: Stage) -> None:
        result = Result(reply, stage)
        self._results = [result if known is None else known for known in self._results]

    def _heard_mail(self, reply: Reply) -> None:
        if not reply.positive:
            self._fail(reply, Stage.MAIL)
            return
        self.dirty = True
        if not self._capabilities.pipelining:
            self._say_rcpt()

    def _say_rcpt(self) -> None:
        recipient = self._letter.envelope.recipients[self._next]
        self._say(rcpt_command(recipient, self._capabilities).encode(), Stage.RCPT)

    def _heard_rcpt(self, reply: Reply) -> None:
        number = self._next
        self._next += 1
        if not reply.positive:
            if self._results[number] is None:
                self._results[number] = Result(_meant(reply), Stage.RCPT)
        elif self._results[number] is None:
            self._accepted.append(number)
        if self._next < len(self._results):
            if not self._capabilities.pipelining:
                self._say_rcpt()
        elif self._accepted and not self._chunk_sent:
            if self._chunked:
                self._send_chunks()
            elif not self._capabilities.pipelining:
                self._say(DATA, Stage.DATA)

    def _heard_data(self, reply: Reply) -> None:
        if reply.code >= 400:  # RFC 5321 §4.2: of other codes than 354 the first digit counts
            self._fail(reply, Stage.DATA)
        elif not self._accepted:  # RFC 2920 §3.1: a single dot, and nobody gets anything
            self._say(b".\r\n", Stage.END, b".")
        else:
            self._expect_ends(self._stuffed(), b"[%d octets of message]" % self._letter.octets)

    def _stuffed(self) -> bytes:
        content = self._letter.content
        if isinstance(content, bytes):
            return stuff(content)
        self.pieces = self._stuffed_pieces(iter(content))
        return b""

    def _stuffed_pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        stuffer = Stuffer()
        for piece in pieces:
            if octets := stuffer.feed(piece):
                yield octets
        self.pieces = None  # with what comes now all has gone out: a reply is one to the whole
        yield stuffer.finish()

    def _send_chunks(self) -> None:
        self._chunk_sent = True
        content = self._letter.content
        if not isinstance(content, bytes):
            self._chunks = iter(content)
            self._next_chunk()
            return
        octets = content if self._kind is BodyKind.BINARY else only_crlf(content)
        self._expect_ends(b"BDAT %d LAST\r\n" % len(octets) + octets, b"BDAT %d LAST" % len(octets))

    def _next_chunk(self) -> None:
        assert self._chunks is not None
        piece = next(self._chunks, None)
        if piece is None:
            self._expect_ends(b"BDAT 0 LAST\r\n", b"BDAT 0 LAST")
        else:
            self._say(b"BDAT %d\r\n" % len(piece) + piece, Stage.CHUNK, b"BDAT %d" % len(piece))

    def _expect_ends(self, octets: bytes, shown: bytes) -> None:
        """The end of the message gets one reply, over LMTP one for each recipient that was accepted."""
        self._say(octets, Stage.END, shown)
        if self._lmtp:
            for _ in self._accepted[1:]:
                self._say(b"", Stage.END, b"")

    def _heard_chunk(self, reply: Reply) -> None:
        if reply.positive:
            self._next_chunk()
        else:
            self._fail(reply, Stage.CHUNK)

    def _heard_end(self, reply: Reply) -> None:
        result = Result(reply, Stage.END)
        if self._lmtp:
            if self._ends < len(self._accepted):
                self._results[self._accepted[self._ends]] = result
            self._ends += 1
        else:
            for number in self._accepted:
                self._results[number] = result
        self.dirty = self._chunk_sent and not reply.positive  # RFC 3030 §2: RSET after a chunk that failed


def _meant(reply: Reply) -> Reply:
    """RFC 5321 §4.5.3.1.10: 552 where it says "too many recipients" means 452."""
    if reply.code != 552 or reply.status != _TOO_MANY_RECIPIENTS:
        return reply
    return Reply(452, EnhancedStatus(4, *_TOO_MANY_RECIPIENTS[1:]), reply.lines)
