"""A public mailing list's archive, read message by message: what real software and real people have written over twenty years."""

from __future__ import annotations

import email
import email.policy
import os

import pytest

from archive import archived, as_sent
from imap_reader import check_body, check_envelope, read
from postroom.message.headers.header import Header
from postroom.message.mime.structure import scan
from postroom.message.mime.text import part_text, text_parts
from postroom.message.summary.summary import Summary, summarize

EVERY = 8  # of 12,000: 1,500 messages; POSTROOM_WHOLE_ARCHIVE=1 reads all of them


@pytest.fixture(scope="module")
def messages() -> list[bytes]:
    step = 1 if os.environ.get("POSTROOM_WHOLE_ARCHIVE") else EVERY
    return [as_sent(letter) for letter in archived()[::step]]


@pytest.mark.slow
def test_every_message_is_read_and_rendered(messages: list[bytes]) -> None:
    for raw in messages:
        summary = summarize(raw)
        assert summary.from_
        assert summary.sent_at
        check_envelope(read(summary.envelope)[0])
        check_body(read(summary.body_structure)[0])
        assert Summary.unpack(summary.pack()) == summary
        header = Header.parse(raw)
        assert bytes(header) + raw[header.end :] == raw
        for part in text_parts(scan(raw)):
            part_text(raw, part)


def _oracle(message: email.message.Message) -> list[str]:
    return [part.get_content_type() for part in message.walk() if not part.is_multipart()]


@pytest.mark.slow
def test_the_standard_library_sees_the_same_leaves_and_identifiers(messages: list[bytes]) -> None:
    differing = 0
    for raw in messages:
        oracle = email.message_from_bytes(raw, policy=email.policy.compat32)
        structure = scan(raw)
        if _oracle(oracle) != [f"{part.media_type}/{part.subtype}" for part in structure.parts if part.leaf]:
            differing += not structure.ambiguous
        if (identifier := str(oracle["Message-ID"] or "").strip())[:1] == "<" and " " not in identifier:
            assert summarize(raw).message_id[:1] == [identifier[1 : identifier.index(">")]]
    assert differing <= 3
