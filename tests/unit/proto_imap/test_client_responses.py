"""Responses as servers write them, strictly or not."""

from __future__ import annotations

import pytest

from postroom.proto.imap.client_responses import parse_response
from postroom.proto.imap.client_structure import MAX_PARTS
from postroom.proto.imap.client_tokens import MAX_NESTED
from postroom.proto.imap.client_values import (
    Address,
    BodyPart,
    Capabilities,
    Continue,
    Enabled,
    Exists,
    Expunged,
    Fetched,
    Found,
    Listed,
    MailboxStatus,
    Other,
    Status,
    Vanished,
)
from postroom.wire.cursor import GrammarError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"+ ", Continue("")),
        (b"+", Continue("")),
        (b"+ YQ==", Continue("YQ==")),
        (b"A7 OK done", Status("A7", "OK", "done")),
        (b"A7 no [Appenduid 1 2] x [y]", Status("A7", "NO", "x [y]", "APPENDUID", "1 2")),
        (b"A7 BAD", Status("A7", "BAD", "")),
        (b"* OK [UIDVALIDITY 17] ok", Status("", "OK", "ok", "UIDVALIDITY", "17")),
        (b"* OK [broken", Status("", "OK", "[broken")),
        (b"* BYE bye", Status("", "BYE", "bye")),
        (b"* CAPABILITY imap4rev1 X=y", Capabilities(frozenset({"IMAP4REV1", "X=Y"}))),
        (b"* ENABLED IMAP4rev2", Enabled(frozenset({"IMAP4REV2"}))),
        (b"* ENABLED", Enabled(frozenset())),
        (b"* 3 EXISTS", Exists(3)),
        (b"* 3 expunge", Expunged(3)),
        (b"* 0 RECENT", Other("RECENT")),
        (b"* FLAGS (\\Seen)", Other("FLAGS")),
        (b"* X-FOO ((( bar", Other("X-FOO")),
        (b"* SEARCH", Found([])),
        (b"* SEARCH ", Found([])),
        (b"* SEARCH 9 2 3 1 (MODSEQ 917)", Found([(1, 3), (9, 9)])),
        (b'* ESEARCH (TAG "A1") UID ALL 2,10:11', Found([(2, 2), (10, 11)])),
        (b'* ESEARCH (TAG "A1") UID COUNT 0', Found([])),
        (b"* ESEARCH", Found([])),
        (b"* VANISHED (EARLIER) 300:310,405", Vanished([(300, 310), (405, 405)])),
        (b"* VANISHED 5", Vanished([(5, 5)])),
        (b'* LIST () "/" inbox', Listed("INBOX", "/", frozenset())),
        (
            b'* LIST (\\HasNoChildren \\Sent) "." "Entw&APw-rfe"',
            Listed("Entwürfe", ".", frozenset({"\\hasnochildren", "\\sent"})),
        ),
        (b"* LIST (\\Noselect) NIL {3}\r\na b", Listed("a b", "", frozenset({"\\noselect"}))),
        (b'* LIST () "/" "a \\"b\\\\c"', Listed('a "b\\c', "/", frozenset())),
        (b'* LIST () "/" "&broken"', Listed("&broken", "/", frozenset())),
        (b'* LIST () "/" 2024', Listed("2024", "/", frozenset())),
        (b'* LIST () "/" a ("CHILDINFO" ("SUBSCRIBED"))', Listed("a", "/", frozenset())),
        (
            b'* STATUS "x y" (MESSAGES 231 unseen 4 X (1))',
            MailboxStatus("x y", {"MESSAGES": 231, "UNSEEN": 4}),
        ),
    ],
)
def test_responses(text: bytes, value: object) -> None:
    assert parse_response(text) == value


def test_names_are_utf8_when_that_is_enabled() -> None:
    assert parse_response(b'* LIST () "/" "Tom &- J\xc3\xa9r\xc3\xb4me"', utf8=True).name == "Tom &- Jérôme"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"*",
        b"* ",
        b"* 1",
        b"* 1 ",
        b"A1",
        b"A1 MAYBE",
        b"A1 BYE x",
        b'* LIST (a "/" x',
        b'* LIST () "/"',
        b'* LIST () "/" "x',
        b'* LIST () "/" {4}\r\nx',
        b"* SEARCH 1 x",
        b"* VANISHED 1:*",
        b"* ESEARCH ALL 1:*",
        b"* 1 FETCH UID 3",
        b"* 1 FETCH (UID 3",
        b"* 1 FETCH (UID)",
        b"* 1 FETCH (BODY[ {1}\r\nx)",
        b"* 1 FETCH (X " + b"(" * (MAX_NESTED + 1) + b")" * (MAX_NESTED + 1) + b")",
    ],
)
def test_what_is_known_and_broken_is_an_error(text: bytes) -> None:
    with pytest.raises(GrammarError):
        parse_response(text)


