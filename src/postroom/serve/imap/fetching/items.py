"""The attributes of FETCH, as a table: what each needs of the store, and how it is rendered.

RFC 9051 §7.5.2, RFC 3516 §4.3, RFC 7162 §3.1.4.2, RFC 8474 §5, RFC 8514 §4.2, RFC 8970 §3.2. The largest need decides what is read. Not here: reading.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind
from postroom.message.summary.imap_body import without_extensions
from postroom.message.summary.summary import (
    UNPARSED,
    VERSION,
    Layout,
    Opening,
    Summary,
    unpack_layout,
    unpack_opening,
)
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.fetching import Attribute
from postroom.proto.imap.sections import WHOLE, Of
from postroom.serve.imap import sections
from postroom.serve.imap.sections import KNOWN_ENCODINGS, Chosen
from postroom.store.engine.transaction import Row

PREVIEW: Final = 200  # characters, RFC 8970 §3.3
_SMALL: Final = frozenset({Of.HEADER, Of.FIELDS, Of.NOT_FIELDS, Of.MIME})


class UnknownEncoding(Exception):
    """A part is encoded in a way that nobody here can decode (RFC 3516 §4.3)."""


class Need(enum.IntEnum):
    """What has to be read of a message: its row, its summary too, the first of its octets too, or all of them."""

    ROW = 0
    SUMMARY = 1
    HEAD = 2
    OCTETS = 3


class Found:
    """A message as it was read. `octets` is None until it is there; a summary that is `outdated` must be replaced (`rebuild`)."""

    __slots__ = (
        "_opening", "_rebuilt", "email_id", "flags", "internaldate", "keywords", "modseq", "number", "octets", "packed", "recent",
        "savedate", "size", "thread_id", "uid",
    )  # fmt: skip

    def __init__(self, number: int, row: Sequence[Any], *, recent: bool) -> None:
        self.number = number
        self.recent = recent
        (
            self.uid,
            self.modseq,
            self.flags,
            self.keywords,
            self.internaldate,
            self.savedate,
            self.email_id,
            self.thread_id,
            self.size,
            self.packed,
        ) = row
        self.octets: bytes | None = None
        self._rebuilt: Summary | None = None
        self._opening: Opening | Summary | None = None

    @property
    def opening(self) -> Opening | Summary:
        """The first things in the summary."""
        if self._opening is None:
            self._opening = unpack_opening(self.packed)
        return self._opening

    @property
    def layout(self) -> Layout | Summary:
        """Where the parts lie."""
        return self._rebuilt or unpack_layout(self.packed)

    @property
    def summary(self) -> Summary:
        """All of it."""
        return self._rebuilt or Summary.unpack(self.packed)

    @property
    def outdated(self) -> bool:
        """Whether the summary must be made anew: it is of another version, or none."""
        try:
            return self.opening.version != VERSION
        except (ValueError, TypeError):  # TypeError: it was too long to be read with the others
            return True

    def has_header(self) -> bool:
        """Whether the header is among the octets that are there."""
        assert self.octets is not None
        if len(self.octets) == self.size:
            return True
        return not self.opening.flags & UNPARSED and self.opening.header_size <= len(self.octets)

    def rebuild(self, summary: Summary) -> None:
        """The summary made anew."""
        self._rebuilt = self._opening = summary


class Item(msgspec.Struct, frozen=True):
    """A row of the table. `render` gives the value that follows the label; `kept`: lines with it may be kept; `summary`: it reads the summary."""

    need: Need
    render: Callable[[Found], bytes]
    kept: bool = True
    summary: bool = True


def _flags(m: Found) -> bytes:
    return b"(%b)" % rendering.flags(m.flags, m.keywords, recent=m.recent)


def _preview(m: Found) -> bytes:
    return rendering.string(m.summary.preview[:PREVIEW].encode())


TABLE: Final = MappingProxyType(
    {
        "UID": Item(Need.ROW, lambda m: b"%d" % m.uid),
        "FLAGS": Item(Need.ROW, _flags),
        "MODSEQ": Item(Need.ROW, lambda m: b"(%d)" % m.modseq),
        "INTERNALDATE": Item(Need.ROW, lambda m: rendering.date_time(m.internaldate)),
        "SAVEDATE": Item(Need.ROW, lambda m: rendering.date_time(m.savedate)),
        "RFC822.SIZE": Item(Need.ROW, lambda m: b"%d" % m.size),
        "EMAILID": Item(Need.ROW, lambda m: rendering.object_id(IdKind.EMAIL, m.email_id)),
        "THREADID": Item(Need.ROW, lambda m: rendering.object_id(IdKind.THREAD, m.thread_id)),
        "ENVELOPE": Item(Need.SUMMARY, lambda m: m.opening.envelope),
        "BODYSTRUCTURE": Item(Need.SUMMARY, lambda m: m.opening.body_structure),
        "BODY": Item(Need.SUMMARY, lambda m: without_extensions(m.opening.body_structure)),
        "PREVIEW": Item(Need.SUMMARY, _preview),
        "SNIPPET": Item(Need.SUMMARY, lambda m: b"(FUZZY %b)" % _preview(m)),
    }
)


def _flag_column(rows: Sequence[Row], recent: int) -> list[bytes]:
    """Few kinds of flags are rendered once each."""
    known: dict[tuple[int, str, bool], bytes] = {}
    found: list[bytes] = []
    for row in rows:
        kind = row[2], row[3], row[0] >= recent
        words = known.get(kind)
        if words is None:
            words = known[kind] = b"(%b)" % rendering.flags(kind[0], kind[1], recent=kind[2])
        found.append(words)
    return found


# What clients ask of whole mailboxes, for many rows at once: (uid, modseq, flags, keywords, internaldate, savedate, email_id, thread_id, size, ...). `recent`
# is the first \\Recent uid. The values are those of `TABLE`.
COLUMNS: Final[Mapping[str, Callable[[Sequence[Row], int], list[bytes]]]] = MappingProxyType(
    {
        "UID": lambda rows, _: [b"%d" % row[0] for row in rows],
        "FLAGS": _flag_column,
        "MODSEQ": lambda rows, _: [b"(%d)" % row[1] for row in rows],
        "INTERNALDATE": lambda rows, _: [rendering.date_time(row[4]) for row in rows],
        "RFC822.SIZE": lambda rows, _: [b"%d" % row[8] for row in rows],
    }
)
SECTIONED: Final = frozenset({"BODY[]", "BINARY[]", "BINARY.SIZE[]"})


def item(attribute: Attribute) -> Item:
    """How an attribute is answered. A section's value is rendered by `Sectioned`."""
    if attribute.name in SECTIONED:
        section = attribute.section
        need = Need.HEAD if section.of in _SMALL and not section.part else Need.OCTETS
        return Item(need, Sectioned(attribute).render, kept=section.of in _SMALL, summary=section != WHOLE)
    return TABLE[attribute.name]


