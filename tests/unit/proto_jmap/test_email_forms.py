"""Header forms, body parts and their values (RFC 8621 §4.1)."""

import zlib
from typing import Any

import pytest

from postroom.message.header import Header
from postroom.message.mime import scan
from postroom.proto.jmap.blob_ids import MAX_WITHIN, BlobId, read_blob_id
from postroom.proto.jmap.body_parts import BodyPart, bodies, reader, tree, whole
from postroom.proto.jmap.body_values import body_value, truncated
from postroom.proto.jmap.header_forms import read_property, value_of

ADDRESSES = b'To: "  James Smythe" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;\r\n\r\n'


def value(header: bytes, name: str) -> Any:
    wanted = read_property(name)
    assert wanted is not None
    return value_of(wanted, Header.parse(header))


def test_the_addresses_of_the_rfc() -> None:
    james, jane, john = (
        {"name": "James Smythe", "email": "james@example.com"},
        {"name": None, "email": "jane@example.com"},
        {"name": "John Smîth", "email": "john@example.com"},
    )
    assert value(ADDRESSES, "header:To:asAddresses") == [james, jane, john]
    assert value(ADDRESSES, "header:to:asGroupedAddresses") == [
        {"name": None, "addresses": [james]},
        {"name": "Friends", "addresses": [jane, john]},
    ]


@pytest.mark.parametrize(
    ("header", "name", "found"),
    [
        (b"Date: Fri, 21 Nov 1997 09:55:06 -9959\r\n\r\n", "header:date:asDate", None),
        (b"Date: Fri, 21 Nov 1997 09:55:06 +2400\r\n\r\n", "header:date:asDate", None),
        (b"Date: Fri, 21 Nov 1997 09:55:06 -2359\r\n\r\n", "header:date:asDate", "1997-11-21T09:55:06-23:59"),
        (b"Subject:  a\r\n b\r\n\r\n", "header:subject", "  a\r\n b"),
        (b"Subject:  a\r\n b\r\n\r\n", "header:Subject:asText", "a b"),
        (b"Subject: =?utf-8?q?e=CC=81?=\r\n\r\n", "header:Subject:asText", "é"),
        (b"Subject: a\xff\0b\r\n\r\n", "header:Subject", " a\ufffdb"),
        (b"A: 1\r\nB: 2\r\na: 3\r\n\r\n", "header:A:all", [" 1", " 3"]),
        (b"A: 1\r\nB: 2\r\na: 3\r\n\r\n", "header:A", " 3"),
        (b"A: 1\r\n\r\n", "header:C", None),
        (b"A: 1\r\n\r\n", "header:C:asText:all", []),
        (b"Message-ID: <a@b> (c)\r\n\r\n", "header:Message-ID:asMessageIds", ["a@b"]),
        (b"Message-ID: nothing\r\n\r\n", "header:Message-ID:asMessageIds", None),
        (b"Date: Fri, 31 Oct 2014 15:32:01 +0100\r\n\r\n", "header:Date:asDate", "2014-10-31T15:32:01+01:00"),
        (b"Date: Fri, 31 Oct 2014 14:32:01 GMT\r\n\r\n", "header:Date:asDate", "2014-10-31T14:32:01Z"),
        (b"Date: yesterday\r\n\r\n", "header:Date:asDate", None),
        (
            b"List-Post: <mailto:a@b>, (or)\r\n <http://c>\r\n\r\n",
            "header:List-Post:asURLs",
            ["mailto:a@b", "http://c"],
        ),
        (b"List-Post: NO\r\n\r\n", "header:List-Post:asURLs", None),
        (b"X-Mine: a@b\r\n\r\n", "header:X-Mine:asAddresses", [{"name": None, "email": "a@b"}]),
    ],
)
def test_forms(header: bytes, name: str, found: Any) -> None:
    assert value(header, name) == found


@pytest.mark.parametrize(
    "name",
    ["header:", "header:a b", "header:From:asDate", "header:Subject:asAddresses", "header:To:asText", "header:To:asNothing", "header:To:all:asText",
     "header:List-Post:asText", "header:Received:asDate", "header:a:b", "Header:To", "header:Date:asURLs"],
)  # fmt: skip
def test_forms_that_are_none(name: str) -> None:
    assert read_property(name) is None


@pytest.mark.parametrize("text", ["B1a", "B1a_1", "B1a_1_2_3", "B1a_2-1", "B1a_2_1-3-1_1"])
def test_ids_of_blobs(text: str) -> None:
    found = read_blob_id(text)
    assert found is not None
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B",
        "b1a",
        "M1",
        "B1A",
        "B01",
        "B1a_",
        "B1a-1",
        "B1a__1",
        "B1a" + "_1" + "-1" * MAX_WITHIN,
        "B" + "z" * 14,
    ],
)
def test_ids_that_are_none(text: str) -> None:
    assert read_blob_id(text) is None


def leaf(label: str, kind: str, *fields: str) -> bytes:
    head = "".join(f"{field}\r\n" for field in (f"Content-Type: {kind}", f"Content-Id: <{label}>", *fields))
    return f"{head}\r\n{label}\r\n".encode()


def multi(subtype: str, *parts: bytes) -> bytes:
    boundary = f"b{zlib.crc32(b''.join(parts))}"
    inner = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return (
        f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
        + inner
        + f"--{boundary}--\r\n".encode()
    )


