from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imap_reader import check_body, check_envelope, read
from postroom.message.mime.structure import scan
from postroom.message.summary.imap_rendering import (
    MAX_STRING,
    address_entries,
    body_structure,
    envelope,
    string,
)


def _envelope(header: bytes) -> list:
    fields = scan(header + b"\r\n").root.fields
    (parsed,) = read(envelope(fields, address_entries(fields)))
    check_envelope(parsed)
    return parsed


def _body(raw: bytes, *, extended: bool = True) -> bytes:
    structure = scan(raw)
    inner = {
        i: envelope(p.fields, address_entries(p.fields))
        for i, p in enumerate(structure.parts)
        if i and p.is_message
    }
    return body_structure(structure, inner, extended=extended)


# The message of RFC 9051 §8, whose ENVELOPE and BODY the RFC shows
TERRY = (
    b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.example>\r\n"
    b"Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.example\r\n"
    b"cc: minutes@CNRI.Reston.example, John Klensin <KLENSIN@JCK.example>\r\nMessage-Id: <B27397-0100000@cac.washington.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n"
)


def test_the_envelope_of_rfc_9051() -> None:
    fields = scan(TERRY + b"\r\n").root.fields
    assert envelope(fields, address_entries(fields)) == (
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" '
        b'(("Terry Gray" NIL "gray" "cac.washington.example")) (("Terry Gray" NIL "gray" "cac.washington.example")) '
        b'(("Terry Gray" NIL "gray" "cac.washington.example")) ((NIL NIL "imap" "cac.washington.example")) '
        b'((NIL NIL "minutes" "CNRI.Reston.example")("John Klensin" NIL "KLENSIN" "JCK.example")) NIL NIL '
        b'"<B27397-0100000@cac.washington.example>")'
    )


def test_the_body_of_rfc_9051() -> None:
    raw = TERRY + b"\r\n" + b"x" * 31 + b"\r\n" + (b"y" * 31 + b"\r\n") * 91
    assert _body(raw, extended=False) == b'("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 3036 92)'
    assert _body(raw) == b'("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 3036 92 NIL NIL NIL NIL)'


@pytest.mark.parametrize(
    ("header", "index", "expected"),
    [
        (b"", 0, None),
        (b"Subject:\r\n", 1, b""),
        (b'Subject: a "b" \\c\r\n', 1, b'a "b" \\c'),
        (b"Subject: a\r\n b\r\n\tc\r\n", 1, b"a b\tc"),
        (b"Subject: a\rb\0c\r\n", 1, b"a\rb\xef\xbf\xbdc"),
        (b"Subject: caf\xe9\r\n", 1, b"caf\xc3\xa9"),
        (b"Subject: =?utf-8?q?a?=\r\n", 1, b"=?utf-8?q?a?="),
        (b"Subject: {3}\r\n", 1, b"{3}"),
        (b"From:\r\n", 2, None),
        (b"From: a@b\r\nSender:\r\n", 3, [[None, None, b"a", b"b"]]),
        (b"From: a@b\r\nReply-To: c@d\r\n", 4, [[None, None, b"c", b"d"]]),
        (
            b"To: g: a@b, X <c@d>;\r\n",
            5,
            [[None, None, b"g", None], [None, None, b"a", b"b"], [b"X", None, b"c", b"d"], [None] * 4],
        ),
        (b"To: undisclosed\r\n", 5, [[None, None, b"undisclosed", b""]]),
        (b"To: <@r,@s:a@b>\r\n", 5, [[None, b"@r,@s", b"a", b"b"]]),
        (b'To: "q \\" r" <"l p"@[1.2.3.4]>\r\n', 5, [[b'q " r', None, b"l p", b"[1.2.3.4]"]]),
        (b"To: =?utf-8?q?=C3=A9?= <a@b>\r\n", 5, [[b"=?utf-8?q?=C3=A9?=", None, b"a", b"b"]]),
        (b"In-Reply-To: <x@y>\r\n", 8, b"<x@y>"),
    ],
)
def test_envelope_fields(header: bytes, index: int, expected: object) -> None:
    assert _envelope(header)[index] == expected


def test_a_leaf_with_everything() -> None:
    raw = (
        b'Content-Type: IMAGE/Png; NAME="a \\"b\\".png"\r\nContent-ID: <i@d>\r\nContent-Description: d\r\nContent-MD5: m==\r\n'
        b"Content-Transfer-Encoding: BASE64\r\nContent-Disposition: INLINE; filename*=utf-8''%c3%a9\r\n"
        b"Content-Language: en, de-CH (x)\r\nContent-Location: http://x/\r\n\r\nAAAA"
    )
    assert _body(raw) == (
        b'("image" "png" ("name" "a \\"b\\".png") "<i@d>" "d" "base64" 4 "m==" ("inline" ("filename*" "utf-8\'\'%c3%a9")) '
        b'("en" "de-CH") "http://x/")'
    )


def test_nested_messages_and_multiparts() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\nContent-Language: en\r\n\r\n--b\r\n\r\none\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\ntwo\r\n--c--\r\n"
        b"--b\r\nContent-Type: message/external-body; access-type=x\r\n\r\n\r\n--b--\r\n"
    )
    assert _body(raw) == (
        b'(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0 NIL NIL NIL NIL)'
        b'("message" "rfc822" NIL NIL NIL "7bit" 84 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0 NIL NIL NIL NIL) "alternative" ("boundary" "c") NIL NIL NIL) '
        b"6 NIL NIL NIL NIL)"
        b'("message" "external-body" ("access-type" "x") NIL NIL "7bit" 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL ("en") NIL)'
    )
    (body,) = read(_body(raw))
    assert check_body(body) == 4


def test_long_strings_are_cut() -> None:
    assert read(string("x" * 10_000 + "\u00e9").encode()) == [b"x" * MAX_STRING]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_string(text: str) -> None:
    assert read(string(text).encode()) == [text.replace("\0", "\ufffd").encode()]


FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b"Subject",
                b"To",
                b"From",
                b"Sender",
                b"Content-Type",
                b"Content-ID",
                b"Content-Disposition",
                b"Content-Language",
            ]
        ),
        st.lists(
            st.sampled_from(
                [
                    b'"',
                    b"\\",
                    b"(",
                    b")",
                    b"{1}",
                    b"\r\n ",
                    b"\r",
                    b"\0",
                    b"\xe9",
                    b";",
                    b"a/b",
                    b"x=y",
                    b"a@b",
                    b",",
                    b"<",
                    b">",
                ]
            )
        ),
    ),
    max_size=6,
)


@given(FIELDS)
def test_no_header_breaks_the_grammar(fields: list[tuple[bytes, list[bytes]]]) -> None:
    raw = b"".join(name + b": " + b"".join(pieces) + b"\r\n" for name, pieces in fields) + b"\r\nbody"
    root = scan(raw).root.fields
    check_envelope(read(envelope(root, address_entries(root)))[0])
    check_body(read(_body(raw))[0])
