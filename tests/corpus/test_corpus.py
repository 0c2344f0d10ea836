"""Whole messages and what is read from them: each `.eml` has a `.json` beside it, written by hand or checked line by line."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path

import pytest

from imap_reader import check_body, check_envelope, read
from postroom.message.encodings import transfer
from postroom.message.headers.header import Header
from postroom.message.mime.attachment import declared_name
from postroom.message.mime.structure import Part, scan
from postroom.message.mime.text import part_text
from postroom.message.summary.summary import Person, Summary, summarize

CORPUS = sorted(Path(__file__).parent.glob("*.eml"))
# Not these: the library makes a message of each block of a message/delivery-status, and takes what has no header for one.
WELL_FORMED = [path for path in CORPUS if path.stem not in {"delivery-report", "no-header"}]


def _people(people: list[Person]) -> list[str]:
    return [f"{person.name} <{person.email}>" if person.name else person.email for person in people]


def _part(raw: bytes, part: Part) -> dict[str, str]:
    shown = {"part": part.section, "type": f"{part.media_type}/{part.subtype}"}
    if not part.leaf:
        return shown
    if part.media_type == "text":
        return shown | {"text": part_text(raw, part)}
    octets = transfer.decode(raw[part.body_start : part.body_end], part.encoding).octets
    return (
        shown
        | {"octets": octets.hex() if len(octets) < 40 else f"{len(octets)} octets"}
        | ({"name": name} if (name := declared_name(part)) else {})
    )


def describe(raw: bytes) -> dict[str, object]:
    """What a `.json` file holds; empty values are left out."""
    summary = summarize(raw)
    shown: dict[str, object] = {
        "subject": summary.subject,
        "base_subject": summary.base_subject,
        "from": _people(summary.from_),
        "sender": _people(summary.sender),
        "reply_to": _people(summary.reply_to),
        "to": _people(summary.to),
        "cc": _people(summary.cc),
        "sent_at": [summary.sent_at.seconds, summary.sent_at.offset] if summary.sent_at else None,
        "message_id": summary.message_id,
        "in_reply_to": summary.in_reply_to,
        "references": summary.references,
        "has_attachment": summary.has_attachment,
        "preview": summary.preview,
        "flags": summary.flags,
        "parts": [_part(raw, part) for part in scan(raw).parts],
    }
    return {key: value for key, value in shown.items() if value}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_is_read(path: Path) -> None:
    assert describe(path.read_bytes()) == json.loads(path.with_suffix(".json").read_text("utf-8"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_imap_sends_is_grammatical(path: Path) -> None:
    summary = summarize(path.read_bytes())
    check_envelope(read(summary.envelope)[0])
    leaves = [section for section in summary.sections if not section.media_type.startswith("multipart/")]
    messages = [section for section in summary.sections if section.media_type == "message/rfc822"]
    assert check_body(read(summary.body_structure)[0]) == len(leaves)
    assert len(messages) == sum(section.message for section in summary.sections) - 1
    assert Summary.unpack(summary.pack()) == summary


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_header_is_written_back_as_it_was(path: Path) -> None:
    raw = path.read_bytes()
    header = Header.parse(raw)
    assert bytes(header) + raw[header.end :] == raw


@pytest.mark.parametrize("path", WELL_FORMED, ids=lambda path: path.stem)
def test_the_standard_library_agrees(path: Path) -> None:
    raw = path.read_bytes()
    oracle = email.message_from_bytes(raw, policy=email.policy.compat32)
    seen = [part.get_content_type() for part in oracle.walk() if not part.is_multipart()]
    assert seen == [f"{part.media_type}/{part.subtype}" for part in scan(raw).parts if part.leaf]
