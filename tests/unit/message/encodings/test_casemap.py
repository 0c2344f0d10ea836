"""i;unicode-casemap, compared with RFC 5051 §2 taken literally."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.encodings.casemap import ascii_casemap, casemap


def literally(text):
    """Every character by its title case and its decomposition, again and again."""
    while True:
        titled = [char.title() if len(char.title()) == 1 else char for char in text]
        mapped = [unicodedata.decomposition(char).rpartition("> ")[2] or f"{ord(char):x}" for char in titled]
        after = "".join(chr(int(code, 16)) for codes in mapped for code in codes.split())
        if after == text:
            return text
        text = after


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ketchup", "kETCHUP"),
        ("é", "e\u0301"),
        ("\u01c6", "DŽ"),
        ("ﬁnd", "FIND"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("①", "1"),
        ("Ⅷ", "viii"),
        ("\u212a", "k"),
        ("пиво", "ПИВО"),
    ],
)
def test_the_same_but_for_case(one, other):
    assert casemap(one) == casemap(other)
    assert literally(one) == literally(other)


@given(st.text(st.characters(max_codepoint=0x52F, exclude_characters="ßŉǰΐΰև")), st.text("abcé"))
def test_order_is_that_of_the_rfc(one, other):
    assert (casemap(one) < casemap(other)) == (
        unicodedata.normalize("NFD", literally(one)) < unicodedata.normalize("NFD", literally(other))
    )


@given(st.text())
def test_mapping_twice_changes_nothing(text):
    once = casemap(text)
    assert casemap(once) == once


def test_the_other_collation_folds_the_letters_of_ascii_alone() -> None:
    """RFC 4790 §9.2.1."""
    assert ascii_casemap("aZ{éß") == "AZ{éß"
