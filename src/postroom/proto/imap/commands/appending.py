"""Commands that bring messages: APPEND with MULTIAPPEND, BINARY, UTF8 and CATENATE, and REPLACE.

RFC 9051 §6.3.12, RFC 3502 §6.3.11, RFC 3516 §4.4, RFC 6855 §4, RFC 4469 §5, RFC 8508 §5. The text is read in pieces, from one message's literal to the next,
since the literals are not kept with it (`proto.imap.arrival`). Not here: the octets of messages.
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.proto.imap.collector import Literal, announced
from postroom.proto.imap.flags import Flags, flags_in_parentheses
from postroom.proto.imap.grammar import ImapCursor, astring, date_time, mailbox, nz_number, text
from postroom.proto.imap.sets import STAR
from postroom.proto.imap.verb import AFTER, SELECTED, Command, Verb
from postroom.wire.cursor import GrammarError

MAX_PARTS: Final = 2_000  # of one APPEND: its messages, or what they are put together of


class Text(msgspec.Struct, frozen=True):
    """A part that comes as a literal of `octets` octets; `binary`: as a literal8, with any octets."""

    octets: int
    binary: bool = False


class Url(msgspec.Struct, frozen=True):
    """A part that is somewhere already (RFC 4469 §3)."""

    url: str


class NewMessage(msgspec.Struct, frozen=True):
    """A message to be: its parts one behind the other. `internaldate`: unix microseconds, None is now; `utf8`: RFC 6855 §4 was used; `catenated`: RFC 4469 was."""

    parts: tuple[Text | Url, ...]
    flags: Flags = Flags()
    internaldate: int | None = None
    utf8: bool = False
    catenated: bool = False

    @property
    def texts(self) -> tuple[Text, ...]:
        """The parts that come as literals."""
        return tuple(part for part in self.parts if isinstance(part, Text))


class Append(Command, frozen=True):
    """APPEND, or REPLACE of one message: `replaces` is its number or uid, STAR for the last one."""

    mailbox: str
    messages: tuple[NewMessage, ...]
    replaces: int | None = None
    by_uid: bool = False


class InLine(msgspec.Struct, frozen=True):
    """The literal that was announced is part of the text, not of a message."""

    literal: Literal


class Reader:
    """Reads one command. `begin`, then `resume` with what follows each literal that was announced.

    Both give the literal that the text ends with: one of a message, or one `InLine`, with which the next text has to begin; None when the command is
    whole. They raise `GrammarError`.
    """

    __slots__ = ("_by_uid", "_date", "_flags", "_in_line", "_mailbox", "_messages", "_opened", "_parts", "_replaces", "_total", "_utf8", "catenates")  # fmt: skip

    def __init__(self) -> None:
        self._mailbox = ""
        self._replaces: int | None = None
        self._by_uid = False
        self._messages: list[NewMessage] = []
        self._in_line = False
        self._opened = False  # a parenthesis of UTF8
        self._total = 0
        self._start()

    def _start(self) -> None:
        self._parts: list[Text | Url] = []
        self._flags = Flags()
        self._date: int | None = None
        self._utf8 = False
        self.catenates = False  # the message at hand is put together of parts

    @property
    def command(self) -> Append:
        """What has been read so far, without the message at hand."""
        return Append(self._mailbox, tuple(self._messages), self._replaces, self._by_uid)

    @property
    def current(self) -> NewMessage:
        """The message at hand."""
        return NewMessage(tuple(self._parts), self._flags, self._date, self._utf8, self.catenates)

    def begin(
        self, c: ImapCursor, *, replaces: bool = False, by_uid: bool = False
    ) -> Literal | InLine | None:
        """What follows the verb."""
        c.sp()
        if replaces:
            self._by_uid = by_uid
            self._replaces = STAR if c.accept(b"*") else nz_number(c, "the message that is replaced")
            c.sp()
        self._mailbox = mailbox(c)
        c.sp()
        return self._options(c) or self._read_on(c)

    def resume(self, c: ImapCursor) -> Literal | InLine | None:
        """What follows a literal."""
        if self._in_line:
            self._in_line = False
            self._url(c)
        elif self._opened:
            c.expect(b")")
            self._opened = False
        return self._read_on(c)

    def _read_on(self, c: ImapCursor) -> Literal | InLine | None:
        """Behind a part, or at the first one of CATENATE."""
        found: Literal | InLine | None = None
        while found is None:
            if self.catenates and not (self._parts and c.accept(b")")):
                if self._parts:
                    c.sp()
                found = self._part(c)
                continue
            self._messages.append(self.current)
            self._start()
            if c.at_end:
                return None
            if self._replaces is not None:
                raise c.error("the end of the line, since REPLACE brings one message,")
            c.expect(b" ", "the end of the line, or a space and one more message,")
            found = self._options(c)
        return found

    def _options(self, c: ImapCursor) -> Literal | None:
        # append-message = [SP flag-list] [SP date-time] SP append-data              RFC 4466 §6
        if c.peek(b"("):
            self._flags = flags_in_parentheses(c)
            c.sp()
        if c.peek(b'"'):
            self._date = date_time(c)
            c.sp()
        if c.accept_keyword(b"CATENATE ("):
            self.catenates = True
            return None
        return self._utf8_literal(c) if c.accept_keyword(b"UTF8 (") else self._literal(c)

    def _part(self, c: ImapCursor) -> Literal | InLine | None:
        # cat-part = text-literal / url / utf8-literal                               RFC 4469 §5, RFC 6855 §4
        if c.accept_keyword(b"TEXT "):
            return self._literal(c)
        if c.accept_keyword(b"UTF8 ("):
            return self._utf8_literal(c)
        if not c.accept_keyword(b"URL "):
            raise c.error("TEXT, URL or UTF8")
        literal = _last(c)
        if literal is not None:
            self._in_line = True
            return InLine(literal)
        self._url(c)
        return None

    def _url(self, c: ImapCursor) -> None:
        self._add(c, Url(text(astring(c, "a URL"), c, "a URL")))

    def _utf8_literal(self, c: ImapCursor) -> Literal:
        self._opened = self._utf8 = True
        if not c.peek(b"~"):
            raise c.error("a literal8, such as ~{42},")
        return self._literal(c)

    def _literal(self, c: ImapCursor) -> Literal:
        literal = _last(c)
        if literal is None:
            raise c.error("a message as a literal, such as {42},")
        self._add(c, Text(literal.size, literal.binary))
        return literal

    def _add(self, c: ImapCursor, part: Text | Url) -> None:
        self._total += 1
        if self._total > MAX_PARTS:
            raise c.error(f"at most {MAX_PARTS} messages and parts of messages")
        self._parts.append(part)


def _last(c: ImapCursor) -> Literal | None:
    """The announcement with which the text ends."""
    if not (c.peek(b"{") or c.peek(b"~{")):
        return None
    left = c.text[c.position :]
    return announced(left) if left.find(b"}") == len(left) - 1 else None


def _whole(c: ImapCursor, *, replaces: bool = False, by_uid: bool = False) -> Append:
    """A command without a literal of a message: all its parts are URLs."""
    reader = Reader()
    start = c.position
    if reader.begin(c, replaces=replaces, by_uid=by_uid) is not None:
        raise GrammarError(start, "a message as a literal")
    return reader.command


def _replace(c: ImapCursor) -> Append:
    return _whole(c, replaces=True)


def _uid_replace(c: ImapCursor) -> Append:
    return _whole(c, replaces=True, by_uid=True)


VERBS: Final = {
    b"APPEND": Verb(_whole, AFTER, "RFC 9051 §6.3.12"),
    b"REPLACE": Verb(_replace, SELECTED, "RFC 8508 §3.2", "REPLACE", by_number=True),
    b"UID REPLACE": Verb(_uid_replace, SELECTED, "RFC 8508 §3.3", "REPLACE"),
}
