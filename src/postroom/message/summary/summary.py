"""What is made of a message once, when it is delivered, so that lists and FETCH need not read it again.

RFC 9051 §7.5.2 (ENVELOPE, BODYSTRUCTURE), RFC 8621 §4.1 (the properties of an Email), RFC 5256 §2.1 (base subject). Values only, made from
the raw octets, with a version: an older summary is made anew from the message. Not here: anything that takes longer than a glance.
"""

from __future__ import annotations

import msgspec

from postroom.message.encodings import encoded_words
from postroom.message.encodings.charset import header_text, visible
from postroom.message.headers.address_list import Group, mailboxes
from postroom.message.headers.dates import Moment, parse_date
from postroom.message.headers.header import Header
from postroom.message.headers.msgid import parse_message_ids, thread_ids
from postroom.message.headers.subject import base_subject
from postroom.message.mime import text
from postroom.message.mime.attachment import has_attachment
from postroom.message.mime.structure import Limits, Part, Structure, scan
from postroom.message.summary import imap_rendering

VERSION = 5
MAX_SUMMARY = (
    1 << 20
)  # octets of rendered ENVELOPE and BODYSTRUCTURE together; a message with more has a minimal summary

AMBIGUOUS = 1  # the structure can be read in another way
TRUNCATED = 2  # limits left something out of the structure
UNPARSED = 4  # a minimal summary: the structure says only that there is a message

_EMPTY_ENVELOPE = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


class Person(msgspec.Struct, frozen=True, array_like=True):
    """A mailbox for display (EmailAddress of RFC 8621 §4.1.2.3); `name` "" where there is none."""

    name: str
    email: str


class Section(msgspec.Struct, frozen=True, array_like=True):
    """Where a part lies: offsets into the raw message; `number` is IMAP's, of a message within a message/rfc822 that of the latter.

    `header` is where its MIME header begins, `body` where its body does. `message`: its header is that of a message.
    """

    number: str
    header: int
    body: int
    end: int
    media_type: str
    encoding: str
    message: bool


