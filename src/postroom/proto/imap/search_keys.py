"""How IMAP writes a search: keys, their charset, and the sets of messages among them.

RFC 9051 §6.4.4 and §9 (search-program), RFC 3501 §6.4.4 (NEW, OLD, RECENT), RFC 5032, RFC 5182, RFC 6203, RFC 7162 §3.1.5, RFC 8474 §6, RFC 8514
§4.3, RFC 9738 §3.2 (UIDAFTER, UIDBEFORE). The tree is that of `message.query.query`; only sets of messages stay as they were written (`InSet`), since who they are is known to the session. Not
here: looking for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from postroom.message.encodings import charset as charsets
from postroom.message.ids import IdKind, parse_id
from postroom.message.query.query import (
    EVERYTHING,
    And,
    Changed,
    During,
    Field,
    Flagged,
    Fuzzy,
    Heads,
    Holds,
    Key,
    Keyword,
    Moment,
    Not,
    Numbered,
    OfEmail,
    OfThread,
    Or,
    Recent,
    Says,
    Sent,
    Sized,
)
from postroom.proto.imap.grammar import (
    LAST_NUMBER,
    MAX_DEPTH,
    ImapCursor,
    astring,
    atom,
    date,
    keyword,
    number64,
    nz_number,
    quoted,
    text,
)
from postroom.proto.imap.sets import SequenceSet, sequence_set

MAX_KEYS: Final = 1_000  # search keys of one command
CHARSETS: Final = "UTF-8 US-ASCII ISO-8859-1 WINDOWS-1252"  # what BADCHARSET names; all that `message.encodings.charset` knows are taken
DAY: Final = 86_400_000_000  # microseconds
SECOND: Final = 1_000_000  # microseconds


class InSet(Key, frozen=True):
    """Copies in a set that the client wrote, of uids or of sequence numbers."""

    set: SequenceSet
    by_uid: bool


class Stored(Key, frozen=True):
    """FILTER of RFC 5466: the search that is stored under a name."""

    name: str


class Ago(Key, frozen=True):
    """YOUNGER and OLDER of RFC 5032: copies that arrived within so many seconds before now, or before that."""

    seconds: int
    younger: bool


class Program(msgspec.Struct, frozen=True):
    """A search as it was read. `charset` as the client named it, "" for none; `known`: its strings could be read; `fuzzy`: FUZZY is in it."""

    key: Key = EVERYTHING
    charset: str = ""
    known: bool = True
    fuzzy: bool = False


class _Reading:
    """What is kept while a program is read."""

    __slots__ = ("codec", "fuzzy", "left")

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.fuzzy = False
        self.left = MAX_KEYS


_SET_STARTS: Final = frozenset(b"%c" % octet for octet in b"0123456789*$")
_Read = Callable[[ImapCursor, _Reading, int], Key]


def program(c: ImapCursor, charset: str = "") -> Program:
    """1*(SP search-key), behind a charset that was read."""
    codec = charsets.codec(charset) if charset else "utf-8"
    reading = _Reading(codec or "latin-1")
    keys = []
    while True:
        c.sp()
        keys.append(_key(c, reading, 0))
        if c.at_end:
            key = keys[0] if len(keys) == 1 else And(tuple(keys))
            return Program(key, charset, known=codec is not None, fuzzy=reading.fuzzy)


def charset_and_program(c: ImapCursor) -> Program:
    """`["CHARSET" SP charset] 1*(SP search-key)`, with the space before."""
    return program(c, charset_name(c) if c.accept_keyword(b" CHARSET ") else "")


def charset_name(c: ImapCursor) -> str:
    """The name of a charset: an atom or a string."""
    return text(astring(c, "the name of a charset"), c, "the name of a charset")


def _key(c: ImapCursor, reading: _Reading, depth: int) -> Key:
    reading.left -= 1
    if reading.left < 0:
        raise c.error(f"at most {MAX_KEYS} search keys")
    if depth > MAX_DEPTH:
        raise c.error(f"search keys at most {MAX_DEPTH} deep in each other")
    if c.accept(b"("):
        return _list(c, reading, depth)
    if c.text[c.position : c.position + 1] in _SET_STARTS:
        return InSet(sequence_set(c), by_uid=False)
    start = c.position
    name = keyword(c, "a search key")
    found = _KEYS.get(name)
    if found is None:
        c.position = start
        raise c.error("a search key, such as ALL, UNSEEN, FROM or SINCE,")
    return found(c, reading, depth)


def _list(c: ImapCursor, reading: _Reading, depth: int) -> Key:
    keys = [_key(c, reading, depth + 1)]
    while not c.accept(b")"):
        c.sp()
        keys.append(_key(c, reading, depth + 1))
    return keys[0] if len(keys) == 1 else And(tuple(keys))


def _string(c: ImapCursor, reading: _Reading) -> str:
    c.sp()
    octets = astring(c, "a string to look for")
    try:
        return octets.decode(reading.codec)
    except UnicodeError:
        raise c.error("a string in the charset of the search") from None


def _fixed(key: Key) -> _Read:
    return lambda _c, _reading, _depth: key


def _flag(flag: int, *, wanted: bool = True) -> _Read:
    return _fixed(Flagged(flag) if wanted else Not(Flagged(flag)))


def _says(field: Field) -> _Read:
    def read(c: ImapCursor, reading: _Reading, _depth: int) -> Key:
        needle = _string(c, reading)
        return (
            Says(field, needle) if needle else Heads(field.value, "")
        )  # "" is in no field that is not there

    return read


def _holds(*, header: bool) -> _Read:
    return lambda c, reading, _depth: Holds(_string(c, reading), header)


def _day(c: ImapCursor) -> int:
    c.sp()
    return date(c)


def _during(moment: Moment, *, since: bool, until: int | None) -> _Read:
    """From the beginning of a day on, where `since`, and up to the beginning of the `until`-th day from there."""

    def read(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
        day = _day(c)
        return During(moment, day * DAY if since else None, None if until is None else (day + until) * DAY)

    return read


def _sent(*, since: bool, until: int | None) -> _Read:
    def read(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
        day = _day(c)
        return Sent(day if since else None, None if until is None else day + until)

    return read


def _ago(*, younger: bool) -> _Read:
    def read(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
        c.sp()
        return Ago(nz_number(c, "a number of seconds"), younger)

    return read


def _larger(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    return Sized(number64(c) + 1, None)


def _smaller(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    return Sized(None, number64(c) - 1)


def _keyword(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    return Keyword(atom(c, "a keyword").lower())


def _unkeyword(c: ImapCursor, reading: _Reading, depth: int) -> Key:
    return Not(_keyword(c, reading, depth))


def _header(c: ImapCursor, reading: _Reading, _depth: int) -> Key:
    c.sp()
    name = text(astring(c, "the name of a header field"), c, "the name of a header field")
    return Heads(name.lower(), _string(c, reading))


def _uid(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    return InSet(sequence_set(c), by_uid=True)


def _uid_after(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    return Numbered(((nz_number(c, "a uid") + 1, LAST_NUMBER + 1),))  # no uid is that high


def _uid_before(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    uid = nz_number(c, "a uid")
    return Numbered(((1, uid - 1),) if uid > 1 else ())


def _not(c: ImapCursor, reading: _Reading, depth: int) -> Key:
    c.sp()
    return Not(_key(c, reading, depth + 1))


def _fuzzy(c: ImapCursor, reading: _Reading, depth: int) -> Key:
    c.sp()
    reading.fuzzy = True
    return Fuzzy(_key(c, reading, depth + 1))


def _or(c: ImapCursor, reading: _Reading, depth: int) -> Key:
    c.sp()
    one = _key(c, reading, depth + 1)
    c.sp()
    return Or((one, _key(c, reading, depth + 1)))


def _modseq(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    # "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer              RFC 7162 §7
    c.sp()
    if c.peek(
        b'"'
    ):  # one modseq is kept of a message, so the name of an entry says nothing (RFC 7162 §3.1.5)
        quoted(c)
        c.sp()
        start = c.position
        if atom(c, "priv, shared or all").lower() not in ("priv", "shared", "all"):
            c.position = start
            raise c.error("priv, shared or all")
        c.sp()
    return Changed(number64(c))


def _filter(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    start = c.position
    name = atom(c, "the name of a filter")
    if "/" in name:
        c.position = start
        raise c.error("the name of a filter, without /")
    return Stored(name)


def _email(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    return OfEmail(parse_id(IdKind.EMAIL, atom(c, "an object id")) or 0)


def _thread(c: ImapCursor, _reading: _Reading, _depth: int) -> Key:
    c.sp()
    return OfThread(parse_id(IdKind.THREAD, atom(c, "an object id")) or 0)


_SEEN, _ANSWERED, _FLAGGED, _DELETED, _DRAFT = 1, 2, 4, 8, 16  # the bits of `store.mailboxes.flags.Flag`

_KEYS: Final[Mapping[bytes, _Read]] = MappingProxyType(
    {
        b"ALL": _fixed(EVERYTHING),
        b"ANSWERED": _flag(_ANSWERED),
        b"BCC": _says(Field.BCC),
        b"BEFORE": _during(Moment.ARRIVED, since=False, until=0),
        b"BODY": _holds(header=False),
        b"CC": _says(Field.CC),
        b"DELETED": _flag(_DELETED),
        b"DRAFT": _flag(_DRAFT),
        b"EMAILID": _email,
        b"FILTER": _filter,
        b"FLAGGED": _flag(_FLAGGED),
        b"FROM": _says(Field.FROM),
        b"FUZZY": _fuzzy,
        b"HEADER": _header,
        b"KEYWORD": _keyword,
        b"LARGER": _larger,
        b"MODSEQ": _modseq,
        b"NEW": _fixed(And((Recent(), Not(Flagged(_SEEN))))),
        b"NOT": _not,
        b"OLD": _fixed(Not(Recent())),
        b"OLDER": _ago(younger=False),
        b"ON": _during(Moment.ARRIVED, since=True, until=1),
        b"OR": _or,
        b"RECENT": _fixed(Recent()),
        b"SAVEDATESUPPORTED": _fixed(EVERYTHING),
        b"SAVEDBEFORE": _during(Moment.SAVED, since=False, until=0),
        b"SAVEDON": _during(Moment.SAVED, since=True, until=1),
        b"SAVEDSINCE": _during(Moment.SAVED, since=True, until=None),
        b"SEEN": _flag(_SEEN),
        b"SENTBEFORE": _sent(since=False, until=-1),
        b"SENTON": _sent(since=True, until=0),
        b"SENTSINCE": _sent(since=True, until=None),
        b"SINCE": _during(Moment.ARRIVED, since=True, until=None),
        b"SMALLER": _smaller,
        b"SUBJECT": _says(Field.SUBJECT),
        b"TEXT": _holds(header=True),
        b"THREADID": _thread,
        b"TO": _says(Field.TO),
        b"UID": _uid,
        b"UIDAFTER": _uid_after,
        b"UIDBEFORE": _uid_before,
        b"UNANSWERED": _flag(_ANSWERED, wanted=False),
        b"UNDELETED": _flag(_DELETED, wanted=False),
        b"UNDRAFT": _flag(_DRAFT, wanted=False),
        b"UNFLAGGED": _flag(_FLAGGED, wanted=False),
        b"UNKEYWORD": _unkeyword,
        b"UNSEEN": _flag(_SEEN, wanted=False),
        b"YOUNGER": _ago(younger=True),
    }
)
