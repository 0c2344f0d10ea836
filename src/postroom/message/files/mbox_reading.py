"""Reading an mbox file, piece by piece: where messages begin, when they came, what was marked on them.

RFC 4155 appendix A; the flavours that programs write: `mboxo` and `mboxrd` (one `>` less), lines that end with LF or CRLF, and the fields by which mail
programs keep marks in such a file (Status, X-Status, X-Keywords; Thunderbird's X-Mozilla-Status, -Status2 and -Keys), which are taken out. A `From ` line
counts at the beginning and behind an empty line, and only when it names a time, or nothing at all before a header: prose does not. Not here: writing (`message.files.mbox`), files.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from postroom.message.headers.dates import parse_date
from postroom.message.headers.header import Header

MAX_LINE: Final = 1 << 20  # octets without a line end that are still looked at as one line
MOST_OF_A_HEADER: Final = 1 << 20  # octets of a header in which such fields are looked for
MOST_OF_A_SEPARATOR: Final = 500  # octets of a line that may begin a message
_ASCTIME: Final = re.compile(
    rb"([A-Z][a-z]{2}) +(\d{1,2}) +(\d\d):(\d\d)(?::(\d\d))?(?: +([A-Z]{1,5}|[+-]\d{4}))?(?: +([A-Z]{1,5}|[+-]\d{4}))? +(\d{4})"
    rb"(?: +([+-]\d{4}))?"
)
_DAY: Final = re.compile(rb"(?<= )(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} ")
_BARE: Final = re.compile(rb"From -?[ \t]*\r?\n")  # as Thunderbird writes it of late
FIELD: Final = re.compile(rb"[!-9;-~]{1,76}[ \t]*:")  # RFC 5322 §3.6.8, §4.5
_QUOTED: Final = re.compile(rb">+From ")
_MARKS: Final = frozenset(
    b"status x-status x-keywords x-uid x-imap x-imapbase content-length lines"
    b" x-mozilla-status x-mozilla-status2 x-mozilla-keys x-account-key x-uidl".split()
)
_OWN_DATA: Final = (b"x-imap", b"x-imapbase")
_MONTHS: Final = {name.encode(): number for number, name in enumerate(calendar.month_abbr) if name}
_LETTERS: Final = {
    "R": "S",
    "A": "R",
    "F": "F",
    "D": "T",
    "T": "D",
}  # Status and X-Status, as Maildir has them
_HEXADECIMAL: Final = re.compile(rb"[0-9A-Fa-f]{1,8}")
# 8: gone at the next compacting; 20_0000: deleted at the server
_MOZILLA_FLAGS: Final = {0x1: "S", 0x2: "R", 0x4: "F", 0x8: "T", 0x20_0000: "T"}
_MOZILLA_KEYWORDS: Final = {0x1000: "$Forwarded", 0x80_0000: "$MDNSent"}


class Marked(msgspec.Struct, frozen=True):
    """A message out of a file. `octets` has CRLF line ends; `at` is when it came in unix seconds, None when nobody knows.

    `flags` are Maildir's letters (DFRST), `keywords` names of others.
    """

    octets: bytes
    at: int | None = None
    flags: str = ""
    keywords: tuple[str, ...] = ()


class MboxReader:
    """Takes the file's octets as they come. `most`: octets of a message; a longer one is left out, and `cut` counts it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rest = bytearray()
        self._message = bytearray()
        self._size = 0
        self._at: int | None = None
        self._blank = True  # the line before was empty, or there was none
        self._begun = False
        self._bare = b""  # a line that begins a message if a header comes next
        self.cut = 0

    def feed(self, octets: bytes) -> Iterator[Marked]:
        """The messages that ended in these octets."""
        self._rest += octets
        start = 0
        while (end := self._rest.find(b"\n", start) + 1) or len(self._rest) - start > MAX_LINE:
            end = end or start + MAX_LINE
            yield from self._line(bytes(self._rest[start:end]))
            start = end
        del self._rest[:start]

    def end(self) -> Iterator[Marked]:
        """The last one."""
        if self._rest:
            yield from self._line(bytes(self._rest) + b"\n")
            self._rest.clear()
        self._keep_bare()
        yield from self._finish()

    def _line(self, line: bytes) -> Iterator[Marked]:
        at = separator(line) if self._blank else None
        if at is not None or (self._bare and FIELD.match(line)):
            yield from self._begin(at)
        self._keep_bare()
        if at is None and self._blank and _BARE.fullmatch(line):
            self._bare, self._blank = line, False
        elif at is None:
            self._keep(line)

    def _begin(self, at: int | None) -> Iterator[Marked]:
        yield from self._finish()
        self._begun, self._at, self._blank, self._bare = True, at, False, b""

    def _keep_bare(self) -> None:
        bare, self._bare = self._bare, b""
        if bare:
            self._keep(bare)

    def _keep(self, line: bytes) -> None:
        self._begun = self._begun or bool(line.strip())
        self._blank = line in (b"\n", b"\r\n")
        kept = line[1:] if _QUOTED.match(line) else line
        if not kept.endswith(b"\r\n") and kept.endswith(b"\n"):
            kept = kept[:-1] + b"\r\n"
        self._size += len(kept)
        if self._size <= self._most:
            self._message += kept

    def _finish(self) -> Iterator[Marked]:
        message, at, begun, size = self._message, self._at, self._begun, self._size
        self._message, self._at, self._begun, self._size = bytearray(), None, False, 0
        if not begun:
            return
        if size > self._most:
            self.cut += 1
            return
        if message == b"\r\n" or message.endswith(b"\n\r\n"):  # the empty line behind a message
            del message[-2:]
        marked = unmarked(bytes(message), at)
        if marked is not None:
            yield marked


