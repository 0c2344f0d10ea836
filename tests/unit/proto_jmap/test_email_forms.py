"""Header forms, body parts and their values (RFC 8621 §4.1)."""

import itertools
import random
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from postroom.message.headers.header import Header
from postroom.message.mime.structure import scan
from postroom.proto.jmap.blob_ids import MAX_WITHIN, BlobId, read_blob_id
from postroom.proto.jmap.body_parts import BodyPart, bodies, leaves, reader, tree, whole
from postroom.proto.jmap.body_values import body_value, truncated
from postroom.proto.jmap.header_forms import by_name, read_property, value_of

ADDRESSES = b'To: "  James Smythe" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;\r\n\r\n'


LISTS: list[tuple[bytes, str, Any]] = [
    (b"List-Post: NO (posting not allowed)\r\n\r\n", "header:List-Post:asURLs", None),
    (
        b"List-Help: <http://a/(b)> (not <http://c>),\r\n <mailto:\r\n d@e>\r\n\r\n",
        "header:List-Help:asURLs",
        ["http://a/(b)", "mailto:d@e"],
    ),
    (b"List-Help: <http://a> or <http://b>\r\n\r\n", "header:List-Help:asURLs", None),
    (b"List-Help: (<http://a>)\r\n\r\n", "header:List-Help:asURLs", None),
    (b"List-Id: Lovers of <ketchup.test>\r\n\r\n", "header:List-Id:asText", "Lovers of <ketchup.test>"),
    (
        b"To: a@b, c:;, d@e, f: g@h;\r\nTo: i@j\r\n\r\n",
        "header:To:asGroupedAddresses:all",
        [
            [
                {"name": None, "addresses": [{"name": None, "email": "a@b"}]},
                {"name": "c", "addresses": []},
                {"name": None, "addresses": [{"name": None, "email": "d@e"}]},
                {"name": "f", "addresses": [{"name": None, "email": "g@h"}]},
            ],
            [{"name": None, "addresses": [{"name": None, "email": "i@j"}]}],
        ],
    ),
    (
        b'From: a@b (Ann \\(x\\)), (not) <c@d> (C), nobody, "D \\"E\\"" <f@g>\r\n\r\n',
        "header:From:asAddresses",
        [
            {"name": "Ann (x)", "email": "a@b"},
            {"name": "C", "email": "c@d"},
            {"name": None, "email": "nobody"},
            {"name": 'D "E"', "email": "f@g"},
        ],
    ),
]


def value(header: bytes, name: str) -> Any:
    wanted = read_property(name)
    assert wanted is not None
    return value_of(wanted, by_name(Header.parse(header)))


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
        *LISTS,
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


@pytest.mark.parametrize(
    "text", ["B1a", "B1a_1", "B1a_1_2_3", "B1a_2-1", "B1a_2_1-3-1_1", "B1a_p17", "B1a_2-p17"]
)
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
TEXT, HTML, PICTURE, FILE = "text/plain", "text/html", "image/png", "application/pdf"
MESSAGE = b"Content-Type: message/rfc822\r\nContent-Id: <M>\r\n\r\nSubject: inner\r\n\r\nJ\r\n"
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
        (multi("mixed", leaf("A", TEXT), leaf("B", FILE), leaf("C", TEXT)), "AC", "AC", "B"),
        (multi("mixed", leaf("A", FILE), leaf("B", TEXT)), "B", "B", "A"),
        (multi("mixed", leaf("A", 'text/plain; name="a.txt"'), leaf("B", TEXT)), "AB", "AB", ""),
        (multi("mixed", leaf("A", TEXT), leaf("B", HTML)), "AB", "AB", ""),
        (multi("mixed", leaf("A", TEXT), leaf("B", PICTURE, INLINE), leaf("C", TEXT, INLINE), leaf("D", PICTURE, ATTACHED)), "ABC", "ABC", "D"),
        (multi("mixed", leaf("A", TEXT, ATTACHED), leaf("B", HTML)), "B", "B", "A"),
        (multi("mixed", leaf("A", TEXT, "Content-Disposition: other"), leaf("B", FILE, INLINE)), "A", "A", "B"),
        (multi("mixed", multi("alternative", leaf("A", TEXT), leaf("B", HTML)), leaf("C", FILE), leaf("D", TEXT)), "AD", "BD", "C"),
        (multi("mixed", multi("related", multi("alternative", leaf("A", TEXT), leaf("B", HTML)), leaf("C", PICTURE)), leaf("D", PICTURE)), "AD", "BD", "C"),
        (multi("related", multi("alternative", leaf("A", TEXT), leaf("B", HTML)), leaf("C", PICTURE, INLINE), leaf("D", TEXT)), "A", "B", "CD"),
        (multi("alternative", leaf("A", TEXT), multi("related", leaf("B", HTML), leaf("C", PICTURE, INLINE))), "A", "B", "C"),
        (multi("alternative", leaf("A", TEXT), multi("mixed", leaf("B", HTML), leaf("C", FILE), leaf("D", HTML))), "A", "BD", "C"),
        (multi("alternative", leaf("A", TEXT), leaf("B", HTML), leaf("C", "text/calendar"), leaf("D", PICTURE)), "A", "B", "CD"),
        (multi("alternative", leaf("A", TEXT), leaf("B", TEXT), leaf("C", HTML)), "AB", "C", ""),
        (multi("alternative", multi("mixed", leaf("A", TEXT), leaf("B", PICTURE)), leaf("C", HTML)), "AB", "C", "B"),
        (multi("alternative", multi("related", leaf("A", HTML), leaf("B", PICTURE))), "A", "A", "B"),
        (multi("alternative", multi("mixed", leaf("A", HTML), leaf("B", "video/x"))), "AB", "AB", ""),  # shown in both, so not attached
        (multi("alternative", multi("mixed", leaf("A", HTML), multi("alternative", leaf("B", TEXT), leaf("C", HTML)))), "AC", "AC", "B"),  # nothing is lost
        (multi("alternative", multi("alternative", leaf("A", TEXT), leaf("B", HTML)), leaf("C", HTML)), "A", "BC", ""),
        (multi("alternative", leaf("A", FILE)), "", "", "A"),
        (multi("related", leaf("A", HTML, ATTACHED), leaf("B", PICTURE)), "", "", "AB"),
        (multi("digest", MESSAGE, leaf("A", TEXT)), "A", "A", "M"),
        (multi("mixed", MESSAGE, leaf("A", TEXT)), "A", "A", "M"),
        (multi("report", leaf("A", TEXT), leaf("B", "message/delivery-status"), MESSAGE), "A", "A", "BM"),
        (multi("signed", multi("mixed", leaf("A", TEXT), leaf("B", FILE)), leaf("C", "application/pgp-signature")), "A", "A", "BC"),
        (leaf("A", PICTURE), "A", "A", ""),
        (leaf("A", TEXT, ATTACHED), "", "", "A"),
    ],
)  # fmt: skip
def test_bodies(raw: bytes, text: str, html: str, attachments: str) -> None:
    found = bodies(parts(raw))
    assert ["".join(labels(one)) for one in (found.text, found.html, found.attachments)] == [
        text,
        html,
        attachments,
    ]


