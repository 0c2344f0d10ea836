"""What strangers say cannot move the cursor, turn the line round or add one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.printable import MAX_LINE, printable, printable_ascii


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("550 no such user", "550 no such user"),
        ("550 a\r\nBcc: x", r"550 a\x0d\x0aBcc: x"),
        (b"\x1b[2J\0", r"\x1b[2J\x00"),
        ("cv\u202efdp.exe", r"cv\u202efdp.exe"),
        ("größe", "größe"),
        (b"gr\xf6\xdfe", r"gr\xf6\xdfe"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        (b"a" * 5000, "a" * (MAX_LINE - 3) + "..."),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown


def test_ascii_only():
    assert printable_ascii("größe\n") == r"gr\xf6\xdfe\x0a"
    assert len(printable_ascii("\U0001f600" * 500, 500)) == 500


@given(st.text() | st.binary())
def test_always_one_plain_line(text):
    shown = printable(text)
    assert not any(
        ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in shown
    )
    assert printable_ascii(text).isascii()
    shown.encode()
