"""IMAP URLs."""

import random

import pytest

from postroom.proto.imap.sections import Of, Section
from postroom.proto.imap.urls import BadUrl, ImapUrl, parse_url, shown

TOKEN = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/INBOX/;UID=20", ImapUrl("INBOX", 20)),
        ("/inbox/x/;uid=20", ImapUrl("INBOX/x", 20)),
        ("/a/b%20c;UIDVALIDITY=385759045/;UID=20", ImapUrl("a/b c", 20, 385759045)),
        ("/G%C3%BCl/;UID=4294967295", ImapUrl("G\u00fcl", 4294967295)),
        ("/x/;UID=1/;SECTION=1.2.MIME", ImapUrl("x", 1, section=Section("1.2", Of.MIME))),
        ("/x/;UID=1/;section=HEADER", ImapUrl("x", 1, section=Section("", Of.HEADER))),
        (
            "/x/;UID=1/;SECTION=HEADER.FIELDS%20(TO%20CC)",
            ImapUrl("x", 1, section=Section("", Of.FIELDS, (b"TO", b"CC"))),
        ),
        ("/x/;UID=1/;SECTION=1/;PARTIAL=5.7", ImapUrl("x", 1, section=Section("1"), partial=(5, 7))),
        ("/x/;UID=1/;PARTIAL=5", ImapUrl("x", 1, partial=(5, None))),
        (";UID=9", ImapUrl("", 9)),
        ("imap://h.test/x/;UID=1", ImapUrl("x", 1, host="h.test")),
        (
            "IMAP://bob%40b.test;AUTH=*@h.test:143/x/;UID=1",
            ImapUrl("x", 1, user="bob@b.test", host="h.test:143"),
        ),
        (
            "imap://bob@h/x/;UID=1;EXPIRE=2025-06-15T15:06:40Z;URLAUTH=user+al",
            ImapUrl(
                "x",
                1,
                user="bob",
                host="h",
                expire=1_750_000_000_000_000,
                access="user+al",
                rump="imap://bob@h/x/;UID=1;EXPIRE=2025-06-15T15:06:40Z;URLAUTH=user+al",
            ),
        ),
        (
            f"imap://bob@h/x/;UID=1;URLAUTH=anonymous:INTERNAL:{TOKEN.upper()}",
            ImapUrl(
                "x",
                1,
                user="bob",
                host="h",
                access="anonymous",
                mechanism="INTERNAL",
                token=TOKEN,
                rump="imap://bob@h/x/;UID=1;URLAUTH=anonymous",
            ),
        ),
    ],
)
def test_good(text: str, url: ImapUrl) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/x",
        "/;UID=1",
        "x/;UID=1",
        "/x;UID=1",
        "/x/;UID=0",
        "/x/;UID=99999999999",
        "/x;UIDVALIDITY=0/;UID=1",
        ";UIDVALIDITY=3/;UID=1",
        "/x/;UID=1/;SECTION=x",
        "/x/;UID=1/;SECTION=",
        "/x/;UID=1/;SECTION=1]%20(",
        "/x/;UID=1/;PARTIAL=0.0",
        "/x/;UID=1/;PARTIAL=-1",
        "/%FF/;UID=1",
        "/%00/;UID=1",
        "/x/;UID=1;EXPIRE=2025-13-01T00:00:00Z;URLAUTH=anonymous",
        "/x/;UID=1;EXPIRE=yesterday;URLAUTH=anonymous",
        f"/x/;UID=1:INTERNAL:{TOKEN}",
        "/x/;UID=1;URLAUTH=anonymous:INTERNAL:12",
        "imap:///x/;UID=1",
        "imap://h.test/;UID=1",
        "http://h.test/x/;UID=1",
        "/x/;UID=1\n",
    ],
)
def test_bad(text: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(text)


def test_shown() -> None:
    assert shown('/a"b]c\\d\r\n\u00e9[') == "/a%22b%5Dc%5Cd%0D%0A%C3%A9%5B"


def test_hostile_text_is_read_in_linear_time() -> None:
    random.seed(3)
    words = [
        "/x",
        ";",
        "UID=",
        "1",
        "/;SECTION=",
        ";URLAUTH=",
        ":",
        "%41",
        "/;PARTIAL=",
        ".",
        "user+",
        "/;UID=1",
    ]
    for text in ("/;" * 30_000, "/" * 60_000, "/x/;UID=1/;SECTION=" + "/" * 60_000, "imap://" + "@" * 60_000):
        with pytest.raises(BadUrl):
            parse_url(text)
    for _ in range(3000):
        try:
            parse_url("".join(random.choices(words, k=random.randrange(1, 12))))
        except BadUrl:
            continue