class Said(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What the header says, decoded, with control characters made visible; lists may be empty.

    `vacant`: names in lower case of the fields with addresses, and of the subject, that are there and say nothing. `groups`: the names of the groups in
    fields with addresses, by theirs.
    """

    subject: str
    base_subject: str
    sender: list[Person]
    from_: list[Person]
    reply_to: list[Person]
    to: list[Person]
    cc: list[Person]
    bcc: list[Person]
    sent_at: Moment | None
    message_id: list[str]
    in_reply_to: list[str]
    references: list[str]
    vacant: list[str]
    groups: dict[str, list[str]] = {}


class Summary(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """All that is kept of a message besides itself. Texts are decoded, with control characters made visible; lists may be empty.

    `header_size` is where the body begins. `vacant` and `groups` as in `Said`.
    Of several fields of one name the first is meant, as in ENVELOPE; `last` is what the last ones say, None where that is the same.
    """

    version: int = VERSION
    size: int
    header_size: int
    flags: int
    envelope: bytes
    body_structure: bytes
    sections: list[Section]
    subject: str
    base_subject: str
    sender: list[Person]
    from_: list[Person]
    reply_to: list[Person]
    to: list[Person]
    cc: list[Person]
    bcc: list[Person]
    sent_at: Moment | None
    message_id: list[str]
    in_reply_to: list[str]
    references: list[str]
    has_attachment: bool
    preview: str
    vacant: list[str] = []
    last: Said | None = None
    groups: dict[str, list[str]] = {}

    @property
    def told(self) -> Summary | Said:
        """What JMAP tells of the header: of several fields of one name the last (RFC 8621 §4.1.3)."""
        return self.last or self

    @property
    def thread_ids(self) -> list[str]:
        """The identifiers by which the message finds its thread."""
        return thread_ids(self.message_id, self.in_reply_to, self.references)

    def pack(self) -> bytes:
        """The summary in MessagePack."""
        return _encoder.encode(self)

    @classmethod
    def unpack(cls, packed: bytes) -> Summary:
        """The inverse of `pack`; raises msgspec.DecodeError (ValueError) on foreign octets and on another version."""
        summary = _decoder.decode(packed)
        if summary.version != VERSION:
            raise msgspec.ValidationError(f"summary of version {summary.version}, not {VERSION}")
        return summary


def is_current(packed: bytes) -> bool:
    """Whether this is a whole summary of this version; if not, it is to be made anew from the message."""
    try:
        Summary.unpack(packed)
    except ValueError:
        return False
    return True


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """The beginning of a packed `Summary`, for whoever needs no more; the version is for him to look at."""

    version: int
    size: int
    header_size: int
    flags: int
    envelope: bytes
    body_structure: bytes


class Layout(Opening, frozen=True, array_like=True):
    """The same, with where the parts lie."""

    sections: list[Section]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Summary)
unpack_opening = msgspec.msgpack.Decoder(Opening).decode
unpack_layout = msgspec.msgpack.Decoder(Layout).decode


def summarize(raw: bytes, *, limits: Limits = Limits(), preview: int = text.PREVIEW) -> Summary:  # noqa: B008 (frozen)
    """The summary of a message as it is stored; never raises, linear in the length of `raw`."""
    structure = scan(raw, limits)
    root = structure.root
    fields = root.fields
    entries = imap_rendering.address_entries(fields)
    envelope = imap_rendering.envelope(fields, entries)
    body_structure = imap_rendering.body_structure(structure, _inner_envelopes(structure))
    if len(envelope) + len(body_structure) > MAX_SUMMARY:
        return minimal_summary(raw)
    said = _said(fields, entries)
    return Summary(
        size=len(raw),
        header_size=root.body_start,
        flags=AMBIGUOUS * structure.ambiguous | TRUNCATED * structure.truncated,
        envelope=envelope,
        body_structure=body_structure,
        sections=[_section(part) for part in structure.parts],
        subject=said.subject,
        base_subject=said.base_subject,
        sender=said.sender,
        from_=said.from_,
        reply_to=said.reply_to,
        to=said.to,
        cc=said.cc,
        bcc=said.bcc,
        sent_at=said.sent_at,
        message_id=said.message_id,
        in_reply_to=said.in_reply_to,
        references=said.references,
        has_attachment=has_attachment(structure),
        preview=text.preview(raw, structure, preview),
        vacant=said.vacant,
        groups=said.groups,
        last=_last(raw, structure) if structure.repeated else None,
    )


def _said(fields: dict[bytes, bytes], entries: dict[bytes, imap_rendering.Entries]) -> Said:
    subject = _subject(fields)
    people = {
        name: [Person(spec.name, spec.email) for spec in mailboxes(found)] for name, found in entries.items()
    }
    vacant = [name.decode() for name, found in people.items() if not found]
    groups = {
        name.decode(): names
        for name, found in entries.items()
        if (names := [one.name for one in found if isinstance(one, Group) and one.name])
    }
    return Said(
        subject=subject,
        base_subject=base_subject(subject),
        sender=people.get(b"sender", []),
        from_=people.get(b"from", []),
        reply_to=people.get(b"reply-to", []),
        to=people.get(b"to", []),
        cc=people.get(b"cc", []),
        bcc=people.get(b"bcc", []),
        sent_at=parse_date(fields[b"date"]) if b"date" in fields else None,
        message_id=_ids(fields, b"message-id"),
        in_reply_to=_ids(fields, b"in-reply-to"),
        references=_ids(fields, b"references"),
        vacant=vacant if subject or b"subject" not in fields else [*vacant, "subject"],
        groups=groups,
    )


def minimal_summary(raw: bytes) -> Summary:
    """The summary of a message that is not looked into: one opaque part without fields; it can still be fetched whole."""
    size = len(raw)
    return Summary(
        size=size, header_size=0, flags=UNPARSED, envelope=_EMPTY_ENVELOPE,
        body_structure=b'("application" "octet-stream" NIL NIL NIL "8bit" %d NIL NIL NIL NIL)' % size,
        sections=[Section("1", 0, 0, size, "application/octet-stream", "8bit", message=True)],
        subject="", base_subject="", sender=[], from_=[], reply_to=[], to=[], cc=[], bcc=[], sent_at=None,
        message_id=[], in_reply_to=[], references=[], has_attachment=False, preview="",
    )  # fmt: skip


def _inner_envelopes(structure: Structure) -> dict[int, bytes]:
    """ENVELOPEs of the messages inside the message, by their index."""
    if len(structure.parts) == 1:
        return {}
    return {
        index: imap_rendering.envelope(part.fields, imap_rendering.address_entries(part.fields))
        for index, part in enumerate(structure.parts)
        if index and part.is_message
    }


def _last(raw: bytes, structure: Structure) -> Said:
    """What the last of each field says that the message has more than once, with all others."""
    header = Header.parse(raw, stop=structure.root.body_start)
    last = {name: field.value for field in header if (name := field.name.lower()) in structure.repeated}
    fields = structure.root.fields | last
    return _said(fields, imap_rendering.address_entries(fields))


def _section(part: Part) -> Section:
    return Section(
        part.section,
        part.header_start,
        part.body_start,
        part.body_end,
        f"{part.media_type}/{part.subtype}",
        part.encoding,
        part.is_message,
    )


def _subject(fields: dict[bytes, bytes]) -> str:
    value = fields.get(b"subject", b"")
    subject = value.decode("ascii") if value.isascii() else header_text(value)
    return encoded_words.decode(subject) if "=?" in subject else visible(subject)


def _ids(fields: dict[bytes, bytes], name: bytes) -> list[str]:
    value = fields.get(name)
    return parse_message_ids(header_text(value)) if value else []
