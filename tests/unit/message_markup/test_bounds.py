"""Hostile sizes: what is bounded, at the bound and one beyond."""

import re
from collections import Counter

import pytest

from postroom.message.markup import balance, css, plain, tokens
from postroom.message.markup.attributes import MAX_FREE, MAX_LINK, Rewriting
from postroom.message.markup.balance import MAX_FORMATTING, MAX_MARKUP, MAX_NESTING, MAX_TAGS, Balanced
from postroom.message.markup.css import MAX_BRACKETS, MAX_CSS, MAX_DECLARATION, MAX_RULES, Css
from postroom.message.markup.pictures import MAX_ADDRESS, MAX_HOSTS, Pictures
from postroom.message.markup.plain import MAX_LINKS, MAX_QUOTES, MAX_TEXT, text_markup
from postroom.message.markup.safe import sanitise
from postroom.message.markup.tokens import MAX_ATTRIBUTES, MAX_SCANNED, MAX_VALUE, Tag


def balanced(text: str) -> Balanced:
    return Balanced(text, lambda _, attributes: attributes)


def one(text: str) -> Tag:
    tag = next(tokens.tokens(text))
    assert isinstance(tag, Tag)
    return tag


def nothing(_: str) -> None:
    return None


def test_attributes() -> None:
    for count in (MAX_ATTRIBUTES, MAX_ATTRIBUTES + 1):
        tag = one("<p " + " ".join(f"a{n}=1" for n in range(count)) + ">")
        assert len(tag.attributes) == MAX_ATTRIBUTES
    assert len(one(f"<p a={'x' * MAX_VALUE}>").attributes) == 1
    assert len(one(f"<p a={'x' * (MAX_VALUE + 1)}>").attributes) == 0


def test_a_tag_without_end_of_attributes() -> None:
    scanned = "<p " + "a " * (MAX_SCANNED - 1) + "b=1>x"
    assert list(tokens.tokens(scanned)) == [Tag("p", False, {"a": "", "b": "1"}), "x"]
    assert list(tokens.tokens(scanned.replace("b=1", "c b=1"))) == [Tag("p", False, {"a": "", "c": ""}), "x"]


def test_markup_and_tags() -> None:
    assert not balanced("x" * MAX_MARKUP).truncated
    assert balanced("x" * (MAX_MARKUP + 1)).truncated
    assert not balanced("<br>" * MAX_TAGS).truncated
    cut = balanced("<br>" * (MAX_TAGS + 1))
    assert (cut.truncated, cut.markup.count("<br>")) == (True, MAX_TAGS)


def test_nesting() -> None:
    assert balanced("<div>" * MAX_NESTING).markup.count("<div>") == MAX_NESTING
    assert balanced("<div>" * (MAX_NESTING + 1) + "x").markup.count("<div>") == MAX_NESTING
    assert balanced("<i>" * MAX_FORMATTING).markup.count("<i>") == MAX_FORMATTING
    assert balanced("<i>" * (MAX_FORMATTING + 1)).markup.count("<i>") == MAX_FORMATTING
    closed = balanced("<div>" * (MAX_NESTING + 1) + "</div>" * (MAX_NESTING + 1) + "<p>x").markup
    assert closed.endswith("</div><p>x</p>")


@pytest.mark.parametrize(
    "bomb",
    [
        "".join(f"<div><font size={n}></div>" for n in range(3000)),
        "".join(f"<p><font size={n}>" for n in range(3000)),
        "<table>" + "".join(f"<b class=a{n}>x<tr>y" for n in range(3000)),
        "<a>" * 3000 + "<table>" * 3000,
        "<svg>" * 3000 + "</svg>" * 3000,
        "<ruby>" * 2000 + "<rt>" * 2000,
        "<li>" * 5000,
        "</b>" * 5000 + "</p>" * 5000,
    ],
)
def test_nothing_grows(bomb: str) -> None:
    assert len(sanitise(bomb, Pictures(nothing)).markup) < 4 * len(bomb)


