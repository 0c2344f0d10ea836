"""Ids as text: base32 digits behind a letter, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.ids import IdKind, id_text, is_own_form, parse_id


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "J0"), (31, "Jz"), (32, "J10"), (1023, "Jzz"), (1024, "J100"), ((1 << 63) - 1, "J7zzzzzzzzzzzz")],
)
def test_digits(number, text):
    assert id_text(IdKind.JOURNEY, number) == text


@given(st.integers(0, (1 << 63) - 1), st.sampled_from(IdKind))
def test_there_and_back(number, kind):
    assert parse_id(kind, id_text(kind, number).upper()) == number


@given(st.integers(0, (1 << 63) - 1), st.sampled_from(IdKind))
def test_what_is_written_here_is_in_our_own_form(number, kind):
    assert is_own_form(kind, id_text(kind, number))


@pytest.mark.parametrize("text", ["JA", "ja", "J0a", "J00"])
def test_other_forms_are_read_and_are_not_ours(text):
    assert parse_id(IdKind.JOURNEY, text) is not None
    assert not is_own_form(IdKind.JOURNEY, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "J",
        "A1",
        "Ji",
        "Jl",
        "Jo",
        "Ju",
        "J 1",
        "J+1",
        "J-1",
        "J1_1",
        "Jé",
        "J١",
        "J" + "z" * 13,
        "J" + "0" * 14,
    ],
)
def test_what_is_no_id(text):
    assert parse_id(IdKind.JOURNEY, text) is None
