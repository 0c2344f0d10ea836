"""The query language: what is read, what is told of mistakes, and that form and text are one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.query import operators as query_operators
from postroom.message.query.language import (
    MAX_DEPTH,
    MAX_QUERY,
    MAX_TERMS,
    All,
    AnyOf,
    Not,
    Term,
    Tree,
    all_of,
    any_of,
    not_of,
    parse,
)
from postroom.message.query.text import meaning, query_text, term_text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("  pie \t crepe ", "pie crepe"),
        ("from:alice", "from:alice"),
        ("F:alice T:bob S:x", "from:alice to:bob subject:x"),
        ('subject:"two words"', 'subject:"two words"'),
        ("subject:\u201ctwo words\u201d", 'subject:"two words"'),
        ("-has:attachment !is:unread", "-has:attachment -is:unread"),
        ("a OR b c", "{a b} c"),
        ("a b OR c OR d", "a {b c d}"),
        ("a AND b", "a b"),
        ("{a b} {a}", "{a b} a"),
        ("-(a -(b c))", "-(a -(b c))"),
        ("((a b)) (c)", "a b c"),
        ("from:(alice OR bob) subject:(x y)", "{from:alice from:bob} subject:x subject:y"),
        ('-to:{a "b c" -d}', '-{to:a to:"b c" -to:d}'),
        ("mb:Inbox submb:Lists l:$Forwarded tag:Work", "in:Inbox under:Lists label:$forwarded label:work"),
        ("before:2026/1/2 after:2025-7 start:2023-7-1 end:2024", "before:2026-01-02 after:2025-07-01 after:2023-07-01 before:2024-01-01"),
        ("on:today newer_than:07D older_than:1y", "on:today newer_than:7d older_than:1y"),
        ("newer_than:9999d", "newer_than:9999d"),
        ("larger:1024kb minsize:500kb smaller:1.5M size:17 maxsize:2GiB", "larger:1M larger:500K smaller:1536K larger:17 smaller:2G"),
        ("is:seen is:flagged is:SPAM", "is:read is:starred is:junk"),
        ('h:X-Mailer header:List-Post:x header:A:"b c"', 'header:x-mailer header:list-post:x header:a:"b c"'),
        ('"OR" "from:x" "-a" "a \\" \\\\ b"', '"OR" "from:x" "-a" "a \\" \\\\ b"'),
        ("12:30 - a--b --c or", '12:30 "-" a--b -"-c" or'),
        ("OR-gate", "OR-gate"),
        ("list:python rfc822msgid:a@b", "list:python rfc822msgid:a@b"),
        ("crêpe\nΩ", "crêpe Ω"),
    ],
)  # fmt: skip
def test_what_is_read(text: str, canonical: str) -> None:
    parsed = parse(text)
    assert parsed.problems == ()
    assert parsed.tree is not None
    assert query_text(parsed.tree) == canonical
    assert parse(canonical).tree == parsed.tree


@pytest.mark.parametrize(
    ("text", "kind", "place", "remedy"),
    [
        ("pie form:alice", "operator", (4, 14), "from: is meant"),
        ("re:pie", "operator", (0, 6), 'in quotes: "re:pie"'),
        ("http://x.test", "operator", (0, 13), 'quotes: "http://x.test"'),
        ("filename:x.pdf", "operator", (0, 14), "has:attachment"),
        ("from:(a to:b)", "operator", (8, 12), "brackets of its own"),
        ("AROUND 5", "operator", (0, 6), "AROUND"),
        ("from:", "value", (0, 5), "from:alice"),
        ('from:" "', "value", (0, 8), "from:alice"),
        ('a ""', "value", (2, 4), "words"),
        ("header:", "value", (0, 7), "header:Name:words"),
        ("before:2026-02-30", "value", (0, 17), "2026-01-02"),
        ("before:01/02/2026", "value", (0, 17), "year first"),
        ("older_than:0d", "value", (0, 13), "7d"),
        ("older_than:10000d", "value", (0, 17), "7d"),
        ("larger:big", "value", (0, 10), "1.5M"),
        ("larger:9999999G", "value", (0, 15), "smaller"),
        ("is:funny", "value", (0, 8), "unread"),
        ("has:cheese", "value", (0, 10), "has:attachment"),
        ('label:"a b"', "value", (0, 11), "without spaces"),
        ('a "b c', "quote", (2, 6), 'add a "'),
        ("(a", "brackets", (0, 1), "add a )"),
        ("a (b} c)", "brackets", (4, 5), "quotes"),
        ("a)", "brackets", (1, 2), "quotes"),
        ("()", "brackets", (0, 2), "leave them out"),
        ("OR a", "joining", (0, 2), '"OR"'),
        ("a OR", "joining", (2, 4), '"OR"'),
        ("a OR OR b", "joining", (5, 7), '"OR"'),
        ("(a OR) b", "joining", (3, 5), '"OR"'),
        ("{a AND b}", "joining", (3, 6), "( )"),
    ],
)
def test_what_is_wrong_has_a_place_and_a_remedy(
    text: str, kind: str, place: tuple[int, int], remedy: str
) -> None:
    parsed = parse(text)
    assert parsed.tree is None
    problem = parsed.problems[0]
    assert (problem.kind, (problem.start, problem.end)) == (kind, place)
    assert remedy in problem.remedy


def test_all_mistakes_are_told_at_once() -> None:
    assert [one.kind for one in parse("form:a larger:x ok is:y").problems] == ["operator", "value", "value"]


@pytest.mark.parametrize(("count", "fits"), [(MAX_TERMS, True), (MAX_TERMS + 1, False)])
def test_a_query_has_so_many_terms(count: int, fits: bool) -> None:
    parsed = parse(" ".join("a" * count))
    assert (parsed.tree is not None) is fits
    assert fits or parsed.problems[0].kind == "tooMany"


@pytest.mark.parametrize(("depth", "fits"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False)])
def test_brackets_are_so_deep(depth: int, fits: bool) -> None:
    parsed = parse("(" * depth + "a" + ")" * depth)
    assert (parsed.tree is not None) is fits
    assert fits or parsed.problems[0].kind == "tooDeep"


@pytest.mark.parametrize(("length", "fits"), [(MAX_QUERY, True), (MAX_QUERY + 1, False)])
def test_a_query_is_so_long(length: int, fits: bool) -> None:
    parsed = parse("a" * length)
    assert (parsed.tree is not None) is fits
    assert fits or parsed.problems[0].kind == "tooLong"


def test_hostile_input_ends_soon() -> None:
    for text in ("(" * 10**6, '"' * 10**6, "-" * 10**6, "from:" * 10**6, "{-" * 10**6, "\\" * 10**6):
        parse(text)


def test_terms_say_whether_they_must_not_be_there() -> None:
    parsed = parse("a -b -(c -d)")
    assert [(one.term.value, one.negated) for one in parsed.terms] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("d", False),
    ]
    assert [(one.start, one.end) for one in parsed.terms] == [(0, 1), (2, 4), (7, 8), (9, 11)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "every message"),
        ("from:alice -is:unread", "every message that is from “alice” and not [is unread]"),
        ("a OR {b larger:1M}", "every message that has “a” anywhere or has “b” anywhere or has 1M octets or more"),
        ("newer_than:1d header:x:y header:z", "every message that arrived less than 1 day ago and has “y” in its field x and has a field z"),
    ],
)  # fmt: skip
def test_a_query_in_words(text: str, words: str) -> None:
    tree = parse(text).tree
    assert tree is not None
    assert meaning(tree) == words


_WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda one: bool(one.strip())
)
_VALUES = {
    query_operators.as_written: _WORDS,
    query_operators.day: st.one_of(st.just("today"), st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(9000, 1, 1)).map(lambda one: one.isoformat())),
    query_operators.age: st.builds("{}{}".format, st.integers(1, 9999), st.sampled_from("hdwmy")),
    query_operators.octets: st.integers(0, (1 << 49)).filter(lambda one: len(str(one)) <= 12).map(lambda one: query_operators.octets(str(one))),
    query_operators.state: st.sampled_from(list(query_operators.STATES)),
    query_operators.thing: st.just("attachment"),
    query_operators.keyword: st.text("abcz$-_.{}!", min_size=1, max_size=8).filter(lambda one: "{" not in one),
}  # fmt: skip


def _terms() -> st.SearchStrategy[Tree]:
    kinds = [
        st.builds(Term, st.just(one.name), _VALUES[one.kind])
        for one in query_operators.OPERATORS
        if one.name != "header"
    ]
    header = st.builds(
        Term, st.just("header"), st.one_of(st.just(""), _WORDS), st.sampled_from(["x-a", "list-post", "-x"])
    )
    return st.one_of(st.builds(Term, st.just(""), _WORDS), header, *kinds)


def _nodes(below: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    some = st.lists(below, min_size=1, max_size=4)
    return st.one_of(some.map(all_of), some.map(any_of), below.map(not_of))


def _fits(tree: Tree) -> bool:
    return parse(query_text(tree)).problems == () or all(
        one.kind not in ("tooMany", "tooDeep", "tooLong") for one in parse(query_text(tree)).problems
    )


@given(st.recursive(_terms(), _nodes, max_leaves=20).filter(_fits))
def test_form_and_text_are_one(tree: Tree) -> None:
    parsed = parse(query_text(tree))
    assert parsed.problems == ()
    assert parsed.tree == tree
    assert meaning(tree)


@given(st.text(st.one_of(st.sampled_from('(){}"-!: \\ORANDfrominislarger1'), st.characters()), max_size=60))
def test_anything_is_read_and_written_back(text: str) -> None:
    parsed = parse(text)
    if parsed.tree is None:
        assert parsed.problems
        assert all(0 <= one.start <= one.end <= len(text) and one.remedy for one in parsed.problems)
    else:
        assert parse(query_text(parsed.tree)).tree == parsed.tree
        assert all(parse(term_text(one.term)).tree == one.term for one in parsed.terms)


def test_trees_are_as_simple_as_can_be() -> None:
    one, other = Term("", "a"), Term("", "b")
    assert all_of([one]) == one
    assert all_of([All((one, other)), one]) == All((one, other, one))
    assert any_of([AnyOf((one, other)), one]) == AnyOf((one, other, one))
    assert not_of(Not(one)) == one
