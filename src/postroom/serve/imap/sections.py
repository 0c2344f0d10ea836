"""Where a section lies in a message, and what of it is sent: whole, a part of it, chosen fields, or decoded.

RFC 9051 §6.4.5.1 (part numbers, HEADER, TEXT, MIME), RFC 3516 §4.2 (decoding). Places come from the summary, so that a message need not be parsed to
be taken apart. Not here: how sections are named (`proto.imap.sections`), messages that are too long for the memory (`serve.imap.fetching.streaming`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from postroom.message.encodings import transfer
from postroom.message.headers.header import extent
from postroom.message.summary.summary import UNPARSED, Layout, Opening, Summary
from postroom.message.summary.summary import Section as Place
from postroom.proto.imap.sections import Of, Section
from postroom.wire.dots import only_crlf

KNOWN_ENCODINGS: Final = frozenset({"7bit", "8bit", "binary", "quoted-printable", "base64"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global"})
_fields = re.compile(
    rb"\n(([!-9;-~]++)[ \t]*+:.*+(?>(?:\n[ \t].*+)*))"
).findall  # as `message.headers.header` tells fields apart
_HEADERS: Final = frozenset({Of.HEADER, Of.FIELDS, Of.NOT_FIELDS})


class Located(NamedTuple):
    """Offsets into the message. `encoding` is "" where nothing is to be decoded, and `text` whether it is of lines."""

    start: int
    end: int
    encoding: str = ""
    text: bool = False
    followed: bool = False  # a header: a body comes behind it


class Outline(NamedTuple):
    """What a summary says of where things lie."""

    size: int
    header_size: int
    places: Sequence[Place]


def header_size(summary: Opening | Summary, head: bytes) -> int:
    """Where the body begins. Of a message that was not looked into the header is sought in `head`, the first octets, which must hold it all."""
    return extent(head).end if summary.flags & UNPARSED else summary.header_size


def outline(summary: Opening | Layout | Summary, head: bytes) -> Outline:
    """Where things lie; `head` as in `header_size`."""
    places = () if isinstance(summary, Opening) and not isinstance(summary, Layout) else summary.sections
    return Outline(summary.size, header_size(summary, head), places)


def locate(lies: Outline, section: Section) -> Located | None:
    """Where a section lies; None when the message has none of that name."""
    if not section.part:
        return _of_message(0, lies.header_size, lies.size, section.of)
    index = _index(lies.places, section.part)
    if index is None:
        return None
    place = lies.places[index]
    if section.of is Of.ALL:
        leaf = not (place.media_type in _MESSAGES or place.media_type.startswith("multipart/"))
        encoding = place.encoding if leaf else ""
        return Located(place.body, place.end, encoding, text=place.media_type.startswith("text/"))
    if section.of is Of.MIME:
        return Located(place.header, place.body, followed=place.end > place.body)
    inner = lies.places[index + 1] if index + 1 < len(lies.places) else None
    if inner is None or not inner.message or inner.header != place.body or place.media_type not in _MESSAGES:
        return None
    return _of_message(inner.header, inner.body, inner.end, section.of)


def _of_message(header: int, body: int, end: int, of: Of) -> Located:
    if of in _HEADERS:
        return Located(header, body, followed=end > body)
    return Located(body if of is Of.TEXT else header, end)


def _index(places: Sequence[Place], part: str) -> int | None:
    """The part with that number; a multipart that is all of a message has the number of what holds the message."""
    for index, place in enumerate(places):
        if place.number == part and not (place.message and place.media_type.startswith("multipart/")):
            return index
    return None


class Chosen:
    """HEADER.FIELDS and HEADER.FIELDS.NOT: which fields of a header are sent."""

    __slots__ = ("_names", "_wanted")

    def __init__(self, section: Section) -> None:
        self._names = frozenset(name.lower() for name in section.fields)
        self._wanted = section.of is Of.FIELDS

    def of(self, header: bytes, *, followed: bool) -> bytes:
        """The fields, and the empty line that RFC 9051 §6.4.5.1 has behind them, but for a message without one and without a body."""
        names, wanted = self._names, self._wanted
        found = [field for field, name in _fields(b"\n" + header) if (name.lower() in names) is wanted]
        chosen = b"\n".join(found)
        if found and (header.endswith(b"\n") or not header.endswith(found[-1])):
            chosen += b"\n"
        closed = header.endswith((b"\n\r\n", b"\n\n")) or header in (b"\r\n", b"\n")
        return chosen + b"\r\n" if followed or closed else chosen


def decoded(octets: bytes, located: Located) -> bytes:
    """The content of a part (RFC 3516 §4.3); text has its lines ended with CRLF, unless it is not of octets (NUL: UTF-16 and the like)."""
    if not located.encoding:
        return octets
    found = transfer.decode(octets, located.encoding).octets
    return only_crlf(found) if located.text and b"\0" not in found else found
