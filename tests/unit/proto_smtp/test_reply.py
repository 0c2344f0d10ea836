"""Replies on the wire: one form, bounded lines, nothing but what prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.errors import EnhancedStatus, OverQuota
from postroom.proto.smtp.reply import MAX_LINE, Reply, printable


@pytest.mark.parametrize(
    ("reply", "wire"),
    [
        (Reply.of(250, "2.1.0", "Sender ok"), b"250 2.1.0 Sender ok\r\n"),
        (Reply.of(354, "", "Go on"), b"354 Go on\r\n"),
        (Reply.of(334, "", ""), b"334 \r\n"),
        (Reply.of(250, "", "a", "b", "c"), b"250-a\r\n250-b\r\n250 c\r\n"),
        (Reply.of(551, "5.7.1", "a", "b"), b"551-5.7.1 a\r\n551 5.7.1 b\r\n"),
        (Reply.of(550, "5.1.1", "x\r\nBcc: y\x1b\0"), b"550 5.1.1 x\\x0d\\x0aBcc: y\\x1b\\x00\r\n"),
        (Reply.of(550, "5.1.1", "ü\u202e"), b"550 5.1.1 \\xfc\\u202e\r\n"),
    ],
)
def test_on_the_wire(reply: Reply, wire: bytes) -> None:
    assert reply.wire == wire
    assert b"\r\n".join(line[1:] for line in reply.spoken) + b"\r\n" == wire


@given(st.text(max_size=2000), st.booleans())
def test_lines_are_short_and_print(text: str, utf8: bool) -> None:
    lines = Reply.of(550, "5.1.1", text, "end").render(utf8=utf8).split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) + 2 <= MAX_LINE for line in lines)
    assert all(line.decode().isprintable() and (utf8 or line.isascii()) for line in lines)
    assert [line[3:4] for line in lines] == [b"-"] * (len(lines) - 1) + [b" "]


def test_utf8_for_those_who_read_it() -> None:
    assert (
        Reply.of(250, "2.1.5", "<jürgen@l.test>").render(utf8=True)
        == "250 2.1.5 <jürgen@l.test>\r\n".encode()
    )


def test_an_error_says_what_a_peer_may_know() -> None:
    reply = Reply.failure(452, OverQuota(detail="account 7 has 12 of 10 octets"))
    assert reply == Reply(452, EnhancedStatus(4, 2, 2), ("The mailbox is full",))
    assert (reply.positive, reply.transient, reply.permanent) == (False, True, False)
    assert str(reply) == "452 4.2.2 The mailbox is full"


def test_equality_does_not_depend_on_rendering() -> None:
    one, other = Reply.of(250, "2.0.0", "Ok"), Reply.of(250, "2.0.0", "Ok")
    assert one.wire
    assert one == other


@given(st.text(max_size=50))
def test_printable_is_idempotent(text: str) -> None:
    assert printable(printable(text)) == printable(text)
