"""What a filter's changes make of a message."""

from __future__ import annotations

import pytest

from postroom.message.headers.header import Header
from postroom.proto.milter.changes import BadMilter, BodyReplaced, Change, HeaderAdded, HeaderChanged
from postroom.proto.milter.editing import MOST_FIELD, changed_body, changed_fields, header_data

HEAD = b"From: a@b.test\r\nX-A:  one\r\nSubject: long\r\n line\r\nX-A: two\r\n\r\n"


def edited(*changes: Change, spaced: bool = False) -> bytes:
    return changed_fields(list(Header.parse(HEAD)), changes, leading_space=spaced)


def test_fields_as_a_filter_sees_them() -> None:
    fields = list(Header.parse(HEAD))
    assert [header_data(field, leading_space=False) for field in fields] == [
        b"From\0a@b.test\0",
        b"X-A\0 one\0",
        b"Subject\0long\n line\0",
        b"X-A\0two\0",
    ]
    assert header_data(fields[1], leading_space=True) == b"X-A\0  one\0"


def test_nothing_changed_is_octet_for_octet() -> None:
    assert edited() == HEAD[:-2]


def test_added() -> None:
    assert edited(HeaderAdded(b"X-B", b"three")).endswith(b"X-A: two\r\nX-B: three\r\n")
    assert edited(HeaderAdded(b"X-B", b"top", 0)).startswith(b"X-B: top\r\nFrom:")
    # The Received field of the server counts, which filters are not shown: 1 is the place right below it.
    assert edited(HeaderAdded(b"X-B", b"top", 1)).startswith(b"X-B: top\r\nFrom:")
    assert edited(HeaderAdded(b"X-B", b"second", 2)).startswith(b"From: a@b.test\r\nX-B: second\r\n")
    both = edited(HeaderAdded(b"X-B", b"above Received", 0), HeaderAdded(b"X-C", b"below it", 2))
    assert both.startswith(b"X-B: above Received\r\nX-C: below it\r\nFrom:")
    assert edited(HeaderAdded(b"X-B", b"last", 99)).endswith(b"X-B: last\r\n")
    assert edited(HeaderAdded(b"X-B", b" as it is", 0), spaced=True).startswith(b"X-B: as it is\r\n")


def test_changed_and_taken_out() -> None:
    assert edited(HeaderChanged(b"x-a", b"other", 2)).endswith(b"x-a: other\r\n")
    assert b"X-A" not in edited(HeaderChanged(b"X-A", b"", 2), HeaderChanged(b"X-A", b"", 1))
    assert b"X-A" not in edited(HeaderChanged(b"X-A", b"", 1), HeaderChanged(b"X-A", b"", 2))  # numbers stay
    assert edited(HeaderChanged(b"X-A", b"third", 3)).endswith(b"X-A: two\r\nX-A: third\r\n")
    assert edited(HeaderChanged(b"X-C", b"", 1)) == HEAD[:-2]


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (b"a\n b", b"X: a\r\n b\r\n"),
        (b"a\r\n\tb", b"X: a\r\n\tb\r\n"),
        (b"a\nBcc: evil@b.test", b"X: a\r\n\tBcc: evil@b.test\r\n"),
        (b"a\rBcc: evil", b"X: a\r\n\tBcc: evil\r\n"),
        (b"a\n\nbody", b"X: a\r\n\t\r\n\tbody\r\n"),
        (b"a\r\n", b"X: a\r\n"),
        (b"", b"X: \r\n"),
    ],
)
def test_no_value_becomes_another_field(value: bytes, raw: bytes) -> None:
    assert edited(HeaderAdded(b"X", value, 0)).startswith(raw)


@pytest.mark.parametrize("name", [b"", b"X Y", b"X:", b"X\r\nY", b"\xc3\xbc", b"x" * 201])
def test_a_name_that_is_none(name: bytes) -> None:
    with pytest.raises(BadMilter, match="named a field"):
        edited(HeaderAdded(name, b"v"))


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_longest_field(beyond: int) -> None:
    change = HeaderAdded(b"X", b"x" * (MOST_FIELD + beyond))
    if beyond:
        with pytest.raises(BadMilter, match="65537 octets"):
            edited(change)
    else:
        assert len(edited(change)) > MOST_FIELD


def test_the_body() -> None:
    assert changed_body([]) is None
    assert changed_body([BodyReplaced(b"a\nb"), BodyReplaced(b"\r\nc\r\n")]) == b"a\r\nb\r\nc\r\n"
    assert changed_body([BodyReplaced(b"")]) == b""


def test_bare_carriage_returns_are_line_ends_however_many_there_are() -> None:
    assert changed_body([BodyReplaced(b"a\r\r\nb\rc\n\rd\r\r")]) == b"a\r\nb\r\nc\r\n\r\nd\r\n\r\n"
    assert changed_body([BodyReplaced(b"\r" * 1_000_000)]) == b"\r\n" * 1_000_000


def test_pieces_are_joined_before_line_ends_are_looked_at() -> None:
    assert changed_body([BodyReplaced(b"a\r"), BodyReplaced(b"\nb")]) == b"a\r\nb"
