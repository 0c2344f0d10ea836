"""Japanese as programs write it: all that the standards have, and what they have not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.encodings.encoded_words import decode
from postroom.message.encodings.japanese import WIDER

SEVEN, EIGHT = WIDER["iso2022-jp-2"], WIDER["euc-jp"]
MICROSOFTS = dict(zip("\u301c\u2016\u2212\xa2\xa3\xac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2", strict=True))


def test_every_sign_of_the_standard_is_what_it_was_but_for_six() -> None:
    for row in range(0xA1, 0xFF):
        for cell in range(0xA1, 0xFF):
            try:
                sign = bytes((row, cell)).decode("euc-jp")
            except UnicodeDecodeError:
                continue
            expected = MICROSOFTS.get(sign, sign)
            assert EIGHT(bytes((row, cell))) == expected
            assert SEVEN(b"\x1b$B" + bytes((row & 0x7F, cell & 0x7F))) == expected


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"a \x1b$B-!-j\x1b(B b", "a \u2460\u3231 b"),
        (b"\x1b$B|b\x1b(J\\", "\u9ad9\xa5"),
        (b"\x1b(I1234\x1b(B.", "\uff71\uff72\uff73\uff74."),
        (b"\x1b$B-!\r\n-\x1b(B)!", "\u2460\r\n\ufffd)!"),
        (b"\x1b$(D0!\x1b$B-!", "\u4e02\u2460"),
    ],
)
def test_seven_bits(octets: bytes, text: str) -> None:
    assert SEVEN(octets) == text


def test_eight_bits() -> None:
    assert EIGHT(b"a\xad\xa1\x8e\xb1\x8f\xb0\xa1\xff\xc6\xfc\xa1") == "a\u2460\uff71\u4e02\ufffd\u65e5\ufffd"


def test_a_company_in_a_subject() -> None:
    assert decode("=?ISO-2022-JP?B?GyRCLWpGfEtcGyhC?=") == "\u3231\u65e5\u672c"


@given(st.binary(max_size=60), st.sampled_from((b"", b"\x1b$B", b"\x1b(I", b"\x1b.A")))
def test_any_octets(octets: bytes, escape: bytes) -> None:
    for read in (SEVEN, EIGHT):
        read(octets + escape + octets).encode()