def unmarked(octets: bytes, at: int | None) -> Marked | None:
    """A message without the fields of a mail program's bookkeeping, which become flags; None for a message that is nothing but bookkeeping."""
    head, gap, body = octets.partition(b"\r\n\r\n")
    if len(head) > MOST_OF_A_HEADER:
        return Marked(octets, at)
    at = _came(head) if at is None else at
    kept, marks = _taken_out(head)
    if not marks.keys().isdisjoint(_OWN_DATA) and b"FOLDER INTERNAL DATA" in head:
        return None
    mozilla = _bits(marks, b"x-mozilla-status") | _bits(marks, b"x-mozilla-status2")
    letters = (marks.get(b"status", b"") + marks.get(b"x-status", b"")).decode("ascii", "replace")
    flags = {_LETTERS[one] for one in letters if one in _LETTERS}
    flags |= {letter for bit, letter in _MOZILLA_FLAGS.items() if mozilla & bit}
    words = marks.get(b"x-keywords", b"") + b" " + marks.get(b"x-mozilla-keys", b"")
    keywords = words.decode("ascii", "replace").replace(",", " ").split()
    keywords += [name for bit, name in _MOZILLA_KEYWORDS.items() if mozilla & bit]
    return Marked(kept + gap + body, at, "".join(sorted(flags)), tuple(keywords))


def _came(head: bytes) -> int | None:
    """When a message came, as its newest trace says, else when it was written; None where neither does."""
    fields = Header.parse(head + b"\r\n")
    received, date = fields.get("Received"), fields.get("Date")
    moment = parse_date(received.rpartition(b";")[2].strip()) if received is not None else None
    if moment is None and date is not None:
        moment = parse_date(date.strip())
    return None if moment is None else moment.seconds


def _taken_out(head: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """A header without such fields, and what the first of each name said, by its name in lower case."""
    kept: list[bytes] = []
    marks: dict[bytes, bytes] = {}
    taken = False
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not line[:1].isspace():
            taken = bool(colon) and name.strip().lower() in _MARKS
            if taken:
                marks.setdefault(name.strip().lower(), value.strip())
        elif taken:
            continue
        if not taken:
            kept.append(line)
    return b"\r\n".join(kept), marks


def _bits(marks: dict[bytes, bytes], name: bytes) -> int:
    """What Thunderbird writes in hexadecimal; nothing where it is anything else."""
    value = marks.get(name, b"")
    return int(value, 16) if _HEXADECIMAL.fullmatch(value) else 0


def begins(octets: bytes) -> bool:
    """Whether a file whose first octets these are is an mbox file."""
    first, _, rest = octets.lstrip(b"\r\n").partition(b"\n")
    line = first + b"\n"
    return separator(line) is not None or (
        _BARE.fullmatch(line) is not None and FIELD.match(rest) is not None
    )


def separator(line: bytes) -> int | None:
    """When a `From ` line says that the message behind it came, in unix seconds; None for any other line.

    The time is in asctime's form, with a zone or without (then UTC's), or in that of a Date field.
    """
    if not line.startswith(b"From ") or len(line) > MOST_OF_A_SEPARATOR:
        return None
    found = _ASCTIME.search(line)
    if found is None:
        moment = next((parse_date(line[one.start() :]) for one in _DAY.finditer(line)), None)
        return None if moment is None else moment.seconds
    month, day, hour, minute, second, zone, other, year, last = found.groups()
    if month not in _MONTHS:
        return None
    try:
        date = dt.datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), tzinfo=dt.UTC)
    except ValueError:
        return None
    offset = next((one for one in (last, other, zone) if one and one[:1] in b"+-"), b"+0000")
    ahead = int(offset[1:3]) * 3600 + int(offset[3:]) * 60
    seconds = int(date.timestamp()) + int(second or 0)
    return seconds - (ahead if offset[:1] == b"+" else -ahead)
