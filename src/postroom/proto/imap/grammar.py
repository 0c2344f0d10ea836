"""The grammar that the commands of IMAP share: atoms, strings, names, numbers, flags, dates.

RFC 9051 §9 (formal syntax) and RFC 3501 §9, RFC 7888 §8 (literals), RFC 6855 §3 (UTF-8 in quoted strings). One function per rule over an
`ImapCursor`, whose text is a whole command: literals stand in it as they came, announcement and octets. Not here: how commands are collected
(`proto.imap.collector`), sets of messages (`proto.imap.sets`), any command.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, TypeVar

from postroom.wire.cursor import Cursor
from postroom.wire.utf7 import Utf7Error, decode_utf7

T = TypeVar("T")

MAX_DEPTH: Final = 100  # parentheses in each other, keys under NOT and OR
MAX_ITEMS: Final = 5_000  # of one list
LONGEST_TAG: Final = 100  # octets; what is longer is none, since it is repeated to the client
LAST_NUMBER: Final = (1 << 32) - 1
LAST_NUMBER64: Final = (1 << 63) - 1

_EPOCH = dt.date(1970, 1, 1).toordinal()
_FIRST_SECOND = (1 - _EPOCH) * 86_400
_LAST_SECOND = (dt.date.max.toordinal() + 1 - _EPOCH) * 86_400 - 1
_CTL = frozenset(range(0x20)) | {0x7F}
_ATOM_SPECIALS = _CTL | frozenset(b'(){ %*"\\]')
ATOM_CHARS: Final = frozenset(range(0x21, 0x7F)) - _ATOM_SPECIALS
ASTRING_CHARS: Final = ATOM_CHARS | frozenset(b"]")
LIST_CHARS: Final = ASTRING_CHARS | frozenset(b"%*")
TAG_CHARS: Final = ASTRING_CHARS - frozenset(b"+")
MONTHS: Final = (
    b"JAN",
    b"FEB",
    b"MAR",
    b"APR",
    b"MAY",
    b"JUN",
    b"JUL",
    b"AUG",
    b"SEP",
    b"OCT",
    b"NOV",
    b"DEC",
)


class ImapCursor(Cursor):
    """A cursor over one command. `utf8`: names are UTF-8 as they stand (RFC 6855 §3, RFC 9051 §5.1), else modified UTF-7."""

    __slots__ = ("utf8",)

    def __init__(self, text: bytes, position: int = 0, *, utf8: bool = False) -> None:
        super().__init__(text, position)
        self.utf8 = utf8


def atom(c: ImapCursor, name: str = "an atom") -> str:
    """1*ATOM-CHAR."""
    found = c.take_while(ATOM_CHARS)
    if not found:
        raise c.error(name)
    return found.decode("ascii")


def keyword(c: ImapCursor, name: str = "a word") -> bytes:
    """An atom in upper case, for words of the protocol."""
    return atom(c, name).upper().encode()


def literal(c: ImapCursor) -> bytes:
    """`{n}`, `{n+}` or the literal8 `~{n}`, and its octets (RFC 7888 §8, RFC 3516 §7)."""
    c.accept(b"~")
    c.expect(b"{", "a string")
    size = c.number(10, "the size of the literal")
    c.accept(b"+")
    c.expect(b"}\r\n", "the end of the literal's size")
    return c.take(size, "the octets of the literal")


def quoted(c: ImapCursor) -> bytes:
    """`"` … `"`, with `\\\\` and `\\"` inside; UTF-8 as RFC 9051 §9 allows it."""
    c.expect(b'"', "a quoted string")
    pieces = []
    while True:
        pieces.append(c.take_until(b'"\\\r\n\0'))
        if c.accept(b'"'):
            return b"".join(pieces)
        if not c.accept(b"\\"):
            raise c.error("the end of the quoted string")
        if not (c.peek(b'"') or c.peek(b"\\")):
            raise c.error('\\" or \\\\ in the quoted string')
        pieces.append(c.take(1, "an octet"))


def string(c: ImapCursor, name: str = "a string") -> bytes:
    """A quoted string or a literal."""
    if c.peek(b'"'):
        return quoted(c)
    if c.peek(b"{") or c.peek(b"~{"):
        return literal(c)
    raise c.error(name)


def astring(c: ImapCursor, name: str = "a string or an atom") -> bytes:
    """1*ASTRING-CHAR or a string."""
    found = c.take_while(ASTRING_CHARS)
    return found or string(c, name)


def nstring(c: ImapCursor, name: str = "a string or NIL") -> bytes | None:
    """A string, or None for NIL."""
    if not c.peek(b'"') and c.accept_keyword(b"NIL"):
        return None
    return string(c, name)


def text(octets: bytes, c: ImapCursor, name: str) -> str:
    """Octets of the client as text: UTF-8 without NUL."""
    try:
        found = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise c.error(f"{name} in UTF-8") from None
    if "\0" in found:
        raise c.error(f"{name} without NUL")
    return found


def number(c: ImapCursor, name: str = "a number") -> int:
    """0 to 2^32 - 1."""
    return _bounded(c, LAST_NUMBER, 10, name)


def nz_number(c: ImapCursor, name: str = "a number from 1 on") -> int:
    """1 to 2^32 - 1."""
    start = c.position
    found = number(c, name)
    if not found:
        c.position = start
        raise c.error(name)
    return found


def number64(c: ImapCursor, name: str = "a number") -> int:
    """0 to 2^63 - 1 (RFC 9051 §9, mod-sequences of RFC 7162 §7)."""
    return _bounded(c, LAST_NUMBER64, 19, name)


def _bounded(c: ImapCursor, most: int, digits: int, name: str) -> int:
    start = c.position
    found = c.number(digits, name)
    if found > most:
        c.position = start
        raise c.error(f"{name} up to {most}")
    return found


def parenthesized(c: ImapCursor, item: Callable[[ImapCursor], T], *, least: int = 0) -> list[T]:
    """`(` item *(SP item) `)`; an empty list only where `least` is 0."""
    c.expect(b"(", "a list in parentheses")
    found: list[T] = []
    if least == 0 and c.accept(b")"):
        return found
    while True:
        found.append(item(c))
        if c.accept(b")"):
            return found
        if len(found) >= MAX_ITEMS:
            raise c.error(f"at most {MAX_ITEMS} items in one list")
        c.expect(b" ", "a space or )")


def mailbox(c: ImapCursor) -> str:
    """A mailbox's name; INBOX in any case is `INBOX` (RFC 9051 §9)."""
    return _name(c, astring(c, "the name of a mailbox"))