def test_the_deepest_nesting() -> None:
    nested = b"(" * MAX_NESTED + b")" * MAX_NESTED
    assert parse_response(b"* 1 FETCH (X %b UID 3)" % nested) == Fetched(1, 3)


def test_a_fetch() -> None:
    text = (
        b'* 12 FETCH (FLAGS (\\Seen $Forwarded) UID 77 INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 4286 MODSEQ (99) '
        b'BODY[HEADER.FIELDS ("From" TO)] {8}\r\nTo: b\r\n\r BODY[]<0> "ab" BINARY[1] NIL BODY[1.2.MIME] ~{2}\r\n\0\1)'
    )
    found = parse_response(text)
    assert isinstance(found, Fetched)
    assert (found.number, found.uid, found.flags, found.size) == (12, 77, ("\\Seen", "$Forwarded"), 4286)
    assert found.sections == {
        "BODY[HEADER.FIELDS (FROM TO)]": b"To: b\r\n\r",
        "BODY[]<0>": b"ab",
        "BINARY[1]": None,
        "BODY[1.2.MIME]": b"\0\1",
    }
    assert found.section("BODY[HEADER.FIELDS") == b"To: b\r\n\r"
    assert found.section("BODY[]") is None


def test_an_envelope() -> None:
    # RFC 9051 §7.5.2 has this one
    text = (
        b'* 12 FETCH (ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" '
        b'(("Terry Gray" NIL "gray" "cac.washington.edu")) NIL NIL ((NIL NIL "imap" "cac.washington.edu")) '
        b'((NIL NIL "friends" NIL)("Bob" NIL "bob" "x.test") (NIL NIL NIL NIL)) NIL NIL "<B27397-0100000@cac>"))'
    )
    found = parse_response(text)
    assert isinstance(found, Fetched)
    assert found.envelope is not None
    assert found.envelope.subject == "IMAP4rev2 WG mtg summary and minutes"
    assert found.envelope.from_ == (Address("Terry Gray", "gray", "cac.washington.edu"),)
    assert found.envelope.cc == (Address("Bob", "bob", "x.test"),)
    assert (found.envelope.sender, found.envelope.in_reply_to) == ((), "")
    assert found.envelope.message_id == "<B27397-0100000@cac>"


def test_a_structure() -> None:
    text = (
        b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 1152 23)'
        b'("IMAGE" "PNG" ("NAME" "cr.png") "<i@x>" NIL "BASE64" 4554 NIL ("ATTACHMENT" ("FILENAME" "cr.png")) NIL NIL)'
        b'("message" "rfc822" NIL NIL NIL "7bit" 300 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'(("text" "plain" NIL NIL NIL "7bit" 1 1)("text" "html" NIL NIL NIL "7bit" 2 2) "alternative") 9)'
        b'("message" "rfc822" NIL NIL NIL "7bit" 30 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'("text" "plain" NIL NIL NIL "7bit" 1 1) 3) "MIXED" ("BOUNDARY" "b"))'
    )
    found = parse_response(b"* 1 FETCH (BODYSTRUCTURE %b)" % text)
    assert isinstance(found, Fetched)
    assert found.structure is not None
    assert [(part.section, part.depth, part.type, part.size) for part in found.structure] == [
        ("", 0, "multipart/mixed", 0),
        ("1", 1, "text/plain", 1152),
        ("2", 1, "image/png", 4554),
        ("3", 1, "message/rfc822", 300),
        ("3", 2, "multipart/alternative", 0),
        ("3.1", 3, "text/plain", 1),
        ("3.2", 3, "text/html", 2),
        ("4", 1, "message/rfc822", 30),
        ("4.1", 2, "text/plain", 1),
    ]
    assert found.structure[2] == BodyPart(
        "2", 1, "image/png", {"name": "cr.png"}, "base64", 4554, -1, "attachment", {"filename": "cr.png"}
    )


@pytest.mark.parametrize("text", [b"NIL", b"()", b"x", b"(())", b'("a")', b'(("a" "b") NIL)', b"((((()))))"])
def test_odd_shapes_are_empty_values(text: bytes) -> None:
    found = parse_response(b"* 1 FETCH (ENVELOPE %b BODYSTRUCTURE %b)" % (text, text))
    assert isinstance(found, Fetched)
    assert found.envelope is not None


def test_parts_are_counted() -> None:
    for parts in (MAX_PARTS - 1, MAX_PARTS):
        text = b"(" + b'("a" "b" NIL NIL NIL "7bit" 1)' * parts + b' "mixed")'
        found = parse_response(b"* 1 FETCH (BODYSTRUCTURE %b)" % text)
        assert isinstance(found, Fetched)
        assert found.structure is not None
        assert len(found.structure) == MAX_PARTS
