import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.store.search.text import (
    MAX_GRAMS,
    MAX_TEXT,
    Needle,
    needle_trigrams,
    pack,
    searchable,
    trigrams,
)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Ketchup", "kETCHUP"),
        ("Straße", "STRASSE"),
        ("e\u0301t\u00e9", "ÉTÉ"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Пиво", "ПИВО"),
    ],
)
def test_what_looks_alike_but_for_case_is_equal(text, same):
    assert searchable(text) == searchable(same)


def test_what_differs_stays_different():
    assert searchable("ketchup") != searchable("kétchup")


def test_a_text_is_bounded():
    assert len(searchable("x" * (MAX_TEXT + 1))) == MAX_TEXT


@given(st.text())
def test_any_text_is_packed_and_unpacked(text):
    folded = searchable(text)
    assert Needle(folded, "").within(pack(folded))


def test_lone_surrogates_do_no_harm():
    assert searchable("a\ud800b") == "A?B"


@pytest.mark.parametrize(
    ("needle", "grams"), [("", []), ("ab", []), ("abc", ["abc"]), ("abcd", ["abc", "bcd"]), ("aaaa", ["aaa"])]
)
def test_trigrams_of_a_needle(needle, grams):
    assert needle_trigrams(needle) == grams


def test_a_long_needle_asks_for_some_of_its_trigrams():
    needle = "".join(map(chr, range(200, 300)))
    asked = needle_trigrams(needle)
    assert len(asked) == MAX_GRAMS
    assert trigrams(needle).issuperset(asked)
