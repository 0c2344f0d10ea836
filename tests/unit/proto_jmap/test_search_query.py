"""Queries of people as filters of Email/query."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from postroom.message.query.language import MAX_DEPTH, MAX_TERMS, parse
from postroom.proto.jmap.search_query import Circumstances, search_filter
from postroom.proto.jmap.search_words import search_words
from postroom.proto.jmap.standard import MAX_CONDITIONS, read_filter

NOW = int(dt.datetime(2026, 3, 31, 22, 30, tzinfo=dt.UTC).timestamp()) * 1_000_000


def mailboxes(name: str, below: bool) -> Sequence[str]:
    known = {
        "inbox": ["Fi"],
        "lists": ["Fl", *(["Fp", "Fq"] if below else [])],
        "many": [f"F{n}" for n in range(300)],
    }
    return known.get(name.lower(), [])


def made(text: str, zone: str = "Europe/Berlin") -> tuple[Any, list[str]]:
    tree = parse(text).tree
    assert tree is not None
    found, problems = search_filter(tree, Circumstances(mailboxes, ZoneInfo(zone), NOW))
    return found, [f"{one.term.value}: {one.words}; {one.remedy}" for one in problems]


def both(*conditions: Any) -> dict[str, Any]:
    return {"operator": "AND", "conditions": list(conditions)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("pie", {"text": "pie"}),
        ('"two words"', {"text": '"two words"'}),
        ("from:alice -to:bob", both({"from": "alice"}, {"operator": "NOT", "conditions": [{"to": "bob"}]})),
        ("cc:a OR bcc:b", {"operator": "OR", "conditions": [{"cc": "a"}, {"bcc": "b"}]}),
        ("subject:x body:y", both({"subject": "x"}, {"body": "y"})),
        ("list:py header:X-A header:X-B:c", both({"header": ["List-Id", "py"]}, {"header": ["x-a"]}, {"header": ["x-b", "c"]})),
        ("in:inbox", {"inMailbox": "Fi"}),
        ("in:anywhere", {}),
        ("under:lists", {"operator": "OR", "conditions": [{"inMailbox": "Fl"}, {"inMailbox": "Fp"}, {"inMailbox": "Fq"}]}),
        ("label:work is:unread is:starred", both({"hasKeyword": "work"}, {"notKeyword": "$seen"}, {"hasKeyword": "$flagged"})),
        ("has:attachment larger:1M smaller:2M", both({"hasAttachment": True}, {"minSize": 1 << 20}, {"maxSize": 2 << 20})),
        ("before:2026-01-02", {"before": "2026-01-01T23:00:00Z"}),
        ("after:2026-07-02", {"after": "2026-07-01T22:00:00Z"}),
        ("on:2026-03-29", {"after": "2026-03-28T23:00:00Z", "before": "2026-03-29T22:00:00Z"}),
        ("on:today", {"after": "2026-03-31T22:00:00Z", "before": "2026-04-01T22:00:00Z"}),
        ("after:yesterday", {"after": "2026-03-30T22:00:00Z"}),
        ("newer_than:12h", {"after": "2026-03-31T10:30:00Z"}),
        ("newer_than:2w", {"after": "2026-03-17T22:30:00Z"}),
        ("older_than:1m", {"before": "2026-02-28T23:30:00Z"}),
        ("older_than:2y", {"before": "2024-03-31T22:30:00Z"}),
    ],
)  # fmt: skip
def test_filters(text: str, expected: Any) -> None:
    assert made(text) == (expected, [])


def test_months_end_where_they_end() -> None:
    assert made("older_than:1m", "Etc/UTC")[0] == {"before": "2026-02-28T22:30:00Z"}


@pytest.mark.parametrize("value", ["'", '"', "it's", "'a b'", 'say \\" x', "a\\b c", " lead"])
def test_words_are_looked_for_as_they_were_meant(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    found, _ = made(f'subject:"{escaped}"')
    assert search_words(found["subject"]) == [value]


def test_what_cannot_be_answered_is_said() -> None:
    _, told = made("in:nowhere older_than:9000y pie")
    assert [one.partition(";")[0] for one in told] == [
        "nowhere: there is no folder 'nowhere'",
        "9000y: that is too long ago",
    ]
    _, told = made("under:many")
    assert "too many mailboxes" in told[0]


def test_the_largest_query_is_a_filter() -> None:
    pair = "-(-a -b)"
    for text in (
        " ".join([pair] * (MAX_TERMS // 2)),
        "(a OR -(" * (MAX_DEPTH // 2) + "b" + " c))" * (MAX_DEPTH // 2),
    ):
        found, told = made(text)
        assert told == []
        read_filter(found)
    assert MAX_CONDITIONS >= 4 * MAX_TERMS
