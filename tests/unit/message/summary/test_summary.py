from __future__ import annotations

import msgspec
import pytest

from postroom.message.headers.dates import Moment
from postroom.message.mime.structure import Limits
from postroom.message.summary.summary import (
    AMBIGUOUS,
    TRUNCATED,
    UNPARSED,
    VERSION,
    Person,
    Section,
    Summary,
    minimal_summary,
    summarize,
)

LETTER = (
    b"From: Alice <alice@crepes.test>\r\nSender: s@x.test\r\nTo: Bob <bob@hamburger.test>, g: =?utf-8?q?=C3=A9?= <e@x.test>;\r\n"
    b"Cc: undisclosed\r\nSubject: Re: =?utf-8?q?caf=C3=A9?=\r\nDate: Thu, 18 Jan 2018 23:05:05 +0300\r\nMessage-ID: <m@x>\r\n"
    b"In-Reply-To: <b@x>\r\nReferences: <a@x>\r\n <b@x>\r\n\r\nDo you like ketchup?\r\nHow about pickles?\r\n"
)


def test_what_a_summary_says() -> None:
    summary = summarize(LETTER)
    assert (summary.subject, summary.base_subject) == ("Re: caf\u00e9", "caf\u00e9")
    assert (summary.from_, summary.sender) == (
        [Person("Alice", "alice@crepes.test")],
        [Person("", "s@x.test")],
    )
    assert summary.to == [Person("Bob", "bob@hamburger.test"), Person("\u00e9", "e@x.test")]
    assert (summary.cc, summary.bcc, summary.reply_to) == ([Person("", "undisclosed")], [], [])
    assert summary.sent_at == Moment(1516305905, 180)
    assert (summary.message_id, summary.in_reply_to, summary.references) == (["m@x"], ["b@x"], ["a@x", "b@x"])
    assert summary.thread_ids == ["m@x", "b@x", "a@x"]
    assert (summary.preview, summary.has_attachment, summary.flags) == (
        "Do you like ketchup? How about pickles?",
        False,
        0,
    )
    assert (summary.size, LETTER[summary.header_size :][:6]) == (len(LETTER), b"Do you")
    assert summary.sections == [
        Section("1", 0, summary.header_size, len(LETTER), "text/plain", "7bit", message=True)
    ]


def test_of_several_fields_the_envelope_tells_the_first_and_the_rest_the_last() -> None:
    summary = summarize(
        b"From: a@x\r\nSubject: one\r\nTo: \r\nFROM: b@x\r\nSubject:\r\n two\r\n\r\nSubject: three\r\n"
    )
    assert (summary.subject, summary.from_, summary.vacant) == ("one", [Person("", "a@x")], ["to"])
    told = summary.told
    assert (told.subject, told.from_, told.vacant) == ("two", [Person("", "b@x")], ["to"])
    assert Summary.unpack(summary.pack()) == summary
    once = summarize(b"From: a@x\r\n\r\n")
    assert once.told is once
    assert b'"one" ((NIL NIL "a" "x"))' in summary.envelope


def test_pack_and_unpack() -> None:
    summary = summarize(LETTER)
    assert Summary.unpack(summary.pack()) == summary
    with pytest.raises(ValueError, match=f"version {VERSION + 1}"):
        Summary.unpack(msgspec.structs.replace(summary, version=VERSION + 1).pack())
    with pytest.raises(msgspec.DecodeError):
        Summary.unpack(b"\x90")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"text",
        b"\0",
        b"Subject: x",
        b"Date: x\r\nMessage-ID: <\r\nFrom: \r\nReferences: \xff\r\n\r\n",
    ],
)
def test_little_is_enough(raw: bytes) -> None:
    summary = summarize(raw)
    assert (summary.sent_at, summary.message_id, summary.from_) == (None, [], [])
    assert Summary.unpack(summary.pack()) == summary


def test_flags_tell_what_a_scan_met() -> None:
    assert summarize(b"Content-Type: multipart/mixed\r\n\r\n").flags == AMBIGUOUS
    assert summarize(b"Content-Type: message/rfc822\r\n\r\nx", limits=Limits(parts=1)).flags == TRUNCATED


def test_a_summary_that_would_be_too_big_is_minimal() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + (b"--b\r\nContent-ID: " + b"x" * 5000 + b"\r\n\r\n\r\n") * 500
    )
    assert summarize(raw).flags == UNPARSED
    assert summarize(raw) == minimal_summary(raw)


def test_a_minimal_summary_is_one_opaque_part() -> None:
    summary = minimal_summary(LETTER)
    assert (
        summary.body_structure
        == b'("application" "octet-stream" NIL NIL NIL "8bit" %d NIL NIL NIL NIL)' % len(LETTER)
    )
    assert (summary.subject, summary.sections[0].end) == ("", len(LETTER))
    assert Summary.unpack(summary.pack()) == summary
