"""Where POP3's replies end, however they come."""

from itertools import pairwise

import pytest
from bench.pop3_load import Replies
from bench.processes import BenchError
from hypothesis import given
from hypothesis import strategies as st

TWO = b"+OK 9 octets\r\nA: b\r\n\r\n..\r\n.\r\n" + b"+OK\r\n.\r\n"


@given(st.lists(st.integers(0, len(TWO)), max_size=8))
def test_two_texts_in_any_pieces(cuts: list[int]):
    replies, sizes = Replies(), []
    edges = [0, *sorted(cuts), len(TWO)]
    for start, stop in pairwise(edges):
        replies.feed(TWO[start:stop])
        while (size := replies.text()) is not None:
            sizes.append(size)
    assert sizes == [len(TWO) - 8, 8]


def test_lines_before_a_text():
    replies = Replies()
    replies.feed(b"+OK ready\r\n+OK 1 2\r\n+OK\r\nx\r\n.\r\n")
    assert [replies.line(), replies.line(), replies.text(), replies.line()] == [
        b"+OK ready",
        b"+OK 1 2",
        11,
        None,
    ]


def test_an_error_is_no_text():
    replies = Replies()
    replies.feed(b"-ERR no such message\r\n")
    with pytest.raises(BenchError, match="no such message"):
        replies.text()
