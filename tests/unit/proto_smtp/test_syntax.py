"""Paths as people and programs write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.smtp.syntax import shown, split_path, without_route


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("FROM:<a@b.test>", ("a@b.test", "")),
        ("from: <a@b.test>", ("a@b.test", "")),
        ("FROM:a@b.test", ("a@b.test", "")),
        ("FROM : a@b.test SIZE=1", ("a@b.test", "SIZE=1")),
        ("FROM:<a@b.test> SIZE=1 BODY=7BIT", ("a@b.test", " SIZE=1 BODY=7BIT")),
        ("FROM:<>", ("", "")),
        ("FROM:< a@b.test >", ("a@b.test", "")),
        ('FROM:<"a>b c"@d.test> X', ('"a>b c"@d.test', " X")),
        ('FROM:<"\\">"@d.test>', ('"\\">"@d.test', "")),
        ("FROM:<a@b.test>X", None),
        ("FROM:<a@b.test", None),
        ('FROM:<"a>@b.test', None),
        ("FROM:", None),
        ("FROM", None),
        ("TO:<a@b.test>", None),
    ],
)
def test_paths(argument: str, parts: tuple[str, str] | None) -> None:
    assert split_path(argument, "FROM") == parts


@given(st.text(alphabet='<>"\\a@ ', max_size=60))
def test_a_path_is_what_stood_between_the_brackets(text: str) -> None:
    parts = split_path(f"FROM:<{text}", "FROM")
    if parts is not None:
        path, rest = parts
        assert re.fullmatch(rf" *{re.escape(path)} *>{re.escape(rest)}", text)


@pytest.mark.parametrize("size", [200, 2000])
def test_a_path_of_quotes_takes_linear_time(size: int) -> None:
    assert split_path("FROM:<" + '"a\\' * size, "FROM") is None


@pytest.mark.parametrize(
    ("path", "mailbox"),
    [
        ("u@l.test", "u@l.test"),
        ("@a.test:u@l.test", "u@l.test"),
        ("@a.test,@b.test:u@l.test", "u@l.test"),
        ("@a.test,b.test:u@l.test", None),
        ("@:u@l.test", None),
        ("@a.test", None),
    ],
)
def test_source_routes_are_stripped(path: str, mailbox: str | None) -> None:
    assert without_route(path) == mailbox


def test_a_path_in_a_reply_is_short() -> None:
    assert shown("a\r\n") == "<a\\x0d\\x0a>"
    assert len(shown("a" * 500)) == 102
