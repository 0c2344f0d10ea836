"""Fields of reports, as their writers fold and comment them."""

import pytest

from postroom.message.notifications.report_fields import MAX_VALUE, text_of, typed_address


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (b"", ""),
        (b" dns; mx.l.test ", "dns; mx.l.test"),
        (b"dns;\tmx.l.test", "dns; mx.l.test"),
        (b"failed (no such user)", "failed"),
        (b"(in the middle) failed", "(in the middle) failed"),
        (b"a\x1b[2J\x07", r"a\x1b[2J\x07"),
        ("größe".encode(), "größe"),
        (rb"C:\x09", r"C:\x09"),
    ],
)
def test_text(value: bytes | None, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize("octets", [MAX_VALUE, MAX_VALUE + 1])
def test_no_more_is_read(octets: int) -> None:
    assert text_of(b"x" * octets) == "x" * MAX_VALUE


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (None, (None, "")),
        (b"bob@l.test", (None, "bob@l.test")),
        (b"RFC822 ; bob@l.test", ("rfc822", "bob@l.test")),
        (b"utf-8; b\\x{F6}b@l.test", ("utf-8", "böb@l.test")),
        (b"rfc822;", ("rfc822", "")),
        (b"utf-8; b\\x{202E}b@l.test", ("utf-8", r"b\u202eb@l.test")),
    ],
)
def test_addresses(value: bytes | None, typed: tuple[str | None, str]) -> None:
    assert typed_address(value) == typed