def list_mailbox(c: ImapCursor) -> str:
    """A name with wildcards, or "" (RFC 9051 §9)."""
    found = c.take_while(LIST_CHARS)
    return _name(c, found or string(c, "the name of a mailbox, perhaps with % and *"))


def _name(c: ImapCursor, octets: bytes) -> str:
    found = text(octets, c, "the name of a mailbox")
    if not c.utf8 and "&" in found and found.isascii():  # one with other characters is written in UTF-8
        try:
            found = decode_utf7(found)
        except Utf7Error as error:
            raise c.error(f"a name in modified UTF-7 (RFC 3501 section 5.1.3): {error}") from None
        if "\0" in found:
            raise c.error("the name of a mailbox without NUL")
    first, slash, rest = found.partition("/")
    return f"INBOX{slash}{rest}" if first.upper() == "INBOX" else found


def flag(c: ImapCursor) -> str:
    """`\\Seen` or a keyword, as it was written."""
    mark = "\\" if c.accept(b"\\") else ""
    return mark + atom(c, "a flag")


def flag_list(c: ImapCursor) -> list[str]:
    """`(` … `)`."""
    return parenthesized(c, flag)


def date(c: ImapCursor) -> int:
    """`1-Feb-1994`, quoted or not: days since 1970-01-01 (RFC 9051 §9)."""
    marked = c.accept(b'"')
    days = _day(c, c.number(2, "a date such as 1-Feb-1994"))
    if marked:
        c.expect(b'"', "the end of the date")
    return days


def date_time(c: ImapCursor) -> int:
    """`"17-Jul-1996 02:44:25 -0700"`: unix microseconds (RFC 9051 §9)."""
    c.expect(b'"', "a date and time in quotes")
    c.accept(b" ")
    days = _day(c, c.number(2, "the day of the month"))
    c.sp()
    hour = _part(c, 23, "the hour")
    c.expect(b":")
    minute = _part(c, 59, "the minute")
    c.expect(b":")
    second = _part(c, 60, "the second")
    c.sp()
    sign = -1 if c.accept(b"-") else 1
    if sign == 1:
        c.expect(b"+", "+ or - of the time zone")
    zone = sign * (
        _part(c, 23, "the hours of the time zone") * 60 + _part(c, 59, "the minutes of the time zone")
    )
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second - zone * 60
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:  # it could not be written in four digits
        raise c.error("a date that lies in the years 1 to 9999 in UTC")
    c.expect(b'"', "the end of the date")
    return seconds * 1_000_000


def _day(c: ImapCursor, day: int) -> int:
    c.expect(b"-")
    name = c.take(3, "the name of the month").upper()
    if name not in MONTHS:
        raise c.error("the name of the month, Jan to Dec,")
    c.expect(b"-")
    digits = c.take(4, "the year in four digits")
    if not digits.isdigit():
        raise c.error("the year in four digits")
    try:
        return dt.date(int(digits), MONTHS.index(name) + 1, day).toordinal() - _EPOCH
    except ValueError:
        raise c.error("a date that exists") from None


def _part(c: ImapCursor, most: int, name: str) -> int:
    digits = c.take(2, name)
    if not digits.isdigit() or int(digits) > most:
        raise c.error(f"{name} in two digits")
    return int(digits)
