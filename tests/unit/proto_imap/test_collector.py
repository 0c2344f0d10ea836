"""Commands as they are collected before anybody reads them: what is held of one that is refused, and for how long it is listened to."""

import sys

from postroom.proto.imap.collector import Collector, Refused
from postroom.proto.imap.config import Limits
from postroom.wire.lines import LineBuffer

LIMITS = Limits(line_before_login=100, discarded=1_000)


def collector() -> tuple[Collector, LineBuffer]:
    return Collector(LIMITS), LineBuffer(LIMITS.line_before_login)


def held(collecting: Collector) -> int:
    return sum(map(sys.getsizeof, collecting._parts))


def test_nothing_is_held_of_a_command_that_is_refused() -> None:
    collecting, lines = collector()
    lines.feed(b"a NOOP {101+}\r\n" + b"x" * 101)
    assert collecting.next(lines) is None
    for _ in range(9):
        lines.feed(b"y" * 80 + b"{0+}\r\n")
        assert collecting.next(lines) is None
        assert held(collecting) == 0
    lines.feed(b"\r\nb NOOP\r\n")
    refused = collecting.next(lines)
    assert isinstance(refused, Refused)
    assert (refused.start, refused.code, refused.fatal) == (b"a NOOP {101+}", "TOOBIG", False)
    assert collecting.next(lines) == b"b NOOP"


def test_a_refused_command_without_an_end_ends_the_connection() -> None:
    collecting, lines = collector()
    lines.feed(b"a NOOP {101+}\r\n" + b"x" * 101)
    assert collecting.next(lines) is None
    for _ in range(20):
        lines.feed(b"y" * 80 + b"{0+}\r\n")
        if (refused := collecting.next(lines)) is not None:
            break
    assert isinstance(refused, Refused)
    assert refused.fatal


def test_a_huge_literal_behind_a_refused_one_ends_the_connection() -> None:
    collecting, lines = collector()
    lines.feed(b"a NOOP {101+}\r\n" + b"x" * 101 + b"{99999999999999999999+}\r\n")
    refused = collecting.next(lines)
    assert isinstance(refused, Refused)
    assert (refused.start, refused.fatal) == (b"a NOOP {101+}", True)


def test_a_faulty_line_within_a_refused_command_is_answered_as_that() -> None:
    collecting, lines = collector()
    lines.feed(b"a NOOP {101+}\r\n" + b"x" * 101 + b"y\n")
    refused = collecting.next(lines)
    assert isinstance(refused, Refused)
    assert refused.start == b"a NOOP {101+}"
