"""An email as its properties: each says how much of the message it needs, and how it is made of that.

RFC 8621 §4.1 and §4.2. What is listed comes from the summary that was made at delivery; only header fields by name and the body need the message itself.
Not here: which emails, and for whom (`serve.jmap.mail.email`).
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec

from postroom.message.headers.header import Header
from postroom.message.ids import IdKind, id_text
from postroom.message.mime.structure import scan
from postroom.message.summary.summary import UNPARSED, Person, Summary, summarize
from postroom.proto.jmap import body_parts, header_forms
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.body_parts import Bodies, BodyPart, Reader
from postroom.proto.jmap.body_values import body_value
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.header_forms import (
    HeaderProperty,
    Named,
    as_date,
    by_name,
    headers,
    person,
    read_property,
    value_of,
)
from postroom.proto.jmap.standard import each_once
from postroom.proto.jmap.types import Arguments, Object, UnsignedInt, utc_date
from postroom.store.emails.emails import Copy, keywords_of
from postroom.store.mailboxes.messages import Email

DEFAULT: Final = (
    "id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "messageId", "inReplyTo", "references",
    "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment", "preview", "bodyValues",
    "textBody", "htmlBody", "attachments",
)  # fmt: skip


class Need(enum.IntEnum):
    """How much of a message must be read."""

    COPIES = 0
    SUMMARY = 1
    HEADER = 2
    ALL = 3


class BodyArguments(Arguments, frozen=True, kw_only=True):
    """What Email/get and Email/parse may be told about bodies (RFC 8621 §4.2, §4.9)."""

    body_properties: list[str] | None = None
    fetch_text_body_values: bool = False
    fetch_html_body_values: bool = msgspec.field(default=False, name="fetchHTMLBodyValues")
    fetch_all_body_values: bool = False
    max_body_value_bytes: UnsignedInt = 0


class Wish(msgspec.Struct, frozen=True):
    """What is asked for of each email; `readings` make the properties, in their order, `fields` those of its header. `listed`: what the summary says is among it."""

    properties: Sequence[str]
    readings: Sequence[tuple[str, Callable[[View, Wish], Any]]]
    part: Reader
    values: BodyArguments
    need: Need
    fields: Mapping[str, HeaderProperty] = {}
    listed: bool = False


class View:
    """One email. `raw` is as much of it as the wish needs; a parsed blob has no `email_id` and no copies."""

    def __init__(self, blob: BlobId, size: int, summary: Summary | None, raw: bytes = b"") -> None:
        self.blob = blob
        self.size = size
        self.raw = raw
        self.email_id = 0
        self.thread_id = 0
        self.copies: Sequence[Copy] = ()
        self.packed = 0  # octets of the summary as it is kept
        self._summary = summary

    @classmethod
    def of_email(cls, copies: Sequence[Copy], content: Email | None = None) -> View:
        """An email of which these copies are seen; without `content` only what they say may be asked for."""
        summary = None if content is None else _unpacked(content.summary)
        view = cls(BlobId(copies[0].email_id), copies[0].size, summary)
        view.email_id, view.thread_id, view.copies = copies[0].email_id, copies[0].thread_id, copies
        view.packed = 0 if content is None else len(content.summary)
        if summary is not None:
            view.__dict__["summary"] = summary  # at once: a cached_property takes a lock the first time
        return view

    @property
    def stale(self) -> bool:
        """Whether there is no summary of this version."""
        return self._summary is None

    @property
    def header_length(self) -> int | None:
        """Octets of the header; None where the summary does not say."""
        return None if self._summary is None or self._summary.flags & UNPARSED else self._summary.header_size

    @cached_property
    def summary(self) -> Summary:
        """What was made of it at delivery; an old one, and that of a blob, is made now."""
        return self._summary if self._summary is not None else summarize(self.raw)

    @cached_property
    def header(self) -> Header:
        """The message's own header."""
        return Header.parse(self.raw)

    @cached_property
    def named(self) -> Named:
        """Its fields by name."""
        return by_name(self.header)

    @cached_property
    def root(self) -> BodyPart:
        """The tree of its parts."""
        return body_parts.tree(self.raw, scan(self.raw), self.blob)

    @cached_property
    def bodies(self) -> Bodies:
        """Its text, HTML and attachments."""
        return body_parts.bodies(self.root)


def _unpacked(packed: bytes) -> Summary | None:
    try:
        return Summary.unpack(packed)
    except msgspec.DecodeError:
        return None  # of another version: made anew


def _people(view: View, found: Sequence[Person], field: str) -> list[dict[str, str | None]] | None:
    """EmailAddress objects; none at all where there is no such field (RFC 8621 §4.1.3)."""
    told = [person(one.name, one.email) for one in found]
    return told if told or field in view.summary.told.vacant else None


def _subject(view: View) -> str | None:
    subject = view.summary.told.subject
    if not subject and "subject" not in view.summary.told.vacant:
        return None
    return unicodedata.normalize("NFC", subject.lstrip(" "))


def _values(view: View, arguments: BodyArguments) -> dict[str, Any]:
    parts: list[BodyPart] = []
    if arguments.fetch_text_body_values:
        parts += view.bodies.text
    if arguments.fetch_html_body_values:
        parts += view.bodies.html
    if arguments.fetch_all_body_values:
        parts += body_parts.leaves(view.root)
    texts = {part.part.section: part for part in parts if part.part.media_type == "text"}
    return {section: body_value(part, arguments.max_body_value_bytes) for section, part in texts.items()}