INLINE = "Content-Disposition: inline"
ATTACHED = "Content-Disposition: attachment"
LIST_MAIL = multi(
    "mixed",
    leaf("A", "text/plain", INLINE),
    multi(
        "mixed",
        multi(
            "alternative",
            multi(
                "mixed",
                leaf("B", "text/plain", INLINE),
                leaf("C", "image/jpeg", INLINE),
                leaf("D", "text/plain", INLINE),
            ),
            multi("related", leaf("E", "text/html"), leaf("F", "image/jpeg")),
        ),
        leaf("G", "image/jpeg", ATTACHED),
        leaf("H", "application/x-excel"),
        b"Content-Type: message/rfc822\r\nContent-Id: <J>\r\n\r\nSubject: inner\r\n\r\nJ\r\n",
    ),
    leaf("K", "text/plain", INLINE),
)


def parts(raw: bytes) -> BodyPart:
    return tree(raw, scan(raw), BlobId(1))


def labels(found: list[BodyPart]) -> list[str]:
    return [(part.field(b"content-id") or "").strip("<>") for part in found]


def test_the_list_mail_of_the_rfc() -> None:
    found = bodies(parts(LIST_MAIL))
    assert labels(found.text) == ["A", "B", "C", "D", "K"]
    assert labels(found.html) == ["A", "E", "K"]
    assert labels(found.attachments) == ["C", "F", "G", "H", "J"]


@pytest.mark.parametrize(
    ("raw", "text", "html", "attachments"),
    [
        (leaf("A", "text/plain"), "A", "A", ""),
        (leaf("A", "text/html"), "A", "A", ""),
        (leaf("A", "application/pdf"), "", "", "A"),
        (multi("alternative", leaf("A", "text/plain"), leaf("B", "text/html")), "A", "B", ""),
        (multi("alternative", leaf("B", "text/html")), "B", "B", ""),
        (multi("alternative", leaf("A", "text/plain"), leaf("B", "text/calendar")), "A", "A", "B"),
        (multi("mixed", leaf("A", "text/plain"), leaf("B", 'text/plain; name="b.txt"')), "A", "A", "B"),
        (multi("mixed", leaf("A", "text/plain"), leaf("B", "image/png")), "AB", "AB", ""),
        (multi("related", leaf("A", "text/html"), leaf("B", "image/png")), "A", "A", "B"),
    ],
)
def test_bodies(raw: bytes, text: str, html: str, attachments: str) -> None:
    found = bodies(parts(raw))
    assert ["".join(labels(one)) for one in (found.text, found.html, found.attachments)] == [
        text,
        html,
        attachments,
    ]


def test_the_structure_and_its_properties() -> None:
    read = reader(
        [
            "partId",
            "blobId",
            "size",
            "type",
            "name",
            "charset",
            "disposition",
            "cid",
            "language",
            "location",
            "subParts",
            "header:Content-Type",
        ]
    )
    assert callable(read)
    raw = multi(
        "mixed",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nContent-Language: en, de (why)\r\nContent-Location: x/y\r\n\r\naGVsbG8=\r\n",
        b"Content-Disposition: attachment; filename*=utf-8''%c3%a9.txt\r\n\r\nx",
    )
    shown = whole(parts(raw), read)
    assert (shown["partId"], shown["blobId"], shown["type"]) == (None, None, "multipart/mixed")
    first, second = shown["subParts"]
    assert (first["partId"], first["blobId"], first["size"], first["charset"]) == ("1", "B1_1", 5, "utf-8")
    assert (first["language"], first["location"]) == (["en", "de"], "x/y")
    assert first["header:Content-Type"] == " text/plain; charset=utf-8"
    assert "subParts" not in first
    assert (second["name"], second["disposition"], second["charset"], second["type"]) == (
        "é.txt",
        "attachment",
        "us-ascii",
        "text/plain",
    )
    assert reader(["partId", "nothing"]) == "nothing"


@pytest.mark.parametrize(
    ("head", "body", "text", "problem"),
    [
        (b"", b"a\r\nb\rc\n", "a\nb\nc\n", False),
        (b"", "é".encode(), "é", False),
        (b"Content-Type: text/plain; charset=us-ascii\r\n", "é".encode(), "é", True),
        (b"Content-Type: text/plain; charset=utf-8\r\n", b"\xc3\xa9\xff", "é\ufffd", True),
        (b"Content-Type: text/plain; charset=nothing\r\n", b"a", "a", True),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"\xe9", "é", False),
        (b"Content-Transfer-Encoding: x-uu\r\n", b"a", "a", True),
        (b"Content-Transfer-Encoding: base64\r\n", b"!!!", "", True),
    ],
)
def test_values(head: bytes, body: bytes, text: str, problem: bool) -> None:
    shown = body_value(parts(head + b"\r\n" + body), 0)
    assert (
        shown["value"],
        shown["isEncodingProblem"],
    ) == (text, problem)


@pytest.mark.parametrize(
    ("text", "most", "html", "cut"),
    [
        ("abc", 0, False, "abc"), ("abc", 3, False, "abc"), ("abc", 2, False, "ab"), ("aé", 2, False, "a"), ("é", 2, False, "é"), ("aé", 3, False, "aé"),
        ('<p>x<a href="u">y', 10, True, "<p>x"), ('<p>x<a href="u">y', 10, False, "<p>x<a hre"), ("<p>xyz", 4, True, "<p>x"),
    ],
)  # fmt: skip
def test_truncation(text: str, most: int, html: bool, cut: str) -> None:
    assert truncated(text, most, html=html) == cut
