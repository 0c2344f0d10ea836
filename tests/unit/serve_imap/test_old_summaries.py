"""Summaries that a version of before has made, or that are none: every command makes them anew, and answers as ever."""

import msgspec
import pytest

from imap_stage import ALICE, BOB, ImapStage
from postroom.message.summary.summary import VERSION, summarize

LETTER = b"""From: Arnold <arnold@example.test>\r
To: beatrix@example.test\r
Cc: cecil@example.test\r
Bcc: dora@example.test\r
Subject: Re: ketchup\r
Date: Sun, 1 Jun 2025 10:00:00 +0000\r
Message-ID: <2@example.test>\r
References: <1@example.test>\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
\r
one\r
--b\r
\r
two\r
--b--\r
"""
FIRST = b"Subject: ketchup\r\nDate: Sun, 1 Jun 2025 12:00:00 +0000\r\nMessage-ID: <1@example.test>\r\n\r\n"


def other_version() -> bytes:
    """A summary with the same shape and nothing in it."""
    return msgspec.structs.replace(summarize(b""), version=VERSION - 1).pack()


@pytest.fixture(params=["old", "shorter", "none"])
async def old(request: pytest.FixtureRequest, stage: ImapStage) -> ImapStage:
    packed = {
        "old": other_version(),
        "shorter": msgspec.msgpack.encode([VERSION - 1, 7, 7]),
        "none": b"\xc1",
    }[request.param]
    await stage.deliver(LETTER)
    await stage.deliver(FIRST)
    await stage.store.engine.write(lambda tx: tx.execute("UPDATE emails SET summary = $1", packed))
    return stage


@pytest.mark.parametrize(
    "key",
    [
        "FROM arnold",
        "TO beatrix",
        "CC cecil@",
        "BCC dora",
        "SUBJECT re:",
        "SENTON 1-Jun-2025 LARGER 200",
        "HEADER References 1@",
        "BODY two",
    ],
)
async def test_search(old: ImapStage, key: str) -> None:
    bob = await old.user(select="INBOX")
    for _ in range(2):
        assert await bob.ok(f"SEARCH {key}") == ["* SEARCH 1"]


async def test_orders(old: ImapStage) -> None:
    bob = await old.user(select="INBOX")
    assert await bob.ok("SORT (REVERSE DATE) UTF-8 ALL") == ["* SORT 2 1"]
    assert await bob.ok("SORT (FROM) UTF-8 ALL") == ["* SORT 2 1"]
    assert await bob.ok("THREAD REFERENCES UTF-8 ALL") == ["* THREAD (2 1)"]


async def test_copies_of_others_and_parts(old: ImapStage) -> None:
    alice, bob = await old.user(ALICE), await old.user(select="INBOX")
    await alice.ok(f"SETACL INBOX {BOB} lrswi")
    await bob.ok('COPY 1 "Other Users/alice@crepes.test/INBOX"')
    await alice.ok("SELECT INBOX")
    assert await alice.ok("SEARCH FROM arnold") == ["* SEARCH 1"]
    said = await bob.send(
        b'a APPEND INBOX CATENATE (TEXT {14+}\r\nSubject: x\r\n\r\n URL "/INBOX/;UID=1/;SECTION=2")\r\n'
    )
    assert b"a OK [APPENDUID" in said
    assert await bob.ok("FETCH 3 BODY.PEEK[TEXT]") == ["* 3 FETCH (BODY[TEXT] {3}", "two)"]
