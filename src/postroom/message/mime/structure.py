"""The structure of a message: which parts it has, where they lie in its octets, and what they say they are.

RFC 2045 (fields, defaults), RFC 2046 §5.1 (multipart) and §5.2 (message), RFC 2183 (disposition), RFC 3282 (language), RFC 2557
(location). One iterative scan over the raw octets; nothing is decoded and nothing copied. Not here: contents, and sections as a
client asks for them.

One reading for what has several: the first of two equal fields counts; a delimiter line is `--boundary` and white space, nothing else; an
outer boundary ends what is inside; a missing close delimiter is at the end. A multipart in which no part is found has one, its text.
What can be read in another way sets `ambiguous`, so that a check of contents can look at the other readings too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from postroom.message.headers.header import MAX_HEADER, Wanted, extent
from postroom.message.headers.parameters import Parameterized, decode_parameters, parse_parameters

MAX_PARTS = 1000  # of one message, containers included
MAX_DEPTH = 100  # multiparts and messages inside one another
MAX_BOUNDARY = 1000  # characters of a boundary; RFC 2046 §5.1.1 allows 70
MAX_FALSE_DELIMITERS = 10_000  # lines of one multipart that begin like its delimiter and are none
MAX_RESCANS = (
    16  # how often the octets of a message may be searched again for inner boundaries; ordinary mail needs 2
)

_CONTENT = [
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
    "content-md5",
    "content-language",
    "content-location",
]
_MESSAGE = [
    "date",
    "subject",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "in-reply-to",
    "message-id",
    "references",
]
_OF_PART = Wanted(*_CONTENT)
_OF_MESSAGE = Wanted(*_MESSAGE, *_CONTENT)
_DECISIVE = frozenset({b"content-type", b"content-transfer-encoding", b"content-disposition"})

_MEDIA_TYPE = re.compile(r"([!#$%&'*+.0-9A-Z^_`a-z{|}~-]{1,127})/([!#$%&'*+.0-9A-Z^_`a-z{|}~-]{1,127})")
_WINDOW = (
    24 * 1024
)  # octets searched at once: in more than 30,000, bytes.find changes to a way that is three times slower here
_SMALL = 1 << 20  # octets that may be searched again in any case
_PLAIN = Parameterized("text/plain", (("charset", "us-ascii"),))  # RFC 2045 §5.2
# What most single-part mail says, word for word; a look-up saves reading it.
_FREQUENT = {
    b"text/%b; charset=%b%b%b" % (subtype, quote, charset, quote): (
        "text",
        subtype.decode(),
        (("charset", charset.decode()),),
    )
    for subtype in (b"plain", b"html")
    for charset in (b"us-ascii", b"US-ASCII", b"utf-8", b"UTF-8", b"iso-8859-1", b"ISO-8859-1")
    for quote in (b"", b'"')
}
_OPAQUE = Parameterized("application/octet-stream", ())
_MESSAGES = frozenset({"rfc822", "global"})  # RFC 2046 §5.2.1, RFC 6532 §3.7
_DIGEST = Parameterized("message/rfc822", ())  # RFC 2046 §5.1.5
_ENCODINGS = {name.encode(): name for name in ("7bit", "8bit", "binary", "quoted-printable", "base64")}


class Limits(msgspec.Struct, frozen=True):
    """How much structure is told apart; what exceeds it is one opaque leaf."""

    parts: int = MAX_PARTS
    depth: int = MAX_DEPTH
    header: int = MAX_HEADER


class Part(msgspec.Struct):
    """A node of the tree. All places are offsets into the raw message; `media_type` and `subtype` are in lower case.

    `section` is IMAP's part number (RFC 9051 §6.4.5); a message inside a message/rfc822 has its own node, `is_message`.
    `disposition` is Content-Disposition (RFC 2183 §2), None without a value; `fields` holds the unfolded values of the fields that describe it, by name in lower case. `lines` counts LFs in the body.
    """

    section: str
    parent: int
    depth: int
    is_message: bool
    header_start: int
    body_start: int
    body_end: int
    media_type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    encoding: str
    fields: dict[bytes, bytes]
    disposition: Parameterized | None
    lines: int = 0
    leaf: bool = True

    @property
    def size(self) -> int:
        """Octets of the body as it is encoded."""
        return self.body_end - self.body_start

    def parameter(self, name: str) -> str | None:
        """The first Content-Type parameter of that name (lower case), as written; one in pieces or with a charset (RFC 2231) decoded."""
        piece, pieces = f"{name}*", False
        for key, value in self.parameters:
            if key == name:
                return value
            pieces = pieces or key.startswith(piece)
        return decode_parameters(self.parameters).get(name) if pieces else None


class Structure(msgspec.Struct):
    """The parts in the order of the text, the message itself first; `parent` is an index into this list, -1 of the first.

    `repeated`: names in lower case of fields that the message itself has more than once, of those that `Part.fields` holds.
    """

    parts: list[Part]
    ambiguous: bool = False
    truncated: bool = False
    repeated: frozenset[bytes] = frozenset()

    @property
    def root(self) -> Part:
        """The message itself."""
        return self.parts[0]


class _Found(NamedTuple):
    """A part that is known to be there and not read yet."""

    start: int
    stop: int
    section: str
    parent: int
    depth: int
    default: Parameterized | None  # None: a message, with the fields of one
    bare: bool = False  # no header: all of it is a body of the default type


def scan(raw: bytes, limits: Limits = Limits()) -> Structure:  # noqa: B008 (frozen)
    """The structure of a whole message; never raises, at most `limits.parts` parts, linear in the length of `raw`."""
    return _Scan(raw, limits).run()


class _Scan:
    __slots__ = ("_count", "_limits", "_raw", "_structure", "_waiting", "_work")

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self._raw = raw
        self._limits = limits
        self._structure = Structure([])
        self._waiting = [_Found(0, len(raw), "", -1, 0, None)]
        self._count = 1
        self._work = MAX_RESCANS * len(raw) + _SMALL

    def run(self) -> Structure:
        while self._waiting:
            self._read(self._waiting.pop())
        return self._structure

    def _read(self, found: _Found) -> None:
        raw, start, stop, section, parent, depth, default, bare = self._raw, *found
        where = extent(raw, start, start if bare else stop, self._limits.header)
        fields, repeated = (_OF_MESSAGE if default is None else _OF_PART).find(raw, where)
        if repeated and not _DECISIVE.isdisjoint(repeated):
            self._structure.ambiguous = True
        if parent < 0:
            self._structure.repeated = repeated
        media_type, subtype, parameters = self._content_type(fields.get(b"content-type"), default or _PLAIN)
        multipart = media_type == "multipart"
        if default is None and not multipart:  # RFC 9051 §6.4.5: the only part of a message is its part 1
            section = f"{section}.1" if section else "1"
        encoding = fields.get(b"content-transfer-encoding")
        disposition = fields.get(b"content-disposition")
        disposed = parse_parameters(disposition) if disposition else None
        part = Part(
            section, parent, depth, default is None, start, where.end, stop, media_type, subtype, parameters,
            _encoding(encoding) if encoding else "7bit", fields, disposed if disposed and disposed.value else None,
        )  # fmt: skip
        if multipart or (media_type == "message" and subtype in _MESSAGES):
            self._open(part)
        if part.media_type == "text" or (media_type == "message" and not part.leaf):
            part.lines = _lines(raw, where.end, stop)
        self._structure.parts.append(part)

    def _content_type(
        self, value: bytes | None, default: Parameterized
    ) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        if value in _FREQUENT:
            return _FREQUENT[value]
        declared = parse_parameters(value) if value else default
        match = _MEDIA_TYPE.fullmatch(declared.value)
        if not match:  # RFC 2045 §5.2: what is no Content-Type is plain text
            self._structure.ambiguous = True
            return "text", "plain", _PLAIN.parameters
        return match[1].lower(), match[2].lower(), declared.parameters

    def _open(self, part: Part) -> None:
        """Finds what a container holds, or makes it an opaque leaf where a limit says so."""
        self._work -= part.size
        room = self._limits.parts - self._count
        if part.depth >= self._limits.depth or room <= 0 or self._work < 0:
            self._close(part)
            return
        index, depth = len(self._structure.parts), part.depth + 1
        part.leaf = False
        if part.media_type == "message":
            self._count += 1
            self._waiting.append(_Found(part.body_start, part.body_end, part.section, index, depth, None))
            return
        prefix = f"{part.section}." if part.section else ""
        spans = self._spans(part, room)
        self._count += max(len(spans), 1)
        default = _DIGEST if part.subtype == "digest" else _PLAIN
        found = [
            _Found(start, stop, f"{prefix}{number}", index, depth, default)
            for number, (start, stop) in enumerate(spans, 1)
        ]
        if not found:
            found = [_Found(part.body_start, part.body_end, f"{prefix}1", index, depth, _PLAIN, bare=True)]
        elif len(found) == room and found[-1].stop == part.body_end:  # what may be more parts is one
            self._structure.truncated = True
            found[-1] = found[-1]._replace(default=_OPAQUE, bare=True)
        found.reverse()
        self._waiting += found

    def _close(self, part: Part) -> None:
        self._structure.truncated = True
        if part.is_message and part.media_type == "multipart":
            part.section = f"{part.section}.1" if part.section else "1"
        part.media_type, part.subtype, part.parameters = "application", "octet-stream", ()

    def _spans(self, part: Part, most: int) -> list[tuple[int, int]]:
        declared = part.parameter("boundary") or ""
        boundary = declared.rstrip(" \t")[:MAX_BOUNDARY]  # RFC 2046 §5.1.1: it cannot end with a space
        spans, sure = (
            _split(self._raw, part, boundary.encode("utf-8", "replace"), most) if boundary else ([], False)
        )
        if not sure or boundary != declared:
            self._structure.ambiguous = True
        return spans


def _split(raw: bytes, part: Part, boundary: bytes, most: int) -> tuple[list[tuple[int, int]], bool]:
    """Where the parts of a multipart are (RFC 2046 §5.1.1), at most `most`, the last one then to the end; and whether all was as it should be.

    The line end before a delimiter belongs to the delimiter.
    """
    stop = part.body_end
    needle = b"\n--" + boundary
    spans: list[tuple[int, int]] = []
    opened = false = 0
    at = max(part.body_start - 1, 0)  # the line end of the header's last line
    while false < MAX_FALSE_DELIMITERS and (at := _find(raw, needle, at, stop)) >= 0:
        end = raw.find(b"\n", at + 1, stop)
        line_end = stop if end < 0 else end
        rest = raw[at + len(needle) : line_end].rstrip(b" \t\r")
        if rest in {b"", b"--"}:
            if opened:
                spans.append((opened, max(opened, at - (raw[at - 1] == 13))))
                if len(spans) == most:
                    return [*spans[:-1], (opened, stop)], True
            if rest:
                return spans, True
            opened = min(line_end + 1, stop)
        else:
            false += 1
        at = line_end
    if opened:
        spans.append((opened, stop))
    return spans, False


def _find(raw: bytes, needle: bytes, start: int, stop: int) -> int:
    """`raw.find(needle, start, stop)`, window by window."""
    while stop - start > _WINDOW + len(needle):
        found = raw.find(needle, start, start + _WINDOW + len(needle))
        if found >= 0:
            return found
        start += _WINDOW
    return raw.find(needle, start, stop)


def _lines(raw: bytes, start: int, stop: int) -> int:
    """`raw.count(b"\\r\\n", start, stop)`, window by window: other threads get their turn between two."""
    if stop - start <= _WINDOW:
        return raw.count(b"\r\n", start, stop)
    return sum(raw.count(b"\r\n", at, min(at + _WINDOW + 1, stop)) for at in range(start, stop, _WINDOW))


def _encoding(value: bytes) -> str:
    lowered = value.lower()
    return _ENCODINGS.get(lowered) or parse_parameters(lowered).value or "7bit"
