"""The commands that a client gives, as requests for its machine to send.

RFC 9051 §6 (commands), §4.3 (strings: what a quoted one cannot hold is a literal), RFC 6855 §3 and RFC 3501 §5.1.3 (names), RFC 5258 §3 and
RFC 5819 §2 (LIST with RETURN), RFC 4731 §3.1 (SEARCH with RETURN). Nothing of a name or a word that is searched for can become a command. Not here:
how literals are announced (`client`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from postroom.proto.imap import sets
from postroom.proto.imap.client_values import Capabilities
from postroom.proto.imap.rendering import date_time
from postroom.proto.imap.sets import Ranges
from postroom.wire.utf7 import encode_utf7

_CONTROLS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
)  # RFC 6855 §3, and what is no Unicode
_QUOTABLE: Final = re.compile(r"[ -~]*\Z")
_QUOTABLE_UTF8: Final = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*\Z")
_FLAG: Final = re.compile(r"\\?[!#$&'+-Z^-z|}~]+\Z")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MAX_SET: Final = 6_000  # octets of a set of messages in one command; longer ones become several
MAX_QUOTED: Final = 1_000  # octets of a quoted string; what is longer is a literal


class Literal(msgspec.Struct, frozen=True):
    """Octets that are sent as a literal."""

    octets: bytes


Part = bytes | Literal


class Request(msgspec.Struct, frozen=True):
    """A command without its tag: `parts` in their order, spaces in them; `shown` is how a dialogue shows it."""

    verb: str
    parts: tuple[Part, ...]
    shown: str


class Criteria(msgspec.Struct, frozen=True):
    """What SEARCH looks for; all of it has to hold.

    `texts` are pairs of a key (TEXT, BODY, FROM, TO, CC, SUBJECT) and its words, `marks` keys without an argument (UNSEEN, FLAGGED ...).
    `since` and `before` compare the day on which a message arrived, as the server counts it. `keys` are further ones as they are written, and
    `beyond_ascii` says whether they have other characters.
    """

    texts: Sequence[tuple[str, str]] = ()
    marks: Sequence[str] = ()
    since: dt.date | None = None
    before: dt.date | None = None
    larger: int | None = None
    keys: Sequence[Part] = ()
    beyond_ascii: bool = False


def request(verb: str, *words: Part) -> Request:
    """A command and its arguments."""
    parts: list[Part] = [verb.encode()]
    for one in words:
        parts += (b" ", one)
    return made(verb.removeprefix("UID "), tuple(parts))


def made(verb: str, parts: tuple[Part, ...]) -> Request:
    """A command of these parts."""
    said = b"".join(f"{{{len(one.octets)}}}".encode() if isinstance(one, Literal) else one for one in parts)
    return Request(verb, parts, said.decode("utf-8", "replace"))


def string(text: str, *, utf8: bool) -> Part:
    """A quoted string where one can hold it, else a literal of UTF-8."""
    quotable = _QUOTABLE_UTF8 if utf8 else _QUOTABLE
    octets = text.encode("utf-8", "replace")
    if len(octets) <= MAX_QUOTED and quotable.match(text):
        return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return Literal(octets)


def name(text: str, *, utf8: bool) -> Part:
    """The name of a mailbox; raises ValueError (`Utf7Error`) for what no name can have."""
    if _CONTROLS.search(text):
        raise ValueError(f"not a name of a mailbox: {text!r}")
    return string(text if utf8 else encode_utf7(text), utf8=utf8)


def list_all(can: Capabilities, *, utf8: bool) -> Request:
    """LIST of all that there is, with special uses and numbers where the server has them in one go."""
    extras = [b"SPECIAL-USE"] if can.has("SPECIAL-USE") else []
    if can.has("LIST-STATUS"):
        extras.append(b"STATUS (MESSAGES UNSEEN)")
    words: list[Part] = [string("", utf8=utf8), b'"*"']
    if extras and can.has("LIST-EXTENDED"):
        words += [b"RETURN", b"(%b)" % b" ".join(extras)]
    return request("LIST", *words)


def status(mailbox: str, *, utf8: bool) -> Request:
    """STATUS: how many messages, how many unseen."""
    return request("STATUS", name(mailbox, utf8=utf8), b"(MESSAGES UNSEEN)")


def select(mailbox: str, *, utf8: bool) -> Request:
    """SELECT."""
    return request("SELECT", name(mailbox, utf8=utf8))


def create(mailbox: str, *, utf8: bool) -> Request:
    """CREATE."""
    return request("CREATE", name(mailbox, utf8=utf8))


def fetch(numbers: bytes, items: bytes) -> Request:
    """FETCH of these numbers."""
    return request("FETCH", numbers, b"(%b)" % items)


def uid_fetch(uids: bytes, items: bytes) -> Request:
    """UID FETCH."""
    return request("UID FETCH", uids, b"(%b)" % items)


def uid_store(uids: bytes, change: bytes, flags: Iterable[str]) -> Request:
    """UID STORE; `change` is `+FLAGS.SILENT` or its like. Raises ValueError for a flag that is none."""
    return request("UID STORE", uids, change, _flags(flags))


def uid_copy(uids: bytes, mailbox: str, *, utf8: bool) -> Request:
    """UID COPY."""
    return request("UID COPY", uids, name(mailbox, utf8=utf8))


def uid_move(uids: bytes, mailbox: str, *, utf8: bool) -> Request:
    """UID MOVE (RFC 6851 §3)."""
    return request("UID MOVE", uids, name(mailbox, utf8=utf8))


def uid_expunge(uids: bytes) -> Request:
    """UID EXPUNGE (RFC 4315 §2.1)."""
    return request("UID EXPUNGE", uids)


def append(
    mailbox: str, message: bytes, flags: Iterable[str], at: int | None = None, *, utf8: bool
) -> Request:
    """APPEND; `at` is the internal date in unix microseconds."""
    words: list[Part] = [name(mailbox, utf8=utf8), _flags(flags)]
    if at is not None:
        words.append(date_time(at))
    return request("APPEND", *words, Literal(message))


def uid_search(criteria: Criteria, can: Capabilities, *, utf8: bool) -> Request:
    """UID SEARCH, for ranges where the server gives them."""
    words: list[Part] = [b"RETURN (ALL)"] if can.has("ESEARCH") else []
    if not utf8 and (criteria.beyond_ascii or any(not text.isascii() for _, text in criteria.texts)):
        words.append(b"CHARSET UTF-8")  # RFC 6855 §3 forbids it once UTF-8 is enabled
    keys: list[Part] = [mark.encode() for mark in criteria.marks]
    for key, text in criteria.texts:
        keys += (key.encode(), string(text, utf8=utf8))
    for word, day in ((b"SINCE", criteria.since), (b"BEFORE", criteria.before)):
        if day is not None:
            keys += (word, search_day(day))
    if criteria.larger is not None:
        keys += (b"LARGER", b"%d" % criteria.larger)
    if not criteria.keys:
        return request("UID SEARCH", *words, *(keys or [b"ALL"]))
    before = [part for word in (b"UID SEARCH", *words, *keys) for part in (word, b" ")]
    return made("SEARCH", (*before, *criteria.keys))


def search_day(day: dt.date) -> bytes:
    """A day as SEARCH has it."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04}".encode()


def set_texts(ranges: Ranges) -> list[bytes]:
    """Sets as they stand in commands, none of them longer than a server takes; STAR is `*`."""
    found: list[bytes] = []
    some: Ranges = []
    for one in ranges:
        some.append(one)
        if len(some) >= MAX_SET // 22:  # two numbers of ten digits, `:` and `,`
            found.append(_set(some))
            some = []
    return [*found, _set(some)] if some else found


def _set(ranges: Ranges) -> bytes:
    return sets.render(ranges).replace(b"%d" % sets.STAR, b"*")


def _flags(flags: Iterable[str]) -> bytes:
    names = list(flags)
    for one in names:
        if not _FLAG.match(one):
            raise ValueError(f"not a flag: {one!r}")
    return b"(%b)" % " ".join(names).encode()
