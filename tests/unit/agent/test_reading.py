"""What is shown of a message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.agent.reading import all_headers, attachments, line_of, parts_of, read_letter, structure_lines
from postroom.message.mime.structure import scan

LETTER = (
    b"From: =?utf-8?q?Cr=C3=AApe?= <a@crepes.test>\r\nTo: bob@hamburger.test\r\n"
    b"Subject: =?utf-8?b?4p2k?=\r\nDate: Fri, 20 Nov 2026 22:30:27 +0100\r\nMessage-ID: <1@crepes.test>\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\tcaf\xc3\xa9\r\n"
    b'--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="../a.png"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--x--\r\n"
)


def test_a_letter() -> None:
    letter = read_letter(LETTER)
    assert (letter.from_, letter.subject) == ("Crêpe <a@crepes.test>", "❤")
    assert letter.date == "Fri, 20 Nov 2026 22:30:27 +0100"
    assert letter.text == "        café"
    assert [(part.type, part.attachment) for part in letter.parts] == [
        ("multipart/mixed", False),
        ("text/plain", False),
        ("image/png", True),
    ]
    assert structure_lines(letter.parts) == [
        "- multipart/mixed 7bit 198 B",
        "  1 text/plain 7bit 6 B",
        '  2 image/png "../a.png" base64 12 B',
    ]


def test_a_letter_within_a_letter_can_be_saved_and_is_told_of_as_that() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nsee\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
    raw += b"Subject: inner\r\n\r\nwords\r\n--x--\r\n"
    told = [part.number for part in parts_of(scan(raw)) if part.attachment]
    assert told == [part.section for part in attachments(raw)] == ["2"]


def test_its_line_needs_the_header_alone() -> None:
    header = LETTER[: LETTER.index(b"\r\n\r\n") + 4]
    assert line_of(header) == line_of(LETTER)
    assert line_of(header)["at"] == 1_795_210_227


def test_who_sent_what_says_nothing() -> None:
    line = line_of(b"Return-Path: <a@crepes.test>\r\nReceived: x\r\n\r\nketchup?")
    assert (line["from"], line["return_path"]) == ("", "<a@crepes.test>")
    assert line_of(b"")["return_path"] == ""


def test_all_headers_are_decoded() -> None:
    assert ("Subject", "❤") in all_headers(LETTER)
    assert all_headers(b"Received: from a\r\n\tby b\r\n\r\n") == [("Received", "from a by b")]


@given(st.binary(max_size=300))
def test_anything_can_be_read(raw: bytes) -> None:
    read_letter(raw)
    line_of(raw)
    all_headers(raw)
