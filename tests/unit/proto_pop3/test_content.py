import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.pop3.content import ContentWriter, top
from postroom.wire.dots import stuff

LETTER = b"Subject: Dinner\r\nTo: bob\r\n\r\nOne\r\n.two\r\nthree\r\n"


@pytest.mark.parametrize(
    ("message", "lines", "expected"),
    [
        (LETTER, 0, b"Subject: Dinner\r\nTo: bob\r\n\r\n.\r\n"),
        (LETTER, 2, b"Subject: Dinner\r\nTo: bob\r\n\r\nOne\r\n..two\r\n.\r\n"),
        (LETTER, 3, stuff(LETTER)),
        (LETTER, 999_999_999, stuff(LETTER)),
        (b"\r\nbody only\r\n", 0, b"\r\n.\r\n"),
        (b"Subject: header only\r\n", 5, b"Subject: header only\r\n.\r\n"),
        (b"a: b\n\nlone LF\n.\nhere", 1, b"a: b\r\n\r\nlone LF\r\n.\r\n"),
        (b"a: b\n\nlone LF\n.\nhere", 9, b"a: b\r\n\r\nlone LF\r\n..\r\nhere\r\n.\r\n"),
        (b"", 1, b".\r\n"),
    ],
)
def test_top_gives_the_header_and_so_many_lines(message: bytes, lines: int, expected: bytes) -> None:
    assert top(message, lines) == expected


@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b": "]), max_size=30), st.data())
def test_pieces_of_any_cut_give_the_same(words: list[bytes], data: st.DataObject) -> None:
    message = b"".join(words)
    lines = data.draw(st.none() | st.integers(0, 6))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(message)), max_size=6)))
    writer = ContentWriter(lines)
    starts = [0, *cuts, len(message)]
    written = b"".join(writer.write(message[a:b]) for a, b in itertools.pairwise(starts)) + writer.end()
    assert written == (stuff(message) if lines is None else top(message, lines))
    assert written.count(b"\r\n.\r\n") <= 1
    assert b"\n" not in written.replace(b"\r\n", b"")


def test_what_is_not_wanted_is_not_looked_at() -> None:
    writer = ContentWriter(1)
    assert writer.write(b"a: b\r\n\r\none\r\ntwo\r\n") == b"a: b\r\n\r\none\r\n"
    assert writer.full
    assert writer.write(b"three\r\n") == b""
    assert writer.end() == b".\r\n"
