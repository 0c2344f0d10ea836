"""The words of HTML, without its tags and what it keeps silent about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.html_text import html_to_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Hello <b>Bob</b>,</p><p>how are\r\n you?</p>", "Hello Bob,\n\nhow are you?\n"),
        ("a<br>b<BR/>c", "a\nb\nc\n"),
        ("<head><title>x</title></head><style>p{}</style><script>if (a<b) x()</script>y", "y\n"),
        ("1 &lt; 2 &amp; &eacute;&nbsp;!", "1 < 2 & é !\n"),
        ("a < b and c > d", "a < b and c > d\n"),
        ("<!-- note -->x<!DOCTYPE html>", "x\n"),
        ("<div><div><div>x</div></div></div><div>y</div>", "x\n\ny\n"),
        ("<script>never closed", "\n"),
        ("", "\n"),
    ],
)
def test_html_to_text(source, text):
    assert html_to_text(source) == text


@pytest.mark.parametrize(
    "source",
    ["<" * 300_000, "<style>" * 50_000, "<a>" * 90_000, "&" * 300_000, "<p " * 100_000, " " * 300_000],
)
def test_linear(source):
    html_to_text(source)


@given(st.text())
def test_anything(source):
    html_to_text(source)
