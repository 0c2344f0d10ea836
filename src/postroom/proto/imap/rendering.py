"""Values as IMAP writes them: strings, names, flags, dates.

RFC 9051 §4.3, §9; RFC 6855 §3 and RFC 3501 §5.1.3 (names). Nothing of a message or a name can become part of the protocol: what a quoted string
cannot hold is a literal. Not here: ENVELOPE and BODYSTRUCTURE, which are rendered when a message is delivered (`message.summary.imap_rendering`).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.imap.grammar import ASTRING_CHARS
from postroom.wire.utf7 import encode_utf7

_QUOTABLE: Final = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*\Z")
_MONTHS: Final = (
    b"Jan",
    b"Feb",
    b"Mar",
    b"Apr",
    b"May",
    b"Jun",
    b"Jul",
    b"Aug",
    b"Sep",
    b"Oct",
    b"Nov",
    b"Dec",
)
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 -- arithmetic only, in UTC
_SYSTEM: Final = ((1, b"\\Seen"), (2, b"\\Answered"), (4, b"\\Flagged"), (8, b"\\Deleted"), (16, b"\\Draft"))
SYSTEM_FLAGS: Final = b" ".join(name for _, name in _SYSTEM)
_FLAG_LISTS: Final = tuple(
    b" ".join(name for bit, name in _SYSTEM if flags & bit) for flags in range(32)
)  # by the bits of `store.mailboxes.flags.Flag`


def string(value: bytes) -> bytes:
    """A quoted string, or a literal where a quoted one cannot hold it."""
    if len(value) <= 4096 and _QUOTABLE.match(value):
        if b'"' in value or b"\\" in value:
            value = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return b'"%b"' % value
    return b"{%d}\r\n%b" % (len(value), value)


def nstring(value: bytes | None) -> bytes:
    """A string, or NIL."""
    return b"NIL" if value is None else string(value)


def astring(value: bytes) -> bytes:
    """An atom where it can be one, else a string."""
    return value if ASTRING_CHARS.issuperset(value) and value and value.upper() != b"NIL" else string(value)


def name(value: str, *, utf8: bool) -> bytes:
    """The name of a mailbox: UTF-8 in quotes where the client takes it, else modified UTF-7."""
    if utf8 and not value.isascii():
        octets = value.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return b'"%b"' % octets
    return string((value if utf8 else encode_utf7(value)).encode())


def flags(bits: int, keywords: str, *, recent: bool = False) -> bytes:
    """The flags of a copy without parentheses; `bits` and `keywords` as the store keeps them."""
    found = _FLAG_LISTS[bits & 31]
    if keywords:
        found = b"%b %b" % (found, keywords.encode()) if found else keywords.encode()
    if recent:
        found = b"%b \\Recent" % found if found else b"\\Recent"
    return found


def date_time(microseconds: int) -> bytes:
    """`"17-Jul-1996 02:44:25 +0000"`, in UTC."""
    at = _EPOCH + dt.timedelta(seconds=microseconds // 1_000_000)
    return b'"%2d-%b-%04d %02d:%02d:%02d +0000"' % (
        at.day,
        _MONTHS[at.month - 1],
        at.year,
        at.hour,
        at.minute,
        at.second,
    )


def object_id(kind: IdKind, number: int) -> bytes:
    """EMAILID, THREADID or MAILBOXID as it is written everywhere: `(M6d99ac3275bb4e)` (RFC 8474 §7)."""
    return b"(%b)" % id_text(kind, number).encode()
