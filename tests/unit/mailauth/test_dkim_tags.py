from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.mailauth.dkim.tags import (
    MAX_TAG_LIST,
    BadTags,
    base64_value,
    number,
    parse_tags,
    quoted_printable,
    without_value,
)


@pytest.mark.parametrize(
    ("raw", "tags"),
    [
        (b"a=1", {"a": "1"}),
        (b"a=1;", {"a": "1"}),
        (b" a = 1 ;\tb\t=\t2 ; ", {"a": "1", "b": "2"}),
        (b"a=", {"a": ""}),
        (b"a= ;b=", {"a": "", "b": ""}),
        (b"a=1;\r\n b=2\r\n\t3;\r\n \r\n c=4", {"a": "1", "b": "2\t3", "c": "4"}),
        (b"a\r\n =\r\n 1", {"a": "1"}),
        (b"a_B9=x=y==", {"a_B9": "x=y=="}),
        (b"a=1;A=2", {"a": "1", "A": "2"}),
        ("d=bücher.example".encode(), {"d": "bücher.example"}),
        (b"", {}),
        (b" ", {}),
    ],
)
def test_lists(raw: bytes, tags: dict[str, str]) -> None:
    assert parse_tags(raw) == tags


@pytest.mark.parametrize(
    "raw",
    [
        b"a", b"=1", b";", b"a=1;;b=2", b";a=1", b"a=1; ;b=2", b"1a=1", b"_a=1", b"a b=1", b"a-b=1", b"a=1;b",
        b"a=1;a=2", b"a=1; a =", b"a=\0", b"a=\x7f", b"a=x\r\ny", b"a=x\ny", b"a=x\n y", b"a=x\ry", b"a=\xff",
        b"\xc3\xa9=1", b"a=\xc2\x85", b"a=1;\r\n", "a=\u2028;\x0b".encode(),
    ],
)  # fmt: skip
def test_what_is_no_list(raw: bytes) -> None:
    with pytest.raises(BadTags):
        parse_tags(raw)


def test_the_longest_list() -> None:
    assert len(parse_tags(b"a=" + b"x" * (MAX_TAG_LIST - 2))["a"]) == MAX_TAG_LIST - 2
    with pytest.raises(BadTags, match="more than"):
        parse_tags(b"a=" + b"x" * (MAX_TAG_LIST - 1))


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        (b" a=1; b=xyz; c=2\r\n", b" a=1; b=; c=2\r\n"),
        (b" a=1; b = x\r\n y \r\n\t;c=2", b" a=1; b =;c=2"),
        (b"b=x", b"b="),
        (b" bh=b=; b=x==\r\n", b" bh=b=; b="),
        (b" h=b; a=b; b=", b" h=b; a=b; b="),
        (b"\r\n b\r\n =x;", b"\r\n b\r\n =;"),
        (b"a=1", b"a=1"),
    ],
)
def test_the_value_of_b_is_deleted_and_nothing_else(raw: bytes, rest: bytes) -> None:
    assert without_value(raw, b"b") == rest


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("YWI=", b"ab"),
        ("Y W\tI =", b"ab"),
        ("", b""),
        ("YWI", None),
        ("Y!WI=", None),
        ("YWI=YWI=", None),
        ("é", None),
    ],
)
def test_base64(text: str, value: bytes | None) -> None:
    if value is not None:
        assert base64_value({"b": text}, "b") == value
    else:
        with pytest.raises(BadTags):
            base64_value({"b": text}, "b")


@pytest.mark.parametrize("text", ["", "+1", "-1", "1_0", "１", "1 0", "1" * 13, "0x1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(BadTags):
        number({"t": text}, "t", 12)


def test_numbers() -> None:
    assert number({"t": "9" * 12}, "t", 12) == 10**12 - 1
    assert number({}, "t", 12) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("alice@x.test", "alice@x.test"),
        ("a=3Bb=20 c\t=40x", "a;b c@x"),
        ("=C3=A9", "é"),
        ("a=3b", None),
        ("a=", None),
        ("a=4", None),
        ("=FF", None),
    ],
)
def test_quoted_printable(text: str, value: str | None) -> None:
    if value is not None:
        assert quoted_printable(text) == value
    else:
        with pytest.raises(BadTags):
            quoted_printable(text)


@given(st.binary(max_size=200))
def test_nothing_else_is_raised(raw: bytes) -> None:
    try:
        tags = parse_tags(raw)
    except BadTags:
        return
    assert all(tag and value == value.strip(" \t") for tag, value in tags.items())
