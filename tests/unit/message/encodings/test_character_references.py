"""Character references, of any length."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from postroom.message.encodings.character_references import short_references, unescape
from postroom.message.markup.tokens import Tag, tokens
from postroom.message.proof.table import proofread

LONG = f"&#{'9' * 5000};"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a &amp; b", "a & b"),
        ("&#65;&#x42;&#67", "ABC"),
        ("&#1114112;&#99999999;", "\ufffd\ufffd"),
        pytest.param(f"a{LONG}b", "a\ufffdb", id="many-digits"),
        pytest.param(f"&#{'0' * 5000}65;", "A", id="many-zeros"),
        pytest.param(f"&#{'0' * 5000};", "\ufffd", id="zeros-alone"),
        pytest.param(f"&#x{'f' * 5000};", "\ufffd", id="hexadecimal"),
    ],
)
def test_unescape(text: str, expected: str) -> None:
    assert unescape(text) == expected


def test_whoever_reads_markup_reads_any_number() -> None:
    (tag,) = tokens(f'<a href="{LONG}">')
    assert isinstance(tag, Tag)
    assert tag.attributes["href"] == "\ufffd"
    page = f'<p title="{LONG}"><a href="https://x.test/">{LONG}</a>'
    assert proofread(b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n" + page.encode())
    HTMLParser().feed(short_references(page))
