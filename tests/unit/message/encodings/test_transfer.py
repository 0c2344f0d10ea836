from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.message.encodings.transfer import (
    LONGEST_LINE,
    Decoded,
    decode,
    encode,
    encode_base64,
    encode_quoted_printable,
    is_lines,
)
from postroom.wire.dots import only_crlf


@pytest.mark.parametrize(
    ("body", "octets", "problem"),
    [
        (b"", b"", False),
        (b"YQ==", b"a", False),
        (b"YW\r\nI=\r\n", b"ab", False),
        (b"YWJj\r\n", b"abc", False),
        (b"YQ==\0!!Yg==", b"ab", True),
        (b"YQ==Yg==", b"ab", True),
        (b"YQ", b"a", True),
        (b"YQ=", b"a", True),
        (b"YWJjY", b"abc", True),
        (b"YQ===", b"a", True),
        (b"Y=YWJj", b"abc", True),
        (b"YWJj=YWJj", b"abcabc", True),
        (b"AA=A", b"\0", True),
        (b"====", b"", True),
        (b"YW-_Jj", b"abc", True),
        (b"Y", b"", True),
    ],
)
def test_base64(body: bytes, octets: bytes, problem: bool) -> None:
    assert decode(body, "base64") == Decoded(octets, problem)


@pytest.mark.parametrize(
    ("body", "octets"),
    [
        # RFC 2045 §6.7: the example, and rules (1) to (5)
        (
            b"Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
            b"Now's the time for all folk to come to the aid of their country.",
        ),
        (b"=0C=3D=e9", b"\x0c=\xe9"),
        (b"a \t\r\nb  ", b"a\r\nb"),
        (b"a= \t\r\nb", b"ab"),
        (b"a=\nb \nc", b"ab\nc"),
        (b"=XY =4", b"=XY =4"),
        (b"if a==b: c===41\r\nYQ==\r\n", b"if a==b: c==A\r\nYQ==\r\n"),
        (b"end=", b"end"),
        (b"\xe9", b"\xe9"),
    ],
)
def test_quoted_printable(body: bytes, octets: bytes) -> None:
    assert decode(body, "quoted-printable").octets == octets


def test_identity_encodings_and_unknown_ones() -> None:
    assert decode(b"=41", "7bit") == Decoded(b"=41")
    assert decode(b"=41", "x-uuencode") == Decoded(b"=41", problem=True)


@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_decoding_can_stop_early(encoding: str) -> None:
    body = encode_base64(b"abc" * 10_000) if encoding == "base64" else b"abc" * 10_000
    assert decode(body, encoding, 300).octets == b"abc" * 100


@pytest.mark.parametrize(
    ("octets", "text", "eight_bit", "encoding"),
    [
        (b"Do you like ketchup?\n", True, False, "7bit"),
        (b"a" * (LONGEST_LINE + 1), True, False, "quoted-printable"),
        (b"caf\xc3\xa9, and more words", True, False, "quoted-printable"),
        (b"caf\xc3\xa9, and more words", True, True, "8bit"),
        ("\u65e5\u672c\u8a9e".encode(), True, False, "base64"),
        (b"From me\r\n", True, False, "quoted-printable"),
        (b"a\0b, and more words", True, True, "quoted-printable"),
        (b"lines\r\nof text\r\n", False, False, "7bit"),
        (b"lines\nof text\n", False, False, "base64"),
        (b"\x89PNG\r\n", False, True, "base64"),
        (b"", False, False, "7bit"),
    ],
)
def test_the_cheapest_safe_encoding(octets: bytes, text: bool, eight_bit: bool, encoding: str) -> None:
    encoded = encode(octets, text=text, eight_bit=eight_bit)
    assert encoded.encoding == encoding
    assert decode(encoded.body, encoding).octets == (only_crlf(octets) if text else octets)


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        (b"", True),
        (b"a\r\n\r\nb", True),
        (b"x" * 998, True),
        (b"x" * 999, False),
        ((b"x" * 998 + b"\r\n") * 3, True),
        (b"a\r\n" + b"x" * 999 + b"\r\nb\r\n", False),
        (b"a\nb\r\n", False),
        (b"a\rb\r\n", False),
        (b"a\r", False),
        (b"a\0\r\n", False),
    ],
)
def test_lines_and_no_lines(octets: bytes, lines: bool) -> None:
    assert is_lines(octets) is lines


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        (b"From x\r\n.\r\n..a", b"=46rom x\r\n=2E\r\n=2E.a"),
        (b"a \r\nb\t\r\n", b"a=20\r\nb=09\r\n"),
        (b"a\rb\nc=", b"a=0Db=0Ac=3D"),
        (b"x" * 77, b"x" * 75 + b"=\r\nxx"),
    ],
)
def test_quoted_printable_made(text: bytes, encoded: bytes) -> None:
    assert encode_quoted_printable(text) == encoded


TEXT = st.lists(
    st.sampled_from(
        [b"From ", b".", b" ", b"\t", b"=", b"a" * 70, b"\xc3\xa9" * 9, b"\r\n", b"\r", b"\n", b"\0", b"word"]
    )
).map(b"".join)


@example(b"=From ...==" + b"\xc3\xa9" * 9 + b"From \n")  # the standard library folds this at 77
@given(TEXT | st.binary())
def test_quoted_printable_there_and_back(text: bytes) -> None:
    encoded = encode_quoted_printable(text)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert decode(encoded, "quoted-printable").octets == text == quopri.decodestring(encoded)


@given(st.binary(max_size=400))
def test_base64_there_and_back(octets: bytes) -> None:
    encoded = encode_base64(octets)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert decode(encoded, "base64") == Decoded(octets)
    assert base64.b64decode(encoded) == octets


@given(TEXT | st.binary(), st.booleans(), st.booleans())
def test_what_is_encoded_is_safe_and_comes_back(octets: bytes, text: bool, eight_bit: bool) -> None:
    encoding, body = encode(octets, text=text, eight_bit=eight_bit)
    assert eight_bit or body.isascii()
    assert all(
        len(line) <= LONGEST_LINE and b"\r" not in line and b"\n" not in line for line in body.split(b"\r\n")
    )
    assert decode(body, encoding).octets == (only_crlf(octets) if text else octets)


@given(st.binary(), st.sampled_from(["7bit", "base64", "quoted-printable", ""]), st.integers(0, 9))
def test_any_octets_are_decoded(body: bytes, encoding: str, limit: int) -> None:
    assert len(decode(body, encoding, limit).octets) <= limit
