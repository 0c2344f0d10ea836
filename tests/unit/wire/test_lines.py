"""Lines: CRLF only, bounded, and the same for every cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.wire.lines import LineBuffer, LineFault

LIMIT = 12
PIECES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"NOOP", b"x" * 9, b"y" * 30]), max_size=20)
CUTS = st.lists(st.integers(0, 200), max_size=10)


def lines(data: bytes, cuts: list[int], limit: int = LIMIT) -> list[bytes | LineFault]:
    buffer = LineBuffer(limit)
    got: list[bytes | LineFault] = []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, stop in itertools.pairwise(edges):
        buffer.feed(data[start:stop])
        while (line := buffer.line()) is not None:
            got.append(line)
    return got


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"NOOP\r\nQUIT\r\n", [b"NOOP", b"QUIT"]),
        (b"\r\n", [b""]),
        (b"NOOP\r", []),
        (b"NOOP\n", [LineFault.BARE_LF]),
        (b"RSET\nQUIT\r\nNOOP\r\n", [LineFault.BARE_LF, LineFault.BARE_LF, b"NOOP"]),
        (b"RSET\rQUIT\r\nNOOP\r\n", [LineFault.BARE_CR, b"NOOP"]),
        (b"\r\r\n", [LineFault.BARE_CR]),
        (b"x" * 10 + b"\r\n", [b"x" * 10]),
        (b"x" * 11 + b"\r\nNOOP\r\n", [LineFault.TOO_LONG, b"NOOP"]),
        (b"x" * 999 + b"\r\nNOOP\r\n", [LineFault.TOO_LONG, b"NOOP"]),
        (b"x" * 999, [LineFault.TOO_LONG]),
        (b"x" * 999 + b"\nQUIT\r\nNOOP\r\n", [LineFault.TOO_LONG, LineFault.BARE_LF, b"NOOP"]),
        (b"\n\n", [LineFault.BARE_LF, LineFault.BARE_LF]),
    ],
)
def test_lines_and_faults_whole_and_octet_by_octet(data: bytes, expected: list[bytes | LineFault]) -> None:
    if len(data) < 900 or data.endswith(b"\n"):
        assert lines(data, []) == expected
    assert lines(data, list(range(len(data)))) == expected


@given(PIECES.map(b"".join), CUTS)
def test_cuts_never_matter(data: bytes, cuts: list[int]) -> None:
    assert lines(data, cuts) == lines(data, list(range(len(data))))


@given(st.lists(st.binary(max_size=9).filter(lambda line: b"\r" not in line and b"\n" not in line)), CUTS)
def test_good_lines_come_through(expected: list[bytes], cuts: list[int]) -> None:
    assert lines(b"".join(line + b"\r\n" for line in expected), cuts) == expected


def test_a_line_without_end_is_not_kept() -> None:
    buffer = LineBuffer(2048)
    faults = []
    for _ in range(1000):
        buffer.feed(b"z" * 1000)
        faults.append(buffer.line())
        assert sum(map(len, (buffer._data, *buffer._partial, *buffer._incoming))) <= 2048
    assert [fault for fault in faults if fault] == [LineFault.TOO_LONG]
    assert buffer.start == b"z" * 16


@given(PIECES, st.lists(st.integers(0, 9), max_size=30))
def test_octets_come_out_in_order_by_any_of_the_ways(pieces: list[bytes], ways: list[int]) -> None:
    buffer, got, fed = LineBuffer(1000), b"", b""
    for piece, way in zip(pieces, ways, strict=False):
        buffer.feed(piece)
        fed += piece
        if way == 0:
            got += buffer.rest()
        elif way == 1:
            rest = buffer.rest()
            got += rest[:3]
            buffer.unread(rest[3:])
        elif way > 4:
            got += buffer.take(way)
    while data := buffer.take(7):
        got += data
    assert got == fed
    assert not buffer.pending


def test_octets_can_be_taken_after_an_unfinished_line() -> None:
    buffer = LineBuffer(100)
    buffer.feed(b"abc")
    assert buffer.line() is None
    assert buffer.pending
    buffer.feed(b"def")
    assert (buffer.take(4), buffer.rest(), buffer.pending) == (b"abcd", b"ef", False)
