"""APPEND and REPLACE while they come: the literals of messages are handed out in pieces, never collected.

RFC 9051 §6.3.12 and §4.3, RFC 3502 §6.3.11, RFC 7888 §4 and §5, RFC 3516 §4.4. Before the octets of a literal come the session says whether it wants them; a
client that waits is told at once, one that does not is listened to until its command is over, or is cut off when it has too much to say. Line
ends become CRLF. Not here: where the octets go.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import msgspec

from postroom.proto.imap.collector import WHY, Asked, Literal, announced
from postroom.proto.imap.commands.appending import Append, InLine, NewMessage, Reader
from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.grammar import ImapCursor
from postroom.proto.imap.verb import NO_NUMBERS, State
from postroom.wire.cursor import GrammarError
from postroom.wire.dots import only_crlf
from postroom.wire.lines import LineBuffer, LineFault

PIECE: Final = 262_144  # octets that are handed out at a time, and the most that is held of a message here


class Arriving(msgspec.Struct, frozen=True):
    """A literal of a message is announced; answered with `Arrival.accept` or `Arrival.refuse`.

    `command` is what came before, without `message`, which is what is known of this one: the literal is its last part.
    """

    command: Append
    message: NewMessage


class Piece(msgspec.Struct, frozen=True):
    """Octets of the literal that was accepted, line ends made CRLF unless it is binary; `last`: there are no more of it."""

    data: bytes
    last: bool


class Abandoned(msgspec.Struct, frozen=True):
    """The command came to nothing: whatever was kept of it can go. `status` and the rest are the answer; `fatal`: the connection ends."""

    status: str
    words: str
    code: str = ""
    fatal: bool = False


Arrived = Arriving | Piece | Abandoned | Append | Asked | None


class LineEnds:
    """Makes every line end CRLF, over the seams of pieces."""

    __slots__ = ("_after_cr",)

    def __init__(self) -> None:
        self._after_cr = False

    def feed(self, piece: bytes, *, last: bool) -> bytes:
        """A piece; a CR at its end waits for the next one."""
        if self._after_cr:
            piece = b"\r" + piece
        self._after_cr = not last and piece.endswith(b"\r")
        return only_crlf(piece[:-1] if self._after_cr else piece)


class _Stage(enum.Enum):
    """What comes next."""

    ASKING = enum.auto()  # the session's word
    ACCEPTED = enum.auto()  # our word to the client
    BODY = enum.auto()  # octets of a message
    IN_LINE = enum.auto()  # octets of a literal that is part of the text
    LINE = enum.auto()  # the rest of a line
    UNWANTED = enum.auto()  # octets that are thrown away
    FAILED = enum.auto()  # the client is told why


class Arrival:
    """One command. `next` gives what the session or the client is told, None while more has to come."""

    __slots__ = ("_config", "_ends", "_gathered", "_held", "_left", "_literal", "_reader", "_refusal", "_size", "_spoken", "_stage", "_text", "_utf8")  # fmt: skip

    def __init__(self, config: ImapConfig, *, utf8: bool) -> None:
        self._config = config
        self._utf8 = utf8
        self._reader = Reader()
        self._stage = _Stage.FAILED
        self._literal = Literal(0, synchronizing=True)
        self._refusal: Abandoned | None = None
        self._left = 0  # octets of the literal that have not come
        self._gathered: list[bytes] = []
        self._held = 0  # octets in `_gathered`
        self._ends = LineEnds()
        self._size = 0  # octets of all messages that were announced
        self._spoken = 0  # octets of the command without its messages
        self._text = b""  # a literal that is part of the text, with its announcement

    def begin(self, text: bytes, state: State, *, uid_only: bool = False) -> Arrived:
        """The command up to its first literal, which is announced at its end. `uid_only`: REPLACE may not use a sequence number (RFC 9586 §3)."""
        c = ImapCursor(text, utf8=self._utf8)
        c.take_until(b" ")
        c.accept(b" ")
        by_uid = c.accept_keyword(b"UID ")
        replaces = c.accept_keyword(b"REPLACE")
        if not replaces:
            c.accept_keyword(b"APPEND")
        if replaces and state is not State.SELECTED:
            return self._give_up(Abandoned("BAD", "Select a mailbox first"), announced(text))
        if replaces and uid_only and not by_uid:
            return self._give_up(Abandoned("BAD", NO_NUMBERS, "UIDREQUIRED"), announced(text))
        return self._read(c, lambda: self._reader.begin(c, replaces=replaces, by_uid=by_uid))

    def accept(self) -> None:
        """Answers `Arriving`."""
        self._stage = _Stage.ACCEPTED
        self._left = self._literal.size
        self._ends = LineEnds()

    def refuse(self, words: str, code: str = "", status: str = "NO") -> None:
        """Answers `Arriving` or a `Piece`: the command has failed."""
        refusal = Abandoned(status, words, code)
        if self._stage is not _Stage.ASKING:
            self._refusal = refusal
            self._stage = _Stage.UNWANTED if self._left else _Stage.LINE
        elif (over := self._give_up(refusal, self._literal)) is not None:
            self._refusal, self._stage = over, _Stage.FAILED

    def next(self, lines: LineBuffer) -> Arrived:
        """Goes on."""
        while True:
            stage = self._stage
            if stage is _Stage.ACCEPTED:
                self._stage = _Stage.BODY
                if self._literal.synchronizing:
                    return Asked.CONTINUATION
            elif stage is _Stage.BODY:
                if not self._gather(lines, PIECE):
                    return None
                if (piece := self._piece()) is not None:
                    return piece
            elif stage is _Stage.LINE:
                line = lines.line()
                if line is None:
                    return None
                if (found := self._line(line)) is not None:
                    return found
            elif stage is _Stage.IN_LINE or stage is _Stage.UNWANTED:
                if not self._gather(lines, 0):
                    return None
                self._stage = _Stage.LINE
            else:
                return self._refusal if stage is _Stage.FAILED else None

    # ------------------------------------------------------------------------------------------------------------ octets

    def _gather(self, lines: LineBuffer, enough: int) -> bool:
        """Takes what has come of a literal; whether that is all of it, or `enough` (0: no less than all)."""
        while self._left and not (enough and self._held >= enough):
            octets = lines.take(min(self._left, enough - self._held) if enough else self._left)
            if not octets:
                return False
            self._left -= len(octets)
            if self._stage is not _Stage.UNWANTED:
                self._gathered.append(octets)
                self._held += len(octets)
        if self._stage is _Stage.IN_LINE:
            self._text += self._gathered_octets()
        return True

    def _gathered_octets(self) -> bytes:
        octets = b"".join(self._gathered)
        self._gathered, self._held = [], 0
        return octets

    def _piece(self) -> Piece | None:
        octets, last = self._gathered_octets(), not self._left
        self._stage = _Stage.LINE if last else _Stage.BODY
        if self._literal.binary:
            return Piece(octets, last)
        if b"\0" in octets:
            self.refuse("NUL is taken in a literal8 only, such as ~{42} (RFC 3516)")
            return None
        return Piece(self._ends.feed(octets, last=last), last)

    # -------------------------------------------------------------------------------------------------------------- text

    def _line(self, line: bytes | LineFault) -> Arrived:
        if isinstance(line, LineFault):
            return self._refusal or Abandoned("BAD", WHY[line])
        if self._refusal is not None:
            return self._give_up(self._refusal, announced(line))
        c = ImapCursor(self._text + line, utf8=self._utf8)
        self._text = b""
        return self._read(c, lambda: self._reader.resume(c))

    def _read(self, c: ImapCursor, read: Callable[[], Literal | InLine | None]) -> Arrived:
        most = self._config.limits.command
        self._spoken += len(c.text)
        if self._spoken > most:
            words = f"A command has at most {most} octets here, its messages aside"
            return self._give_up(Abandoned("BAD", words, "TOOBIG"), announced(c.text))
        try:
            found = read()
        except GrammarError as error:
            words = str(error)
            return self._give_up(Abandoned("BAD", words[0].upper() + words[1:]), announced(c.text))
        if found is None:
            return self._reader.command
        if isinstance(found, InLine):
            return self._in_line(c, found.literal)
        self._literal = found
        self._size += found.size
        refusal = self._unfit(found)
        if refusal is not None:
            return self._give_up(refusal, found)
        self._stage = _Stage.ASKING
        return Arriving(self._reader.command, self._reader.current)

    def _in_line(self, c: ImapCursor, literal: Literal) -> Arrived:
        if literal.size > self._config.limits.line:
            words = f"A URL has at most {self._config.limits.line} octets"
            return self._give_up(Abandoned("BAD", words, "TOOBIG"), literal)
        self._text = c.rest() + b"\r\n"
        self._left = literal.size
        self._stage = _Stage.IN_LINE
        return Asked.CONTINUATION if literal.synchronizing else None

    def _unfit(self, literal: Literal) -> Abandoned | None:
        """Why a literal is not even asked for."""
        config, limits = self._config, self._config.limits
        if config.literal_minus and not literal.synchronizing and literal.size > limits.literal_minus:
            words = f"A literal that is not waited for has at most {limits.literal_minus} octets (RFC 7888 section 5)"
            return Abandoned("BAD", words, "TOOBIG", fatal=True)
        if literal.size > config.message:
            return Abandoned("NO", f"A message has at most {config.message} octets", "TOOBIG")
        if self._size > limits.appended:
            return Abandoned("NO", f"One APPEND has at most {limits.appended} octets", "TOOBIG")
        if not literal.size and not self._reader.catenates:  # RFC 3502 §6.3.11
            return Abandoned("NO", "An empty message: nothing was appended")
        if self._reader.current.utf8 and not self._utf8:
            return Abandoned("NO", "ENABLE UTF8=ACCEPT first (RFC 6855)")
        return None

    def _give_up(self, refusal: Abandoned, literal: Literal | None) -> Abandoned | None:
        """The end, at once where the client waits for our word; else None, and what it sends meanwhile is thrown away."""
        if literal is None or literal.synchronizing or refusal.fatal:
            return refusal
        if literal.size > max(self._config.message, self._config.limits.discarded):
            return msgspec.structs.replace(refusal, fatal=True)
        self._refusal, self._left, self._stage = refusal, literal.size, _Stage.UNWANTED
        return None