Reading = Callable[[View, Wish], Any]


def _reading_of(parts: Callable[[View], list[BodyPart]]) -> Reading:
    return lambda view, wish: [wish.part(part) for part in parts(view)]


METADATA: Final[Mapping[str, Reading]] = {
    "blobId": lambda view, _: str(view.blob),
    "size": lambda view, _: view.size,
    "id": lambda view, _: id_text(IdKind.EMAIL, view.email_id) if view.email_id else None,
    "threadId": lambda view, _: id_text(IdKind.THREAD, view.thread_id) if view.email_id else None,
    "mailboxIds": lambda view, _: (
        {id_text(IdKind.MAILBOX, one.mailbox_id): True for one in view.copies} if view.email_id else None
    ),
    "keywords": lambda view, _: dict.fromkeys(keywords_of(view.copies), True) if view.email_id else None,
    "receivedAt": lambda view, _: (
        utc_date(min([one.internaldate for one in view.copies])) if view.email_id else None
    ),
}
SUMMARY: Final[Mapping[str, Reading]] = {
    "messageId": lambda view, _: view.summary.told.message_id or None,
    "inReplyTo": lambda view, _: view.summary.told.in_reply_to or None,
    "references": lambda view, _: view.summary.told.references or None,
    "sender": lambda view, _: _people(view, view.summary.told.sender, "sender"),
    "from": lambda view, _: _people(view, view.summary.told.from_, "from"),
    "to": lambda view, _: _people(view, view.summary.told.to, "to"),
    "cc": lambda view, _: _people(view, view.summary.told.cc, "cc"),
    "bcc": lambda view, _: _people(view, view.summary.told.bcc, "bcc"),
    "replyTo": lambda view, _: _people(view, view.summary.told.reply_to, "reply-to"),
    "subject": lambda view, _: _subject(view),
    "sentAt": lambda view, _: as_date(view.summary.told.sent_at),
    "hasAttachment": lambda view, _: view.summary.has_attachment,
    "preview": lambda view, _: view.summary.preview,
}
HEADER: Final[Mapping[str, Reading]] = {"headers": lambda view, _: headers(view.header)}
PARTS: Final[Mapping[str, Callable[[View], list[BodyPart]]]] = {
    "bodyStructure": lambda view: body_parts.every(view.root),
    "textBody": lambda view: view.bodies.text,
    "htmlBody": lambda view: view.bodies.html,
    "attachments": lambda view: view.bodies.attachments,
}
BODY: Final[Mapping[str, Reading]] = {
    "bodyStructure": lambda view, wish: body_parts.whole(view.root, wish.part),
    "bodyValues": lambda view, wish: _values(view, wish.values),
    **{name: _reading_of(parts) for name, parts in PARTS.items() if name != "bodyStructure"},
}
PROPERTIES: Final[Mapping[str, tuple[Need, Reading]]] = {
    **{name: (Need.COPIES, read) for name, read in METADATA.items()},
    **{name: (Need.SUMMARY, read) for name, read in SUMMARY.items()},
    **{name: (Need.HEADER, read) for name, read in HEADER.items()},
    **{name: (Need.ALL, read) for name, read in BODY.items()},
}


def wish(properties: Sequence[str] | None, default: Sequence[str], values: BodyArguments) -> Wish:
    """What these arguments ask for. Raises `invalidArguments` for a property that there is not."""
    names = default if properties is None else each_once(properties)
    texts = values.fetch_text_body_values or values.fetch_html_body_values or values.fetch_all_body_values
    need = Need.COPIES
    readings: list[tuple[str, Reading]] = []
    fields: dict[str, HeaderProperty] = {}
    for name in names:
        if name == "bodyValues" and not texts:
            readings.append((name, _nothing))
            continue
        if name in PROPERTIES:
            needed, reading = PROPERTIES[name]
            need = max(need, needed)
            readings.append((name, reading))
            continue
        found = read_property(name)
        if found is None:
            raise MethodError(
                "invalidArguments", f"there is no property {name[:200]!r}", arguments=["properties"]
            )
        fields[name] = found
        readings.append((name, _of_header(found)))
        need = max(need, Need.HEADER)
    of_parts = values.body_properties
    part = body_parts.reader(
        body_parts.DEFAULT if of_parts is None else each_once(of_parts, "bodyProperties")
    )
    if isinstance(part, str):
        raise MethodError(
            "invalidArguments", f"parts have no property {part[:200]!r}", arguments=["bodyProperties"]
        )
    return Wish(names, readings, part, values, need, fields, not SUMMARY.keys().isdisjoint(names))


def with_id(wished: Wish) -> Wish:
    """The same, and the id."""
    readings = (("id", METADATA["id"]), *wished.readings)
    return msgspec.structs.replace(wished, properties=("id", *wished.properties), readings=readings)


def _nothing(_view: View, _wish: Wish) -> Object:
    return {}


def _of_header(wanted: HeaderProperty) -> Reading:
    return lambda view, _: value_of(wanted, view.named)


def weight(view: View, wished: Wish) -> int:
    """Octets of header fields and of parts that go into the answer with the email, each as often as it does."""
    told = view.header.end - view.header.start if "headers" in wished.properties else 0
    if wished.fields:
        told += header_forms.weight(wished.fields, view.named)
    for name, parts in PARTS.items():
        if name in wished.properties:
            told += sum(map(wished.part.weight, parts(view)))
    return told


def show(view: View, wished: Wish) -> Object:
    """The email's properties."""
    return {name: reading(view, wished) for name, reading in wished.readings}
