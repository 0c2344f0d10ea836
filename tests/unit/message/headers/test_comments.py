"""Comments are taken out, whatever stands in them, and nothing else is; in the time that one look takes."""

import pytest

from postroom.message.headers.comments import ANGLED, comment_end, without_comments
from postroom.message.headers.msgid import parse_message_ids

HUGE = 300_000  # marks of a header of 1 MiB: a look from each of them to the end would take hours


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("text/plain", "text/plain"),
        ("text/plain (plain (really) text); a=b", "text/plain  ; a=b"),
        ('a="(no comment)" (one)', 'a="(no comment)"  '),
        ('a="\\"(" (one)', 'a="\\"("  '),
        ("\\(a (b\\)c) d", "\\(a   d"),
        ("a) b", "a) b"),
        ("a (b (c) d", "a "),
        ("a (b) c (d", "a   c "),
        ('a ("b) c', "a   c"),
    ],
)
def test_what_stays(text: str, plain: str) -> None:
    assert without_comments(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<a@b> (from <c@d>) <e@f>", "<a@b>   <e@f>"),
        ("<https://x.test/(y)> (see <x)y>", "<https://x.test/(y)>  y>"),
        ("<a@b> (never closed <c@d>", "<a@b> (never closed <c@d>"),
        ("(one) <a@b> (two <c@d>", "  <a@b> (two <c@d>"),
        ("a < (b) c", "a <   c"),
    ],
)
def test_in_brackets_there_are_none_and_an_unclosed_one_hides_nothing(text: str, plain: str) -> None:
    assert without_comments(text, ANGLED, unclosed_stays=True) == plain


@pytest.mark.parametrize(
    ("text", "end"), [("(a)", 3), ("(a(b)c)d", 7), ("(a\\)b)", 6), ("(a", 0), ("(\\", 0)]
)
def test_where_a_comment_ends(text: str, end: int) -> None:
    assert comment_end(text, 0) == end


@pytest.mark.parametrize("piece", ["\\(", "(", "(\\", "<(", "(<", "()", "<a@b>(", '"('])
def test_a_header_full_of_marks(piece: str) -> None:
    text = "(" + piece * HUGE
    for literal in (None, ANGLED):
        without_comments(text, literal) if literal else without_comments(text)
    parse_message_ids(text)
