from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.headers.header import MAX_FIELDS, Header, Wanted, extent, unfold

LETTER = b"From: alice@crepes.test\r\nSubject: a\r\n\tlong\r\n one\r\nX-A: 1\r\nx-a: 2\r\n\r\nDo you like ketchup?\r\n"


def test_fields_are_found_in_any_case_and_unfolded() -> None:
    header = Header.parse(LETTER)
    assert header.get("SUBJECT") == b"a\tlong one"
    assert header.all("x-A") == [b"1", b"2"]
    assert (header.count("X-A"), header.count("Date"), header.get("Date")) == (2, 0, None)
    assert [field.name for field in header] == [b"From", b"Subject", b"X-A", b"x-a"]
    assert LETTER[header.end :] == b"Do you like ketchup?\r\n"


@pytest.mark.parametrize(
    ("raw", "names", "body", "closed"),
    [
        (b"", [], b"", False),
        (b"\r\nbody", [], b"body", True),
        (b"\nbody", [], b"body", True),
        (
            b"Do you like ketchup?\r\nHow about pickles?\r\n",
            [],
            b"Do you like ketchup?\r\nHow about pickles?\r\n",
            False,
        ),
        (b"A: 1\r\nno colon here\r\nB: 2\r\n\r\n", [b"A"], b"no colon here\r\nB: 2\r\n\r\n", False),
        (b" From: a@b\r\n\r\n", [], b" From: a@b\r\n\r\n", False),
        (b"From\r\n : a@b\r\n\r\nx", [], b"From\r\n : a@b\r\n\r\nx", False),
        (
            b"From alice Thu Jan  1 00:00:00 1970\r\nA: 1\r\n\r\n",
            [],
            b"From alice Thu Jan  1 00:00:00 1970\r\nA: 1\r\n\r\n",
            False,
        ),
        (b"Subject : x\r\nTo\t:y\r\n\r\n", [b"Subject", b"To"], b"", True),
        (b"A: 1\nB: 2\n 3\n\nbody", [b"A", b"B"], b"body", True),
        (b"A: 1", [b"A"], b"", False),
        (b"A: 1\r\n", [b"A"], b"", False),
        (b"A: 1\r\n \t\r\nB:\r\n\r\n", [b"A", b"B"], b"", True),
        (b": x\r\n\r\n", [], b": x\r\n\r\n", False),
        (b"A\xe9: x\r\n\r\n", [], b"A\xe9: x\r\n\r\n", False),
        (b"A: a\rb\0c\r\n\r\nbody", [b"A"], b"body", True),
        (b"A: 1\r\n\r\r\nbody", [b"A"], b"\r\r\nbody", False),
    ],
)
def test_where_a_header_ends(raw: bytes, names: list[bytes], body: bytes, closed: bool) -> None:
    header = Header.parse(raw)
    assert [field.name for field in header] == names
    assert (raw[header.end :], header.closed) == (body, closed)
    assert bytes(header) + body == raw


def test_a_space_before_the_colon_is_the_same_field() -> None:
    assert Header.parse(b"Subject : x\r\n\r\n").get("subject") == b"x"


def test_prepend_and_remove_leave_the_rest_as_it_was() -> None:
    header = Header.parse(LETTER)
    header.prepend(b"Received: from a\r\n\tby b\r\n")
    assert header.remove("x-a") == 2
    assert (
        bytes(header)
        == b"Received: from a\r\n\tby b\r\nFrom: alice@crepes.test\r\nSubject: a\r\n\tlong\r\n one\r\n\r\n"
    )


@pytest.mark.parametrize(
    "field", [b"", b"A: 1", b"A: 1\n", b"A: 1\r\nB: 2\r\n", b"A: 1\r\n\r\n", b" A: 1\r\n", b"A b: 1\r\n"]
)
def test_prepend_takes_one_whole_field_only(field: bytes) -> None:
    with pytest.raises(ValueError, match="not one header field"):
        Header.parse(LETTER).prepend(field)


@pytest.mark.parametrize(
    ("raw", "closed"),
    [
        (b"text", b"\r\n"),
        (b"A: 1\r\ntext", b"A: 1\r\n\r\n"),
        (b"A: 1", b"A: 1\r\n\r\n"),
        (b"A: 1\r\n\r\ntext", b"A: 1\r\n\r\n"),
    ],
)
def test_close_ends_a_header_that_runs_into_the_text(raw: bytes, closed: bytes) -> None:
    header = Header.parse(raw)
    header.close()
    assert (bytes(header), header.closed) == (closed, True)


def test_what_is_beyond_the_limit_is_kept_and_not_parsed() -> None:
    raw = b"A: 1\r\n" + b"X: " + b"y" * 100 + b"\r\n z\r\nB: 2\r\n\r\nbody"
    header = Header.parse(raw, limit=112)
    assert [field.name for field in header] == [b"A"]
    assert (header.truncated, header.closed, raw[header.end :]) == (True, True, b"body")
    assert bytes(header) + b"body" == raw


def test_a_field_of_ten_megabytes_and_a_hundred_thousand_fields() -> None:
    for block in (b"X: " + b"y" * 10_000_000 + b"\r\n", b"X-A: 1\r\n" * 100_000):
        raw = block + b"Subject: late\r\n\r\nbody"
        header = Header.parse(raw)
        assert (header.truncated, raw[header.end :], len(header) <= MAX_FIELDS) == (True, b"body", True)
        assert bytes(header) + b"body" == raw


def test_a_header_inside_other_octets() -> None:
    raw = b"zzz\r\nA: 1\r\nB: 2\r\n"
    header = Header.parse(raw, 5, stop=11)
    assert ([field.raw for field in header], header.start, header.end) == ([b"A: 1\r\n"], 5, 11)


def test_wanted_finds_the_first_of_each_and_names_what_is_repeated() -> None:
    raw = b"To: x\r\nSubject : one\r\n two\r\nX-To: z\r\nsubject: other\r\n\r\nSubject: body\r\n"
    found, repeated = Wanted("subject", "to", "cc").find(raw, extent(raw))
    assert found == {b"to": b"x", b"subject": b"one two"}
    assert repeated == {b"subject"}


def test_unfold_takes_out_line_ends_only() -> None:
    assert unfold(b" a\r\n  b\r\n\tc\r\n") == b"a  b\tc"


LINES = st.lists(
    st.sampled_from(
        [b"A: 1\r\n", b"Bc :2\n", b" more\r\n", b"\tx\n", b"\r\n", b"\n", b"text\r\n", b"\r", b"\0:", b":\n"]
    )
)


@given(st.one_of(LINES.map(b"".join), st.binary()), st.integers(1, 64))
def test_parse_then_write_is_the_identity(raw: bytes, limit: int) -> None:
    for header in (Header.parse(raw), Header.parse(raw, limit=limit)):
        assert bytes(header) + raw[header.end :] == raw
        where = extent(raw)
        assert where.start <= where.fields <= where.end <= len(raw)
