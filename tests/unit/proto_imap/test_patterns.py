"""Patterns of LIST, against the plain meaning of their wildcards."""

import itertools
import re

import pytest

from postroom.proto.imap.patterns import Patterns


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["INBOX", "a/b/c", ""], []),
        ("%", ["INBOX", "a b"], ["a/b"]),
        ("a/%", ["a/b", "a/"], ["a", "a/b/c", "b/a"]),
        ("a/*", ["a/b", "a/b/c"], ["a", "ab"]),
        ("INBOX", ["INBOX"], ["INBOX/a", "INBO"]),
        ("%/%", ["a/b"], ["a", "a/b/c"]),
        ("*b", ["b", "a/b", "ab"], ["a", "ba"]),
        ("%b", ["b", "ab"], ["a/b"]),
        ("a%*c", ["a/b/c", "ac"], ["a/b/d"]),
        ("a*b%c", ["a/b/bc", "abxc"], ["a/b/c/d", "ab/c"]),
    ],
)
def test_wildcards(pattern: str, matching: list[str], others: list[str]) -> None:
    patterns = Patterns([pattern])
    assert [name for name in (*matching, *others) if patterns.match(name)] == matching


def test_every_short_pattern_means_what_a_regular_expression_says() -> None:
    names = ["".join(chars) for size in range(5) for chars in itertools.product("a/b", repeat=size)]
    for size in range(1, 5):
        for chars in itertools.product("a/*%", repeat=size):
            pattern = "".join(chars)
            meaning = re.compile(
                re.escape(pattern)
                .replace(r"\*", ".*")
                .replace("*", ".*")
                .replace("%", "[^/]*")
                .replace("..*", ".*")
            )
            both = Patterns(["x", pattern, "q*x"])
            for name in names:
                assert both.match(name) == bool(meaning.fullmatch(name)), (pattern, name)


def test_hostile_patterns_take_one_pass() -> None:
    """Nothing goes back: the work is a step for each character of a name, whatever the pattern."""
    patterns = Patterns(["%*" * 30_000 + "b", "*a" * 1000 + "b"])
    assert not any(patterns.match("a" * 250 + f"/{number}") for number in range(100))
    assert patterns.match("a" * 250 + "b")
