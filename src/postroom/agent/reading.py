"""A message as a reader sees it: who, when, about what, its words, and what it is made of.

RFC 5322 §3.6 (the fields that people look at), RFC 2046 §5 (structure). Everything is decoded, and bounded; making it fit for a terminal is
`agent.terminal`'s business. Not here: HTML as such: of that only the words are shown.
"""

from __future__ import annotations

from typing import Any

import msgspec

from postroom.agent.terminal import size_text
from postroom.message.encodings.charset import header_text
from postroom.message.encodings.encoded_words import decode
from postroom.message.headers.dates import Moment, format_date
from postroom.message.headers.header import Header
from postroom.message.mime.attachment import declared_name, is_attachment
from postroom.message.mime.structure import Part, Structure, scan
from postroom.message.mime.text import part_text, text_parts
from postroom.message.summary.summary import Person, Summary, summarize

LINE_FIELDS = (
    "From",
    "Sender",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Return-Path",
)  # that `line_of` looks at
MAX_SHOWN = 4 << 20  # octets of one text
_TAB = 8


class PartRecord(msgspec.Struct, frozen=True):
    """A part: IMAP's number of it ("" of a multipart at the top), its type, its name, encoding and octets as encoded."""

    number: str
    depth: int
    type: str
    name: str
    encoding: str
    size: int
    attachment: bool


class Letter(msgspec.Struct, frozen=True):
    """What is shown of a message. `date` as its writer wrote it, in its own zone."""

    from_: str
    to: str
    cc: str
    date: str
    subject: str
    message_id: str
    text: str
    parts: list[PartRecord]


def read_letter(raw: bytes) -> Letter:
    """Reads a whole message; never raises."""
    summary, structure = summarize(raw), scan(raw)
    words = [part_text(raw, part, MAX_SHOWN) for part in text_parts(structure)]
    return Letter(
        people(summary.from_),
        people(summary.to),
        people(summary.cc),
        moment_text(summary.sent_at),
        summary.subject,
        next(iter(summary.message_id), ""),
        "\n\n".join(words).expandtabs(_TAB).rstrip(),
        parts_of(structure),
    )


def parts_of(structure: Structure) -> list[PartRecord]:
    """The parts in the order of the message."""
    return [
        PartRecord(
            part.section,
            part.depth,
            f"{part.media_type}/{part.subtype}",
            declared_name(part),
            part.encoding,
            part.size,
            _can_be_saved(structure, part),
        )
        for part in structure.parts
    ]


def structure_lines(parts: list[PartRecord]) -> list[str]:
    """The tree, one line a part."""
    lines = []
    for part in parts:
        words = [part.type, f'"{part.name}"' if part.name else "", part.encoding, size_text(part.size)]
        lines.append("  " * part.depth + " ".join([part.number or "-", *filter(None, words)]))
    return lines


def all_headers(raw: bytes) -> list[tuple[str, str]]:
    """Every field with its decoded value, in their order; the tabs with which lines were continued are spaces."""
    return [
        (field.name.decode(), decode(header_text(field.value)).replace("\t", " "))
        for field in Header.parse(raw)
    ]


def line_of(header: bytes) -> dict[str, Any]:
    """What a list shows of a message, from its header. `return_path` "" when there is none (RFC 5321 §4.4), `<>` when it is null."""
    returns = Header.parse(header).all("Return-Path")
    summary: Summary = summarize(header)
    return {
        "from": people(summary.from_ or summary.sender),
        "to": people(summary.to),
        "subject": summary.subject,
        "date": moment_text(summary.sent_at),
        "at": summary.sent_at.seconds if summary.sent_at else 0,
        "message_id": next(iter(summary.message_id), ""),
        "return_path": header_text(returns[0]).strip() if returns else "",
    }


def people(persons: list[Person]) -> str:
    """`Bob <bob@example.com>, alice@example.com`: the address is always there, whatever the name pretends."""
    return ", ".join(f"{one.name} <{one.email}>" if one.name else one.email for one in persons)


def moment_text(moment: Moment | None) -> str:
    """A date as a header has it; "" for none."""
    if moment is None:
        return ""
    try:
        return format_date(moment.seconds, moment.offset or 0)
    except ValueError:
        return ""


def attachments(raw: bytes) -> list[Part]:
    """The parts that can be saved."""
    structure = scan(raw)
    return [part for part in structure.parts if _can_be_saved(structure, part)]


def _can_be_saved(structure: Structure, part: Part) -> bool:
    """A leaf, or a message within the message with all that is in it."""
    return part.media_type != "multipart" and (part.leaf or part.depth > 0) and is_attachment(structure, part)
