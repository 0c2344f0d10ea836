"""BODY is BODYSTRUCTURE without its extension data."""

from __future__ import annotations

from hypothesis import given

from nests import messages
from postroom.message.mime.structure import scan
from postroom.message.summary import imap_rendering
from postroom.message.summary.imap_body import without_extensions


def _both(raw: bytes) -> tuple[bytes, bytes]:
    structure = scan(raw)
    envelopes = {
        index: imap_rendering.envelope(part.fields, imap_rendering.address_entries(part.fields))
        for index, part in enumerate(structure.parts)
        if index and part.is_message
    }
    extended = imap_rendering.body_structure(structure, envelopes)
    return extended, imap_rendering.body_structure(structure, envelopes, extended=False)


@given(messages())
def test_the_same_as_rendered_without(raw: bytes) -> None:
    extended, plain = _both(raw)
    assert without_extensions(extended) == plain


def test_literals_and_quotes_in_fields() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b'Content-Type: text/plain; x="a\\"b)("\r\nContent-Description: caf\xc3\xa9 ) (\r\nContent-MD5: Q2h\xc3\xa9\r\n\r\none\r\n'
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: caf\xc3\xa9 (\r\n\r\ntext\r\n--b--\r\n"
    )
    extended, plain = _both(raw)
    assert b"{" in plain
    assert without_extensions(extended) == plain


def test_deep_nests_are_no_recursion() -> None:
    raw = b""
    for _ in range(90):
        raw = b"Content-Type: message/rfc822\r\n\r\n" + raw
    extended, plain = _both(raw)
    assert without_extensions(extended) == plain
