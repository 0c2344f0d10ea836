from __future__ import annotations

import hashlib
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mailauth.dkim.canonical import MOST_AT_ONCE, BodyHash, Canon, SignedFields, relaxed_field
from postroom.message.headers.header import Header

HOSTILE = st.lists(
    st.sampled_from([b"\r\n", b"\r\n\r\n", b"\r", b"\n", b" ", b"\t", b"  ", b"a", b"b c", b".", b"\xff\0"])
).map(b"".join)


def simple(body: bytes) -> bytes:
    """RFC 6376 §3.4.3 in one go."""
    return re.sub(rb"(?:\r\n)+\Z", b"", body) + b"\r\n"


def relaxed(body: bytes) -> bytes:
    """RFC 6376 §3.4.4 in one go."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def hashed(canon: Canon, pieces: list[bytes]) -> tuple[bytes, int]:
    body = BodyHash(canon)
    for piece in pieces:
        body.feed(piece)
    return body.digest(), body.octets


def cut(octets: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(octets), *(place % (len(octets) + 1) for place in cuts)})
    return [octets[start:end] for start, end in itertools.pairwise(places)]


@given(HOSTILE, st.lists(st.integers(0, 200), max_size=6))
def test_the_streamed_hash_is_that_of_the_whole_however_it_is_cut(body: bytes, cuts: list[int]) -> None:
    for canon, whole in ((Canon.SIMPLE, simple), (Canon.RELAXED, relaxed)):
        expected = whole(body)
        assert hashed(canon, cut(body, cuts)) == (hashlib.sha256(expected).digest(), len(expected))


@given(
    HOSTILE, st.lists(st.integers(0, 200), max_size=6), st.lists(st.integers(0, 40), min_size=1, max_size=5)
)
def test_so_are_those_of_its_beginnings(body: bytes, cuts: list[int], lengths: list[int]) -> None:
    expected = relaxed(body)
    streamed = BodyHash(Canon.RELAXED)
    for length in lengths:
        streamed.want(length)
    for piece in cut(body, cuts):
        streamed.feed(piece)
    for length in lengths:
        assert streamed.digest(length) == hashlib.sha256(expected[:length]).digest()
    assert (streamed.digest(), streamed.octets) == (hashlib.sha256(expected).digest(), len(expected))


@given(HOSTILE)
def test_a_canonical_body_is_its_own_canonical_form(body: bytes) -> None:
    for canon, whole in ((Canon.SIMPLE, simple), (Canon.RELAXED, relaxed)):
        assert hashed(canon, [whole(body)]) == hashed(canon, [body])


@given(HOSTILE.filter(lambda value: b"\n" not in value.replace(b"\r\n", b"")))
def test_a_relaxed_field_is_its_own_relaxed_form(value: bytes) -> None:
    once = relaxed_field(b"Subject", value)
    assert relaxed_field(b"subject", once.partition(b":")[2]) == once
    assert not re.search(rb"\t|  |\r\n| \Z|: ", once)


def test_a_piece_longer_than_one_go_is_the_same_as_short_ones() -> None:
    body = (b"a  \t b \r\n" + b"\r\n" * 3 + b" \t" * 50) * (MOST_AT_ONCE // 50) + b"\r\n" * MOST_AT_ONCE
    assert len(body) > 2 * MOST_AT_ONCE
    expected = relaxed(body)
    assert hashed(Canon.RELAXED, [body]) == (hashlib.sha256(expected).digest(), len(expected))
    assert hashed(Canon.SIMPLE, [body])[0] == hashlib.sha256(simple(body)).digest()


def test_many_blank_lines_that_something_follows() -> None:
    body = b"a" + b"\r\n" * 10_001 + b"b\r\n"
    pieces = [body[start : start + 1001] for start in range(0, len(body), 1001)]
    assert hashed(Canon.SIMPLE, pieces)[0] == hashlib.sha256(body).digest()
    assert hashed(Canon.RELAXED, pieces)[0] == hashlib.sha256(body).digest()


@pytest.mark.parametrize("run", [b" ", b"\t", b"\r\n", b"\r", b"\n", b" \r\n", b"\r\r\n", b"\n\r\n", b" \r"])
def test_long_runs_are_linear(run: bytes) -> None:
    """A megabyte of one thing, in pieces: what is quadratic does not end within the test's time."""
    body = run * (1_000_000 // len(run))
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    assert hashed(Canon.RELAXED, pieces) == hashed(Canon.RELAXED, [body])
    assert hashed(Canon.SIMPLE, pieces) == hashed(Canon.SIMPLE, [body])


HEADER = Header.parse(
    b"Received: <A>\r\nreceived : <B>\r\nRECEIVED:\r\n <C>\r\nSubject:  x \x0b y\r\nFrom: a@b\r\n\r\n"
)


@pytest.mark.parametrize(
    ("names", "own", "chosen"),
    [
        (b"received", -1, b"received:<C>\r\n"),
        (b"received:received", -1, b"received:<C>\r\nreceived:<B>\r\n"),
        (b"received:from:received", -1, b"received:<C>\r\nfrom:a@b\r\nreceived:<B>\r\n"),
        (
            b"received:received:received:received:received",
            -1,
            b"received:<C>\r\nreceived:<B>\r\nreceived:<A>\r\n",
        ),
        (b"received:received", 1, b"received:<C>\r\nreceived:<A>\r\n"),
        (b"cc:cc:subject:bcc", -1, b"subject:x \x0b y\r\n"),
        (b"subject:subject:subject", -1, b"subject:x \x0b y\r\n"),
    ],
)
def test_fields_of_one_name_are_chosen_from_the_bottom_up(names: bytes, own: int, chosen: bytes) -> None:
    fields = SignedFields(HEADER)
    assert b"".join(fields.chosen(tuple(names.split(b":")), Canon.RELAXED, own)) == chosen


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        (b"SUBJect: AbC\r\n", b"subject:AbC"),
        (b"Subject \t:\t a \t b\r\n\t \r\n c \t\r\n", b"subject:a b c"),
        (b"Subject:\r\n\r\n"[:-2], b"subject:"),
        (b"Subject: a\x0b\x0c b\xa0\r\n", b"subject:a\x0b\x0c b\xa0"),
        (b"Subject: a\rb\r\n", b"subject:a\rb"),
    ],
)
def test_relaxed_fields(raw: bytes, canonical: bytes) -> None:
    assert SignedFields(Header.parse(raw)).canonical(0, Canon.RELAXED) == canonical + b"\r\n"


def test_a_field_that_ends_the_message_ends_with_crlf() -> None:
    fields = SignedFields(Header.parse(b"A: 1\r\nB: 2"))
    assert fields.canonical(1, Canon.SIMPLE) == b"B: 2\r\n"
    assert fields.canonical(1, Canon.RELAXED) == b"b:2\r\n"
