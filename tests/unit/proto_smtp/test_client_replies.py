"""Replies of any server: bounded, printable, the same for every cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.errors import EnhancedStatus
from postroom.proto.smtp.client_replies import MAX_KEPT, MAX_LINES, BadReply, ReplyReader
from postroom.proto.smtp.reply import Reply


def read(data: bytes, cuts: list[int] | None = None) -> list[Reply | None]:
    reader = ReplyReader([])
    got: list[Reply | None] = []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    try:
        for start, stop in itertools.pairwise(edges):
            reader.lines.feed(data[start:stop])
            while (reply := reader.reply()) is not None:
                got.append(reply)
    except BadReply:
        got.append(None)
    return got


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"250 ok\r\n", Reply(250, None, ("ok",))),
        (b"250\r\n", Reply(250, None, ("",))),
        (b"250-one\r\n250 two\r\n", Reply(250, None, ("one", "two"))),
        (b"550 5.1.1 no such user\r\n", Reply(550, EnhancedStatus(5, 1, 1), ("no such user",))),
        (b"550-5.1.1 a\r\n550 5.1.1 b\r\n", Reply(550, EnhancedStatus(5, 1, 1), ("a", "b"))),
        (b"550 4.1.1 lies\r\n", Reply(550, None, ("4.1.1 lies",))),
        (b"250 2.0.0\r\n", Reply(250, EnhancedStatus(2, 0, 0), ("",))),
        (b"550 a\x1b[2J\0\r\n", Reply(550, None, ("a\\x1b[2J\\x00",))),
        (b"550 \xff\xc3\xbc\r\n", Reply(550, None, ("\\xffü",))),
        (b"550 " + b"x" * 5000 + b"\r\n", Reply(550, None, ("[a line that is too long]",))),
    ],
)
def test_one_reply(data: bytes, reply: Reply) -> None:
    assert read(data * 2) == [reply, reply]
    assert read(data, list(range(len(data)))) == [reply]


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"150 x\r\n",
        b"650 x\r\n",
        b"250x\r\n",
        b"25\r\n",
        b"\r\n",
        b"250 x\n",
        b"250 a\rb\r\n",
        b"2\xb250 x\r\n",
    ],
)
def test_what_is_no_reply(data: bytes) -> None:
    assert read(data) == [None]


def test_d03_a_reply_of_many_lines_is_cut_short() -> None:
    (reply,) = read(b"250-x\r\n" * 5000 + b"250 end\r\n")
    assert reply is not None
    assert len(reply.lines) == MAX_LINES


@pytest.mark.parametrize("more", [0, 1], ids=["at the limit", "over it"])
def test_d03_a_reply_of_long_lines_is_cut_short(more: int) -> None:
    """The line that reaches the limit is the last that is kept."""
    first = MAX_KEPT // 1024 - 1 + more
    (reply,) = read((b"250-" + b"x" * 1024 + b"\r\n") * first + b"250-y\r\n250 end\r\n")
    assert reply is not None
    assert len(reply.lines) == first + (0 if more else 2)


def test_d03_a_reply_without_end_is_given_up() -> None:
    assert read(b"250-x\r\n" * 100_000) == [None]


def test_d03_a_megabyte_in_one_line() -> None:
    reader = ReplyReader([])
    for _ in range(1000):
        reader.lines.feed(b"250 " + b"x" * 1000)
        reader.reply()
    assert sum(map(len, reader.heard)) < 1000


@given(
    st.lists(
        st.sampled_from(
            [b"250 ok\r\n", b"250-a\r\n", b"\r", b"\n", b"550 5.1.1 x\r\n", b"x" * 3000, b"354 "]
        ),
        max_size=12,
    ).map(b"".join),
    st.lists(st.integers(0, 9000), max_size=8),
)
def test_cuts_never_matter(data: bytes, cuts: list[int]) -> None:
    assert read(data, cuts) == read(data)


@given(st.binary(max_size=300))
def test_whatever_comes_is_a_reply_or_refused_and_prints(data: bytes) -> None:
    for reply in read(data + b"\r\n"):
        assert reply is None or (200 <= reply.code < 600 and reply.text.isprintable())