@pytest.mark.parametrize(
    "text",
    [
        "<",
        "<a ",
        "<!--",
        '<a b="',
        "<a b='",
        "&",
        "</",
        "<p/",
        "<a\n=",
        "<style>",
        "<title>",
        "<svg>",
        "]]>",
        "<a b=c\x00",
    ],
)
def test_nothing_is_quadratic(text: str) -> None:
    sanitise(text * (1_000_000 // len(text)), Pictures(nothing))


def test_css() -> None:
    rule = "a{color:red}\n"
    rules = rule * (MAX_CSS // len(rule))
    assert Css(nothing).sheet([rules[: MAX_RULES * len(rule)]]).count("color") == MAX_RULES
    assert Css(nothing).sheet([rule * (MAX_RULES + 1)]).count("color") == MAX_RULES
    assert Css(nothing).sheet([rule + " " * (MAX_CSS - len(rule))])
    assert not Css(nothing).sheet([rule + " " * (MAX_CSS - len(rule) + 1)])
    assert Css(nothing).style("color: red;" + " " * (MAX_CSS - 11))
    assert not Css(nothing).style("color: red;" + " " * (MAX_CSS - 10))


def test_brackets_and_declarations() -> None:
    assert (
        Css(nothing).style("width:(" + "(" * (MAX_BRACKETS - 1) + ";" + ")" * MAX_BRACKETS + ";color:red")
        == "color: red"
    )
    assert Css(nothing).style("width:(" + "(" * MAX_BRACKETS + ")" * (MAX_BRACKETS + 1) + ";color:red") == ""
    words = 'font-family: "' + "x" * (MAX_DECLARATION - 2)
    assert Css(nothing).style(words + '"') == words + '"'
    assert Css(nothing).style(words + 'x"') == ""


def test_links_pictures_and_texts() -> None:
    rewriting = Rewriting(Css(nothing), Pictures(nothing), Counter())
    link = "https://x.test/" + "y" * (MAX_LINK - 15)
    assert "href" in (rewriting("a", {"href": link}) or {})
    assert "href" not in (rewriting("a", {"href": link + "y"}) or {})
    assert len((rewriting("p", {"title": "x" * (MAX_FREE + 1)}) or {})["title"]) == MAX_FREE
    pictures = Pictures(nothing, lambda url: "/ours", re.compile("/ours"))
    address = "https://x.test/" + "y" * (MAX_ADDRESS - 15)
    assert pictures.picture(address) == "/ours"
    assert pictures.picture(address + "y") is None
    for number in range(MAX_HOSTS + 1):
        pictures.picture(f"https://h{number}.test/")
    assert len(pictures.shown) == MAX_HOSTS


def test_plain_text() -> None:
    assert len(text_markup("x" * (MAX_TEXT + 1))) == len(text_markup("x" * MAX_TEXT))
    assert text_markup(">" * (MAX_QUOTES + 1) + " x").count("<blockquote>") == MAX_QUOTES
    assert text_markup("http://x.test " * (MAX_LINKS + 1)).count("<a ") == MAX_LINKS
    long = "http://" + "x" * plain.MAX_URI
    assert text_markup(long).count("<a ") == 1
    for text in (
        "a" * 10**6,
        "a.b@" * 10**5,
        "http://" * 10**5,
        ">" * 10**6,
        "(http://" + ")" * 10**5,
        "www." * 10**5,
        "> x\n" * 10**4,
        ">" * 50 + "\n",
    ):
        text_markup(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://x.test/a?b=c&d, or (http://y.test/(z)).", ['href="https://x.test/a?b=c&amp;d"', 'href="http://y.test/(z)"', "</a>)."]),
        ("www.x.test! and bob@x.test.", ['href="https://www.x.test"', 'href="mailto:bob@x.test"']),
        ("mailto:bob@x.test", ['<a href="mailto:bob@x.test">mailto:bob@x.test</a>']),
        ('<script>alert(1)</script> "x"', ["&lt;script&gt;", "&quot;x&quot;"]),
        ("javascript:alert(1) file:///etc", ["javascript:alert(1) file:///etc"]),
        ("> a\n>> b\nc", ["<blockquote>", "a\n</div><blockquote><div", "</blockquote></blockquote><div"]),
    ],
)  # fmt: skip
def test_text_becomes_markup(text: str, expected: list[str]) -> None:
    markup = text_markup(text)
    for one_ in expected:
        assert one_ in markup
    assert sanitise(markup, Pictures(nothing)).simplified is False


def test_limits_are_what_they_are_said_to_be() -> None:
    assert (balance.MAX_TAGS, css.MAX_CSS) == (50_000, 256 << 10)
