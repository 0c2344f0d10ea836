from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.message.headers.parameters import (
    MAX_PARAMETERS,
    decode_parameters,
    format_parameter,
    parse_parameters,
)


@pytest.mark.parametrize(
    ("field", "value", "parameters"),
    [
        (b"text/plain", "text/plain", {}),
        (
            b"text/plain; charset=us-ascii (Plain text)",
            "text/plain",
            {"charset": "us-ascii"},
        ),  # RFC 2045 §5.1
        (b'text/plain; charset="us-ascii"', "text/plain", {"charset": "us-ascii"}),
        (b"multipart/mixed; boundary=98766789", "multipart/mixed", {"boundary": "98766789"}),
        (
            b"text/plain; charset=UTF-8;\tformat=flowed",
            "text/plain",
            {"charset": "UTF-8", "format": "flowed"},
        ),
        (b'a/b; X = "q \\" \\\\ ; =" ; y=', "a/b", {"x": 'q " \\ ; =', "y": ""}),
        (b"a/b; name=my file.pdf; n2=a/b?c=d", "a/b", {"name": "my file.pdf", "n2": "a/b?c=d"}),
        (b"a/b ;; x=1;;y=2;", "a/b", {"x": "1", "y": "2"}),
        (b"(c) a/b (d; z=1) ; x=(e)1(f)", "a/b", {"x": "1"}),
        (b'a/b; x="(kept)"', "a/b", {"x": "(kept)"}),
        (b"a/b; junk; x=1", "a/b", {"x": "1"}),
        (b'a/b; x="open; y=2', "a/b", {"x": "open; y=2"}),
        (b"a/b; x=1; x=2", "a/b", {"x": "1"}),
        (b"", "", {}),
        (b"; x=1", "", {"x": "1"}),
        # RFC 2231 §3 and §4, §4.1
        (
            b'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"',
            "message/external-body",
            {"access-type": "URL", "url": "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"},
        ),
        (
            b"application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
            "application/x-stuff",
            {"title": "This is ***fun***"},
        ),
        (
            b"application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
            "application/x-stuff",
            {"title": "This is even more ***fun*** isn't it!"},
        ),
        # odd
        (b"attachment; filename=plain; filename*=utf-8''%c3%a9", "attachment", {"filename": "\u00e9"}),
        (b"attachment; filename*=utf-8''%c3%a9; filename=plain", "attachment", {"filename": "\u00e9"}),
        (b'attachment; filename="=?utf-8?q?=C3=A9?="', "attachment", {"filename": "\u00e9"}),
        (b"a; t*1=b; t*0=a; t*3=d", "a", {"t": "ab"}),
        (b"a; t*1=b", "a", {}),
        (b"a; t*=no quotes%41", "a", {"t": "no quotesA"}),
        (b"a; t*=x-nope''%41%zz", "a", {"t": "A%zz"}),
        (b"a; t*0*=utf-8''%c3; t*1*=%a9", "a", {"t": "\u00e9"}),
        (b"a; t*=utf-8''a%0Ab%00", "a", {"t": "a\ufffdb\ufffd"}),
    ],
)
def test_parse_and_decode(field: bytes, value: str, parameters: dict[str, str]) -> None:
    parsed = parse_parameters(field)
    assert (parsed.value, decode_parameters(parsed.parameters)) == (value, parameters)


@pytest.mark.parametrize(
    "unit", [b" name*N=a;", b" n=a;", b" name*0=a;", b' n="', b";", b"=", b" a\\", b"(", b'"(', b"\\"]
)
def test_thousands_of_parameters(unit: bytes) -> None:
    assert len(parse_parameters(b"text/plain;" + unit * 100_000).parameters) <= MAX_PARAMETERS


def test_get_takes_the_first() -> None:
    assert parse_parameters(b"a/b; x=1; x=2").get("x") == "1"
    assert parse_parameters(b"a/b").get("x") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("utf-8", ["n=utf-8"]),
        ("a b.pdf", ['n="a b.pdf"']),
        ('a"\\', ['n="a\\"\\\\"']),
        ("", ['n=""']),
        ("\u00e9", ["n*=utf-8''%C3%A9"]),
        ("=?utf-8?q?a?=", ["n*=utf-8''%3D%3Futf-8%3Fq%3Fa%3F%3D"]),
        ("a\r\nX: y", ["n*=utf-8''a%0D%0AX%3A%20y"]),
    ],
)
def test_format(value: str, expected: list[str]) -> None:
    assert format_parameter("n", value) == expected


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
@example("=?utf-8?q?invoice.exe?=")
def test_format_then_parse_is_the_identity(value: str) -> None:
    lines = format_parameter("filename", value)
    assert all(len(line) <= 76 and line.isascii() for line in lines)
    parsed = parse_parameters("attachment; " + ";\r\n\t".join(lines))
    assert decode_parameters(parsed.parameters) == {"filename": value}


@given(
    st.lists(st.sampled_from([*"\";=*\\() '%", "a", "0", "1", "name*0*=", "utf-8''", "\n"]), max_size=40).map(
        "".join
    )
)
def test_any_text_gives_parameters(text: str) -> None:
    assert isinstance(decode_parameters(parse_parameters(text).parameters), dict)
