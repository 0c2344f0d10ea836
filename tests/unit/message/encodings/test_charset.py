from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.encodings import charset
from postroom.message.encodings.charset import Decoded, codec, decode, decode_html, header_text, visible


@pytest.mark.parametrize(
    ("data", "declared", "text", "problem"),
    [
        (b"plain", None, "plain", False),
        (b"plain", "us-ascii", "plain", False),
        (b"caf\xc3\xa9", "utf-8", "caf\u00e9", False),
        (b"caf\xc3\xa9", "UTF8", "caf\u00e9", False),
        (b"caf\xe9", "Latin1", "caf\u00e9", False),
        (b"\x93x\x94", "iso-8859-1", "\u201cx\u201d", False),
        (b"\xd6\xd0", "gb2312", "\u4e2d", False),
        (b"\xd0\xcf\xcf", "KOI8-R", "\u043f\u043e\u043e", False),
        (b"\x1b$BF|K\\\x1b(B", "ISO-2022-JP", "\u65e5\u672c", False),
        (b"caf\xc3\xa9", "us-ascii", "caf\u00e9", True),
        (b"caf\xc3\xa9", "x-nope", "caf\u00e9", True),
        (b"nyvpr", "rot13", "nyvpr", True),
        (b"6162", "hex", "6162", True),
        (b"caf\xe9", "utf-8", "caf\u00e9", True),
        (b"caf\xe9", "ANSI_X3.4-1968", "caf\u00e9", True),
        (b"\xc3\xa9t\xc3\xa9 cut \xc3", "utf-8", "\u00e9t\u00e9 cut \ufffd", True),
        (b"\x81", "x-nope", "\ufffd", True),
        (b"\xd6\xd0\xff\xff", "gb2312", "\u4e2d\ufffd\ufffd", True),
        (
            "\u039a\u03b1\u03bb\u03ae".encode("iso8859-7") + b"\xd2",
            "ISO-8859-7",
            "\u039a\u03b1\u03bb\u03ae\ufffd",
            True,
        ),
        (b"\x1b$BF|K", "iso-2022-jp", "\u65e5\ufffd", True),
        (b"\x1b$BF|)!K\\\x1b(B.", "iso-2022-jp", "\u65e5\ufffd\u672c.", True),
        (b"\x1b$B-jF|K\\\x1b(B", "iso-2022-jp", "\u3231\u65e5\u672c", False),
        (b"\xad\xea\xc6\xfc\xcb\xdc", "euc-jp", "\u3231\u65e5\u672c", False),
        (b"\xad\xea\xff\xc6\xfc", "euc-jp", "\u3231\ufffd\u65e5", True),
        (b"~{VPN", "hz-gb-2312", "\u4e2d\ufffd", True),
        (b"Gr+APwA3", "utf-7", "Gr\u00fc\ufffd", True),
        (b"caf\xc3\xa9", "iso-2022-jp", "caf\u00e9", True),
        (b"", "utf-16", "", False),
        (b"+2AA-", "utf-7", "\ufffd", False),
    ],
)
def test_decode(data: bytes, declared: str | None, text: str, problem: bool) -> None:
    assert decode(data, declared) == Decoded(text, problem)


@pytest.mark.parametrize(
    ("declared", "meta", "written", "text"),
    [
        (None, '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r", "Привет"),
        (None, "<META CHARSET = 'big5'/>", "big5", "漢字"),
        (None, "<meta charset=iso-2022-jp>", "iso2022-jp", "日本"),
        (None, "<meta charset=koi8-r>", "utf-8", "Привет"),  # a relay has made it UTF-8, and not told
        (None, "<meta charset=utf-16>", "utf-8", "Привет"),
        (None, "<meta charset=utf-7>", "ascii", "+AGE-"),
        (None, "<meta charset=rot13>", "ascii", "uryyb"),
        (None, " " * 5000 + "<meta charset=big5>", "cp1252", "é"),
        ("iso-8859-1", "<meta charset=koi8-r>", "iso8859-1", "é"),
    ],
)
def test_what_html_says_itself(declared: str | None, meta: str, written: str, text: str) -> None:
    data = f"<html><head>{meta}</head>{text}".encode(written)
    assert decode_html(data, declared).text.endswith(f"</head>{text}")
    assert decode_html(data + text.encode(written)[:1], declared).text.startswith(
        f"<html><head>{meta}</head>{text}"
    )


def test_every_known_name_is_a_codec_of_text() -> None:
    for name in charset._NAMES:
        assert codecs.lookup(name)._is_text_encoding


@pytest.mark.parametrize(
    "name",
    [
        "rot13",
        "rot_13",
        "hex",
        "zlib",
        "base64",
        "quopri",
        "uu",
        "idna",
        "punycode",
        "unicode_escape",
        "",
        "x" * 1000,
    ],
)
def test_other_codecs_are_unknown(name: str) -> None:
    assert codec(name) is None


def test_header_text_and_visible() -> None:
    assert header_text(b"caf\xe9") == header_text(b"caf\xc3\xa9") == "caf\u00e9"
    assert visible("a\tb\0c\nd\x85e\u2028") == "a\tb\ufffdc\ufffdd\ufffde\ufffd"


@given(st.binary(), st.sampled_from(sorted(charset._CODECS)) | st.text())
def test_any_octets_become_text(data: bytes, declared: str) -> None:
    decode(data, declared).text.encode()
