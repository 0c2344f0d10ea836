"""The words in which BODY and TEXT look."""

import pytest

from postroom.message.summary.searched_text import (
    DIVIDER,
    MAX_INDEXED,
    PARTLY,
    indexed_form,
    searched,
    values,
)

MIXED = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Folded: one\r\n\t two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
    b"--b\r\nContent-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n8NLJ18XU\r\n"
    b"--b\r\nContent-Type: text/html\r\nContent-Id: <part>\r\n\r\n<b>bold</b> &amp; <script>hidden</script>\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner words\r\n"
    b"--b\r\nContent-Disposition: attachment\r\nContent-Type: text/plain\r\n\r\nattached words\r\n"
    b"--b\r\nContent-Type: image/png\r\n\r\nsecret\r\n--b--\r\n"
)


def test_header_and_body():
    found = searched(MIXED)
    assert "Subject: Grüße\nX-Folded: one two" in found.header
    assert "Content-Id: <part>" in found.header
    assert "inner" not in found.header
    for words in ("Привет", "bold &", "Subject: inner", "inner words", "attached words"):
        assert words in found.body
    for words in ("hidden", "secret", "preamble", "Grüße", "<b>"):
        assert words not in found.body
    assert found.whole


def test_attributes_that_are_shown_are_words():
    """RFC 8621 §4.4.1."""
    html = b"<p>fun<img src=no.png ALT='a &amp; b' title = \"two  words\">ny <i title=one>x</i><script title=no>y.title='no'</script><a data-title=no href='?alt=no'>"
    found = searched(b"Content-Type: text/html\r\n\r\n" + html).body
    assert found == "funny x\na & b\ntwo words\none"


def test_values_of_a_field():
    assert values(MIXED, "x-folded") == ["one two"]
    assert values(MIXED, "subject") == ["Grüße"]
    assert values(MIXED, "x-none") == []
    assert values(MIXED, "ß") == []


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("a@b,=?utf-8?q?J=C3=B6rg?=<c@d>", "a@b,=?utf-8?q?J=C3=B6rg?=<c@d> J\u00f6rg"),
        ('"J\\"org" <c @ d>', '"J\\"org" <c @ d> J"org c@d'),
        ("=?utf-8?q?=C3=A4?=:a@b;", "=?utf-8?q?=C3=A4?=:a@b; \u00e4"),
        ('"Two  words" <a@b>', '"Two words" <a@b>'),
        ('"Two" words <a@b>', '"Two" words <a@b> Two words'),
        ('Two "words" <a@b>', 'Two "words" <a@b> Two words'),
        ('"Two" <a@b>, "words" <c@d>', '"Two" <a@b>, "words" <c@d>'),
        ('"a"@b', '"a"@b a@b'),
    ],
)
def test_people_are_found_by_the_names_that_are_shown(field: str, told: str):
    """What RFC 2047 \u00a75 (3) calls no encoded-word is one to readers of addresses."""
    raw = f"To: {field}\r\nX-To: {field}\r\n\r\n".encode()
    assert values(raw, "to") == [told]
    assert searched(raw).header == f"To: {told}\nX-To: {values(raw, 'x-to')[0]}"


def test_the_form_for_the_index():
    header, divider, body = indexed_form(MIXED).partition(DIVIDER)
    assert divider
    assert header == searched(MIXED).header
    assert body == searched(MIXED).body
    dirty = indexed_form(b"Subject: a\x1d\x1cb\r\n\r\n\x1c\x1d\r\n")
    assert dirty.count(DIVIDER) == 1
    assert "\x1c" not in dirty


@pytest.mark.parametrize("more", [0, 1])
def test_what_the_index_keeps_is_bounded(more):
    head = b"Subject: x\r\n\r\n"
    size = MAX_INDEXED - len("Subject: x") - 1 + more
    form = indexed_form(head + b"y" * size)
    assert form.startswith(PARTLY) is bool(more)
    assert len(form) <= MAX_INDEXED + 100
    assert searched(head + b"y" * size).body.count("y") == size


def test_an_endless_header_is_cut_too():
    raw = b"".join(b"X-%d: %b\r\n" % (number, b"z" * 90) for number in range(9000)) + b"\r\nbody\r\n"
    form = indexed_form(raw)
    assert form.startswith(PARTLY)
    assert DIVIDER in form
    assert len(form) <= MAX_INDEXED + 100
