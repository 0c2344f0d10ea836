"""The parts of a message as EmailBodyPart objects, and which of them are its text, its HTML and its attachments.

RFC 8621 §4.1.4, with the algorithm given there, iterative. Not here: the texts themselves (`body_values`), how parts are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec

from postroom.message.encodings import transfer
from postroom.message.encodings.charset import header_text
from postroom.message.headers.comments import without_comments
from postroom.message.headers.header import Header
from postroom.message.headers.msgid import parse_message_ids
from postroom.message.mime.attachment import declared_name
from postroom.message.mime.structure import Part, Structure
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.header_forms import (
    HeaderProperty,
    Named,
    by_name,
    headers,
    read_property,
    value_of,
    weight,
)

DEFAULT: Final = (
    "partId",
    "blobId",
    "size",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
)
LEAST: Final = 12  # octets that a property of a part takes in an answer, besides its name
_INLINE: Final = ("image/", "audio/", "video/")
_TEXTS: Final = ("text/plain", "text/html")


class BodyPart:
    """One part, with those below it; of a message within the message nothing is below."""

    def __init__(self, raw: bytes, part: Part, blob: BlobId, place: int) -> None:
        """`blob` is that of the message, `place` the index of the part in it."""
        self.raw = raw
        self.part = part
        self.blob = blob
        self.place = place
        self.below: list[BodyPart] = []

    @property
    def multipart(self) -> bool:
        """Whether it has no content but other parts."""
        return self.part.media_type == "multipart"

    @property
    def type(self) -> str:
        """The media type."""
        return f"{self.part.media_type}/{self.part.subtype}"

    @property
    def blob_id(self) -> str:
        """The id of what is in it."""
        return str(self.blob.part(self.part.section, self.place))

    @property
    def disposition(self) -> str | None:
        """What Content-Disposition says, in lower case."""
        return self.part.disposition.value.lower() if self.part.disposition else None

    @property
    def name(self) -> str | None:
        """The file name."""
        return declared_name(self.part) or None

    @property
    def charset(self) -> str | None:
        """As declared, else what texts have without a declaration."""
        declared = self._declared_charset
        if declared is not None:
            return declared
        return "us-ascii" if self.part.media_type == "text" else None

    @property
    def says_charset(self) -> bool:
        """Whether its charset is declared."""
        return b"content-type" in self.part.fields and self._declared_charset is not None

    @property
    def _declared_charset(self) -> str | None:
        return self.part.parameter("charset")

    @cached_property
    def content(self) -> transfer.Decoded:
        """The decoded octets."""
        return transfer.decode(self.raw[self.part.body_start : self.part.body_end], self.part.encoding)

    @cached_property
    def header(self) -> Header:
        """The fields of the part itself."""
        return Header.parse(self.raw, self.part.header_start, stop=self.part.body_end)

    @cached_property
    def named(self) -> Named:
        """The same fields by name."""
        return by_name(self.header)

    def field(self, name: bytes) -> str | None:
        """The value of a field that describes the part."""
        value = self.part.fields.get(name)
        return header_text(value).strip() if value is not None else None


def tree(raw: bytes, structure: Structure, blob: BlobId) -> BodyPart:
    """The part that the message is, with all below it, without looking into messages within it."""
    parts = structure.parts
    made: dict[int, BodyPart] = {0: BodyPart(raw, parts[0], blob, 0)}
    for index, part in enumerate(parts[1:], 1):
        above = made.get(part.parent)
        if above is not None and above.multipart:  # else it lies within an attached message
            made[index] = BodyPart(raw, part, blob, index)
            above.below.append(made[index])
    return made[0]


class Bodies(msgspec.Struct, frozen=True):
    """The lists of RFC 8621 §4.1.4."""

    text: list[BodyPart]
    html: list[BodyPart]
    attachments: list[BodyPart]


class _Level:
    """A multipart that is being gone through: what RFC 8621 §4.1.4 has as a call of parseStructure."""

    __slots__ = ("html", "html_length", "in_alternative", "kind", "next", "parts", "text", "text_length")

    def __init__(
        self,
        parts: Sequence[BodyPart],
        kind: str,
        lists: tuple[list[BodyPart] | None, list[BodyPart] | None],
        *,
        in_alternative: bool,
    ) -> None:
        self.parts = parts
        self.kind = kind
        self.in_alternative = in_alternative
        self.text, self.html = lists
        self.text_length = -1 if self.text is None else len(self.text)
        self.html_length = -1 if self.html is None else len(self.html)
        self.next = 0


def bodies(root: BodyPart) -> Bodies:
    """What is shown as text, what as HTML, and what is attached."""
    text: list[BodyPart] = []
    html: list[BodyPart] = []
    levels = [_Level([root], "mixed", (text, html), in_alternative=False)]
    while levels:
        level = levels[-1]
        if level.next == len(level.parts):
            _close(level)
            levels.pop()
            continue
        part = level.parts[level.next]
        first = level.next == 0
        level.next += 1
        if part.multipart:
            kind = part.part.subtype
            inner = level.in_alternative or kind == "alternative"
            levels.append(_Level(part.below, kind, (level.text, level.html), in_alternative=inner))
        elif _is_inline(part, level.kind, first=first):
            _put(level, part)
    return Bodies(text, html, _attached(root, text, html))


def _attached(root: BodyPart, text: Sequence[BodyPart], html: Sequence[BodyPart]) -> list[BodyPart]:
    """What is in neither list, and pictures and sounds that are not in both: what the property is defined as, whatever became of the lists."""
    lists = [{one.part.section for one in shown} for shown in (text, html)]

    def is_shown(part: BodyPart) -> bool:
        there = [part.part.section in one for one in lists]
        return all(there) if part.type.startswith(_INLINE) else any(there)

    return [part for part in leaves(root) if not is_shown(part)]


def _is_inline(part: BodyPart, kind: str, *, first: bool) -> bool:
    if part.disposition == "attachment" or not (part.type in _TEXTS or part.type.startswith(_INLINE)):
        return False
    return first or (kind != "related" and (part.type.startswith(_INLINE) or not part.name))


def _put(level: _Level, part: BodyPart) -> None:
    if level.kind == "alternative":
        target = {"text/plain": level.text, "text/html": level.html}.get(part.type)
        if target is not None:
            target.append(part)
        return
    if level.in_alternative:
        if part.type == "text/plain":
            level.html = None
        if part.type == "text/html":
            level.text = None
    for shown in (level.text, level.html):
        if shown is not None:
            shown.append(part)


def _close(level: _Level) -> None:
    """The end of a multipart/alternative: what it has in one form only is shown in both lists."""
    if level.kind != "alternative" or level.text is None or level.html is None:
        return
    text, html = len(level.text), len(level.html)
    if text == level.text_length and html != level.html_length:
        level.text += level.html[level.html_length :]
    if html == level.html_length and text != level.text_length:
        level.html += level.text[level.text_length : text]


def cid(part: BodyPart) -> str | None:
    """Its Content-ID without brackets (RFC 2392)."""
    value = part.field(b"content-id")
    if value is None:
        return None
    found = parse_message_ids(value)
    return found[0] if found else value.removeprefix("<").removesuffix(">").strip()


def _languages(part: BodyPart) -> list[str] | None:
    value = part.field(b"content-language")
    return (
        None if value is None else [tag for one in without_comments(value).split(",") if (tag := one.strip())]
    )


def _location(part: BodyPart) -> str | None:
    """A URI has no white space: folding has brought it in."""
    value = part.field(b"content-location")
    return None if value is None else "".join(value.split())


PROPERTIES: Final[Mapping[str, Callable[[BodyPart], Any]]] = {
    "partId": lambda one: None if one.multipart else one.part.section,
    "blobId": lambda one: None if one.multipart else one.blob_id,
    "size": lambda one: one.part.size if one.multipart else len(one.content.octets),
    "name": lambda one: one.name,
    "type": lambda one: one.type,
    "charset": lambda one: one.charset,
    "disposition": lambda one: one.disposition,
    "cid": cid,
    "language": _languages,
    "location": _location,
    "headers": lambda one: headers(one.header),
    "subParts": lambda _one: None,  # `whole` has them
}


class Reader(msgspec.Struct, frozen=True):
    """What is asked for of each part: properties of `PROPERTIES`, and fields of its header."""

    plain: Sequence[str]
    fields: Mapping[str, HeaderProperty]

    def __call__(self, part: BodyPart) -> dict[str, Any]:
        """These properties of a part, without those below it."""
        told = {name: PROPERTIES[name](part) for name in self.plain}
        told.update((name, value_of(wanted, part.named)) for name, wanted in self.fields.items())
        return told

    def weight(self, part: BodyPart) -> int:
        """Octets of a part in an answer, at least: its properties, and all of its header fields; a part may be shorter than what is told of it."""
        whole = part.header.end - part.header.start if "headers" in self.plain else 0
        told = sum(len(name) + LEAST for name in self.plain)
        return told + whole + (weight(self.fields, part.named) if self.fields else 0)


def reader(properties: Sequence[str]) -> Reader | str:
    """What gives these properties of a part; or the name of the first property that there is not."""
    plain = [name for name in properties if name in PROPERTIES]
    asked: dict[str, HeaderProperty] = {}
    for name in properties:
        if name not in PROPERTIES:
            wanted = read_property(name)
            if wanted is None:
                return name
            asked[name] = wanted
    return Reader(plain, asked)


def whole(root: BodyPart, read: Callable[[BodyPart], dict[str, Any]]) -> dict[str, Any]:
    """bodyStructure: the tree, with `subParts` where there are any."""
    top = read(root)
    waiting = [(root, top)]
    while waiting:
        part, told = waiting.pop()
        if part.multipart:
            below = [(one, read(one)) for one in part.below]
            told["subParts"] = [shown for _, shown in below]
            waiting += below
    return top


def every(root: BodyPart) -> list[BodyPart]:
    """All parts, in their order."""
    found: list[BodyPart] = []
    waiting = [root]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting += reversed(part.below)
    return found


def leaves(root: BodyPart) -> list[BodyPart]:
    """Those that are no multiparts."""
    return [part for part in every(root) if not part.multipart]
