from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.mime.structure import scan
from postroom.message.mime.text import PREVIEW, part_text, preview, strip_markup, text_parts


def _preview(raw: bytes) -> str:
    return preview(raw, scan(raw))


def _alternative(*parts: bytes) -> bytes:
    return (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
        + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
        + b"--b--\r\n"
    )


HTML = b"Content-Type: text/html\r\n\r\n<style>p {}</style><p>Do you <b>like</b> ketchup?</p>"
PLAIN = b"Content-Type: text/plain\r\n\r\nHow about\r\n  pickles?"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ""),
        (b"\r\n \r\n\r\n", ""),
        (PLAIN, "How about pickles?"),
        (HTML, "Do you like ketchup?"),
        (_alternative(PLAIN, HTML), "How about pickles?"),
        (_alternative(HTML), "Do you like ketchup?"),
        (_alternative(b"Content-Type: text/plain\r\n\r\n ", HTML), ""),
        (b"Content-Type: application/pdf\r\n\r\n%PDF", ""),
        (b"Content-Disposition: attachment\r\n\r\ntext", ""),
        (
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nw6k=",
            "\u00e9",
        ),
        (
            b"Content-Type: text/plain; charset=x-nope\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=E9=\r\nb",
            "a\u00e9b",
        ),
        (b"Content-Type: text/plain; charset=ISO-2022-JP\r\n\r\n\x1b$BF|K\\\x1b(B", "\u65e5\u672c"),
        pytest.param(
            b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
            + ("\u65e5\u672c" * 600).encode("iso2022-jp"),
            ("\u65e5\u672c" * 600)[:PREVIEW],
            id="cut-within-a-character",
        ),
        (b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\none \r\ntwo\r\n", "onetwo"),
        (b"\r\na\0b\x1b[2J", "a\ufffdb\ufffd[2J"),
        (b"\r\ncaf\xe9", "caf\u00e9"),
        (b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xef\xbb\xbfcaf\xc3\xa9", "caf\u00e9"),
        (b"\r\n" + b"word " * 1000, ("word " * 1000)[:PREVIEW]),
        (b"\r\n" + b" " * 900 + b"far", "far"),
        (b"Content-Type: text/html\r\n\r\n<head>" + b"x" * 3000 + b"</head>words", "words"),
        pytest.param(
            b"Content-Type: text/html\r\n\r\n<style>" + b"a{color:red}\r\n" * 3000 + b"</style>words",
            "words",
            id="long-head",
        ),
        (b"Content-Type: text/html\r\n\r\n<meta charset=koi8-r>\xf0\xd2\xc9", "\u041f\u0440\u0438"),
        pytest.param(b"\r\n" + b"\r\n" * 3000 + b"far below", "far below", id="empty-lines"),
    ],
)
def test_preview(raw: bytes, expected: str) -> None:
    assert _preview(raw) == expected


def test_a_preview_is_not_looked_for_in_all_of_a_message() -> None:
    empty = b"Content-Type: text/html\r\n\r\n" + b"<hr>" * 7_500
    assert _preview(_alternative(*[empty] * 5, HTML)) == "Do you like ketchup?"
    assert _preview(_alternative(*[empty] * 50, HTML)) == ""


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<p>a</p>\n\n <p>b</p>", "a\nb"),
        ("<td>a</td><td>b</td>", "a b"),
        ("a &lt;b&gt; &amp; &eacute; &#x1F600;", "a <b> & \u00e9 \U0001f600"),
        ("1 < 2 <3", "1 < 2 <3"),
        pytest.param(f"a&#{'9' * 5000};b&#{'0' * 5000}65;c&#{'0' * 5000};", "a\ufffdbAc\ufffd", id="numbers"),
        ("a<!-- <p>no</p> -->b<!DOCTYPE x>c", "abc"),
        ("a<script>if (a < b) {}</SCRIPT >b", "ab"),
        ("a<script src=x />b", "ab"),
        ("a<script>never closed", "a"),
        ("a<!-- never closed", "a"),
        ("a<b never closed", "a"),
        ("\u0130<P>x", "\u0130\nx"),
        ("<title>t</title><body>b", "b"),
        ("<head><title>t</title><style>s</style></head>b", "b"),
        ("<html><head><title>t</title><meta name=x><body><p>b", "b"),
        ("<head><title>t</title><body>a<header>b</header>c", "a\nb\nc"),
        ("<a title=\"x > y\" href=z>link</a> and <img alt='a > b'>more", "link and more"),
        ('<a href="never closed>a', "a"),
        ('<p "a>b" c="d">e', 'b" c="d">e'),
        ("<dl><dt>a</dt><dd>b</dd></dl><center>c</center>d<select><option>e<option>f", "a\nb\nc\nd\ne\nf"),
        ("<p>one\r\nline</p><pre>two\r\n lines</pre>three\nwords", "one line\ntwo\nlines\nthree words"),
        ('<p style="white-space: pre-wrap">two\nlines', "two\nlines"),
    ],
)
def test_strip_markup(markup: str, expected: str) -> None:
    assert strip_markup(markup) == expected


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<!--",
        "<script>",
        "<a href='",
        "</",
        "<p",
        "&#",
        "&amp",
        "<!-->",
        "\n \n",
        "<style></style",
        "<head>",
        "<a b=\"'>",
        '<a b=\'">"',
        "<a b= >",
        "<head></header",
    ],
)
def test_markup_of_any_size_is_stripped_in_one_pass(unit: str) -> None:
    assert isinstance(strip_markup(unit * 100_000), str)


def test_the_words_of_all_parts() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" + _alternative(PLAIN, HTML) + b"--m\r\n" + HTML + b"\r\n"
        b"--m\r\nContent-Disposition: attachment\r\n\r\nno\r\n--m--\r\n"
    )  # fmt: skip
    structure = scan(raw)
    assert [part.section for part in text_parts(structure)] == ["1.1", "2"]
    words = [part_text(raw, part) for part in text_parts(structure)]
    assert words == ["How about\n  pickles?", "Do you like ketchup?"]


@given(st.text(st.sampled_from("<>/!-&;# \n\0'\"apscrit")))
def test_any_markup(markup: str) -> None:
    assert isinstance(strip_markup(markup), str)
