"""Dot-stuffing: the end is found where it is, for any cut, and nowhere else."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.wire.dots import Stuffer, Unstuffer, has_only_crlf, is_canonical, only_crlf, plain_text, stuff

TRICKY = st.lists(
    st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"a", b"..", b"\r\n.\r\n", b"\0"]), max_size=20
).map(b"".join)
TEXT = st.lists(st.sampled_from([b"", b".", b"..", b".foo", b"a", b"hello."]), max_size=6).map(
    lambda ls: b"".join(x + b"\r\n" for x in ls)
)

LOOKALIKES = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\n.\r", b"\r.\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n\0.\r\n",
]  # fmt: skip


def unstuff(data: bytes, cuts: list[int]) -> tuple[bytes, bytes | None, bool]:
    unstuffer = Unstuffer()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, stop in itertools.pairwise(edges):
        rest = unstuffer.feed(data[start:stop])
        if rest is not None:
            return unstuffer.take(), rest + data[stop:], unstuffer.malformed
    return unstuffer.take(), None, unstuffer.malformed


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b".\r\n", b""),
        (b"hello\r\n.\r\n", b"hello\r\n"),
        (b"..\r\n..foo\r\n..\r\n.\r\n", b".\r\n.foo\r\n.\r\n"),
        (b".foo\r\n.bar\r\n.\r\n", b"foo\r\nbar\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
    ],
)
def test_the_text_of_what_was_on_the_wire(wire: bytes, text: bytes) -> None:
    for cut in range(len(wire) + 1):
        assert unstuff(wire + b"NEXT", [cut]) == (text, b"NEXT", False)


@given(TEXT, st.lists(st.integers(0, 200), max_size=8))
def test_unstuffing_undoes_stuffing_for_any_cut(text: bytes, cuts: list[int]) -> None:
    assert unstuff(stuff(text) + b"QUIT\r\n", cuts) == (text, b"QUIT\r\n", False)


@given(TRICKY, st.lists(st.integers(0, 60), max_size=8))
def test_cuts_never_matter(data: bytes, cuts: list[int]) -> None:
    whole = unstuff(data, [])
    parts = unstuff(data, cuts)
    assert parts[1] == whole[1]
    if whole[1] is not None:
        assert parts == whole


@given(TRICKY)
def test_the_end_is_the_first_crlf_dot_crlf(data: bytes) -> None:
    end = (b"\r\n" + data).find(b"\r\n.\r\n")
    _, rest, _ = unstuff(data, [])
    assert rest == (data[end + 3 :] if end >= 0 else None)


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_what_resembles_the_end_is_not_the_end_and_is_marked(lookalike: bytes) -> None:
    inner = b"MAIL FROM:<x@a.test>\r\n"
    data = b"body" + lookalike + inner + b".\r\n"
    for cut in range(len(data) + 1):
        _, rest, malformed = unstuff(data, [cut])
        assert (rest, malformed) == (b"", True)


@given(TRICKY)
def test_canonical_by_its_definition(data: bytes) -> None:
    bare = re.search(rb"\r(?!\n)|(?<!\r)\n", data)
    assert has_only_crlf(data) == (bare is None)
    assert is_canonical(data) == (bare is None and b"\0" not in data)


@given(TRICKY)
def test_line_ends_are_made_crlf(data: bytes) -> None:
    assert has_only_crlf(only_crlf(data))
    assert only_crlf(data).splitlines() == data.splitlines()


@given(TRICKY, st.lists(st.integers(0, 60), max_size=8))
def test_pieces_are_stuffed_as_the_whole_is(data: bytes, cuts: list[int]) -> None:
    stuffer = Stuffer()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = b"".join(stuffer.feed(data[start:stop]) for start, stop in itertools.pairwise(edges))
    assert pieces + stuffer.finish() == stuff(data)


@given(TRICKY)
def test_what_is_stuffed_has_one_end_for_every_reader(data: bytes) -> None:
    wire = stuff(data)
    lenient = re.findall(rb"(?:^|\r\n|\r|\n)\.(?:\r\n|\r|\n)", wire)
    assert len(lenient) == 1
    assert unstuff(wire, [])[1] == b""


def test_discarding_counts_but_keeps_nothing() -> None:
    unstuffer = Unstuffer()
    unstuffer.discard = True
    assert unstuffer.feed(b"a" * 1000 + b"\r\n.\r\n") == b""
    assert (unstuffer.size, unstuffer.waiting, unstuffer.take()) == (1002, 0, b"")


@given(TRICKY, st.sampled_from([b"", b".\r\n", b"\r\n.\r\n"]))
def test_the_short_way_is_the_long_way(data: bytes, end: bytes) -> None:
    text = plain_text(data + end)
    if text is not None:
        assert unstuff(data + end, []) == (text, b"", False)


@pytest.mark.parametrize("data", [b"", b"\r\n", b"ab\r\n", b"a\r\n", b".\r\n", b"ab\r\n\r\n"])
def test_the_short_way_wants_the_end(data: bytes) -> None:
    assert plain_text(data) is None
