"""Queries of people as keys of SEARCH."""

import datetime as dt

import pytest

from postroom.message.query.language import parse
from postroom.proto.imap.client_commands import Literal
from postroom.proto.imap.client_search import NotSearchable, Said, search_keys, texts

SAID = Said(utf8=False, today=dt.date(2026, 3, 31))


def keys(text: str) -> str:
    tree = parse(text).tree
    assert tree is not None
    return b"".join(
        b"{%d}" % len(part.octets) + part.octets if isinstance(part, Literal) else part
        for part in search_keys(tree, SAID)
    ).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ALL"),
        ("pie", 'TEXT "pie"'),
        ("from:alice -to:bob", '(FROM "alice" NOT TO "bob")'),
        ("a OR b OR c d", '(OR TEXT "a" OR TEXT "b" TEXT "c" TEXT "d")'),
        ("-{a (b c)}", 'NOT OR TEXT "a" (TEXT "b" TEXT "c")'),
        ("header:X-A header:X-B:c list:py", '(HEADER "x-a" "" HEADER "x-b" "c" HEADER "List-Id" "py")'),
        ("is:unread is:forwarded label:work", "(UNSEEN KEYWORD $Forwarded KEYWORD work)"),
        ("larger:1K smaller:2K", "(LARGER 1023 SMALLER 2048)"),
        (
            "before:2026-01-02 after:today on:yesterday",
            "(BEFORE 2-Jan-2026 SINCE 31-Mar-2026 ON 30-Mar-2026)",
        ),
        (
            "older_than:2w newer_than:1d older_than:9999y",
            "(BEFORE 17-Mar-2026 SINCE 30-Mar-2026 BEFORE 1-Jan-1970)",
        ),
        ("crêpe", "TEXT {6}crêpe"),
    ],
)
def test_keys(text: str, expected: str) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("text", "remedy"), [("in:inbox", "--folder"), ("a OR has:attachment", "larger:100K")]
)
def test_what_search_cannot(text: str, remedy: str) -> None:
    with pytest.raises(NotSearchable, match=remedy):
        keys(text)


def test_nothing_becomes_a_command() -> None:
    tree = parse('subject:"a\\" NOOP"').tree
    assert tree is not None
    assert keys('subject:"a\\" NOOP"') == r'SUBJECT "a\" NOOP"'
    assert texts(tree) == ['a" NOOP', ""]
