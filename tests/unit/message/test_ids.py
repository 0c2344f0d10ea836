"""Ids as text: base32 digits behind a letter, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.ids import IdKind, id_text, parse_id


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "J0"), (31, "Jz"), (32, "J10"), (1023, "Jzz"), (1024, "J100"), ((1 << 63) - 1, "J7zzzzzzzzzzzz")],
)
def test_digits(number, text):
    assert id_text(IdKind.JOURNEY, number) == text


@given(st.integers(0, (1 << 63) - 1), st.sampled_from(IdKind))
def test_there_and_back(number, kind):
    assert parse_id(kind, id_text(kind, number).upper()) == number


@pytest.mark.parametrize("text", ["", "J", "A1", "Ji", "J 1", "J" + "z" * 13, "J" + "0" * 14])
def test_what_is_no_id(text):
    assert parse_id(IdKind.JOURNEY, text) is None