class Sectioned:
    """BODY[...], BINARY[...] and BINARY.SIZE[...] of messages whose octets are there."""

    __slots__ = ("_attribute", "_chosen", "_section")

    def __init__(self, attribute: Attribute) -> None:
        self._attribute = attribute
        self._section = attribute.section
        self._chosen = Chosen(self._section) if self._section.of in (Of.FIELDS, Of.NOT_FIELDS) else None

    def render(self, m: Found) -> bytes:
        """The value. Raises `UnknownEncoding`."""
        value = self.value(m)
        if self._attribute.name == "BINARY.SIZE[]":
            return b"%d" % len(value or b"")
        if value is None:
            return b"NIL"
        if self._attribute.partial:
            offset, count = self._attribute.partial
            value = value[offset : offset + count]
        return literal(value, binary=self._attribute.name == "BINARY[]" and b"\0" in value)

    def value(self, m: Found) -> bytes | None:
        """All octets of the section; None when there is no such section."""
        assert m.octets is not None
        octets, section = m.octets, self._section
        if section == WHOLE:
            return octets
        if (
            self._chosen is not None and not section.part
        ):  # what clients ask for most: a short way to the same
            size = sections.header_size(m.opening, octets)
            return self._chosen.of(octets[:size], followed=m.opening.size > size)
        located = sections.locate(sections.outline(m.layout if section.part else m.opening, octets), section)
        if located is None:
            return None
        found = octets[located.start : located.end]
        if self._chosen is not None:
            return self._chosen.of(found, followed=located.followed)
        if self._attribute.name == "BODY[]":
            return found
        if located.encoding and located.encoding not in KNOWN_ENCODINGS:
            raise UnknownEncoding
        return sections.decoded(found, located)


def literal(value: bytes, *, binary: bool = False) -> bytes:
    """`{n}`, or with NUL inside `~{n}` where the client asked for octets (RFC 3516 §4.3)."""
    return b"%b{%d}\r\n%b" % (b"~" if binary else b"", len(value), value)
