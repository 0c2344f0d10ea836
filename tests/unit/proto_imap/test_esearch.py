"""Results as they are counted, cut, and written."""

from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.imap.commands.searching import Returns
from postroom.proto.imap.esearch import (
    AT_ONCE,
    Correlation,
    Result,
    extended,
    in_order,
    one_by_one,
    plain,
    window,
)

NUMBERS = st.lists(st.integers(1, 40), unique=True)


def expanded(ranges):
    return [number for first, last in ranges for number in range(first, last + 1)]


@given(NUMBERS)
def test_order_is_kept(numbers):
    ranges = in_order(numbers)
    assert expanded(ranges) == numbers
    assert all(first <= last for first, last in ranges)


@given(NUMBERS, st.integers(1, 50), st.integers(1, 50))
def test_a_window(numbers, first, last):
    low, high = min(first, last), max(first, last)
    assert expanded(window(in_order(numbers), low, high)) == numbers[low - 1 : high]
    result = Result(in_order(numbers))
    assert expanded(result.part(first, last)) == numbers[low - 1 : high]
    assert expanded(result.part(-first, -last)) == numbers[::-1][low - 1 : high][::-1]


@given(NUMBERS, st.integers(0, 9))
def test_a_plain_response(numbers, modseq):
    words = [b"*", b"SEARCH", *(b"%d" % number for number in numbers)]
    end = b" (MODSEQ %d)" % modseq if modseq else b""
    said = b" ".join(words) + end + b"\r\n"
    assert b"".join(plain(b"SEARCH", Result(in_order(numbers), modseq))) == said
    assert b"".join(one_by_one(b"SEARCH", numbers, modseq)) == said


def test_long_responses_come_in_pieces():
    numbers = range(1, 4 * AT_ONCE, 2)
    pieces = list(plain(b"SEARCH", Result(in_order(numbers))))
    assert b"".join(pieces) == b"* SEARCH " + b" ".join(b"%d" % number for number in numbers) + b"\r\n"
    assert max(map(len, pieces)) < 13 * AT_ONCE
    assert len(pieces) < 10
    assert b"".join(one_by_one(b"SEARCH", numbers)) == b"".join(pieces)
    assert max(map(len, one_by_one(b"SEARCH", numbers))) < 13 * AT_ONCE
    shown = list(extended(Correlation(b"x", by_uid=False), Result(in_order(numbers)), Returns()))
    assert b"".join(shown).count(b",") == len(numbers) - 1
    whole = list(plain(b"SEARCH", Result([(1, 3 * AT_ONCE)])))
    assert b"".join(whole).count(b" ") == 3 * AT_ONCE + 1
    assert max(map(len, whole)) < 13 * AT_ONCE


def test_a_tag_that_needs_quotes():
    assert Correlation(b'a"b', by_uid=True).render() == b'ESEARCH (TAG "a\\"b") UID'