def any_tree(chance: random.Random, count: Iterator[int], depth: int) -> bytes:
    if depth and chance.random() < 0.6:
        subtype = chance.choice(("mixed", "alternative", "related", "digest", "report"))
        return multi(subtype, *(any_tree(chance, count, depth - 1) for _ in range(chance.randint(1, 3))))
    kind = chance.choice((TEXT, HTML, PICTURE, FILE, "audio/x", 'text/plain; name="x"', "text/calendar"))
    return leaf(str(next(count)), kind, *chance.choice(((), (), (INLINE,), (ATTACHED,))))


def test_attachments_are_what_is_not_shown() -> None:
    """RFC 8621 §4.1.4, the definition of `attachments`: what is in neither list, and media that are not in both."""
    chance = random.Random(8621)
    for _ in range(500):
        root = parts(any_tree(chance, itertools.count(), 4))
        found = bodies(root)
        text, html = labels(found.text), labels(found.html)
        wanted = [
            label
            for part, label in zip(leaves(root), labels(leaves(root)), strict=True)
            if (label in text) + (label in html) < 1 + part.type.startswith(("image/", "audio/"))
        ]
        assert labels(found.attachments) == wanted
        assert (len(set(text)), len(set(html))) == (len(text), len(html))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (b"Content-Type: application/xml; charset=utf-8", {"charset": "utf-8", "type": "application/xml"}),
        (b"Content-Type: application/xml", {"charset": None}),
        (b"Content-Type: text/plain", {"charset": "us-ascii"}),
        (b"Content-Type: TEXT/Plain (c); charset*=us-ascii'en'koi8-r", {"charset": "koi8-r", "type": "text/plain"}),
        (b"X: y", {"charset": "us-ascii", "type": "text/plain", "cid": None, "language": None, "location": None, "disposition": None}),
        (b"Content-ID: (c) <a@b> (d)", {"cid": "a@b"}),
        (b"Content-ID: bare", {"cid": "bare"}),
        (b"Content-Language: en (a, b), de", {"language": ["en", "de"]}),
        (b"Content-Location: http://a/\r\n b", {"location": "http://a/b"}),
        (b"Content-Disposition: (c) INLINE; filename==?utf-8?q?=C3=A9?=", {"disposition": "inline", "name": "é"}),
        (b'Content-Type: text/plain; name="=?utf-8?q?=C3=A9?="\r\nContent-Disposition: attachment', {"name": "é"}),
    ],
)  # fmt: skip
def test_what_is_said_of_a_part(fields: bytes, told: dict[str, Any]) -> None:
    read = reader(list(told))
    assert callable(read)
    assert read(parts(fields + b"\r\n\r\nx")) == told


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
    assert first["subParts"] is None
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
        (b"Content-Type: text/html\r\n", b"<meta charset=koi8-r>\xf0", "<meta charset=koi8-r>\u041f", False),
        (b"Content-Type: text/html\r\n", b"\xff", "\u00ff", False),
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
        ('<p>x<a title="1>0" href="u">y', 20, True, "<p>x"), ("<p>x<a title = '>\"' b>y", 20, True, "<p>x"), ("<p class=it's>x y z", 17, True, "<p class=it's>x y"),
        ("1 < 2 and more", 8, True, "1 < 2 an"), ("<p>x<", 5, True, "<p>x<"), ("<p>x<b>", 5, True, "<p>x"), ("<p>x</p>", 7, True, "<p>x"), ("x<!-- y -->", 8, True, "x"),
    ],
)  # fmt: skip
def test_truncation(text: str, most: int, html: bool, cut: str) -> None:
    assert truncated(text, most, html=html) == cut
