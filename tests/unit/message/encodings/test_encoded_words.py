from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.encodings.encoded_words import MAX_DECODED, MAX_WORD, decode, encode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 2047 §8
        ("=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"),
        ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\u00f8rn Simonsen"),
        ("=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\u00e9 Pirard"),
        (
            "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            "If you can read this you understand the example.",
        ),
        ("=?ISO-8859-1?Q?Olle_J=E4rnefors?=", "Olle J\u00e4rnefors"),
        ("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?=", "Patrik F\u00e4ltstr\u00f6m"),
        (
            "(=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=)",
            "(\u05dd\u05d5\u05dc\u05e9 \u05df\u05d1 \u05d9\u05dc\u05d8\u05e4\u05e0)",
        ),
        ("(=?ISO-8859-1?Q?a?=)", "(a)"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        # RFC 2231 §5
        ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        # a character split between two words, and what is not decoded
        ("=?utf-8?b?w6k=?= =?utf-8?q?=C3?= =?utf-8?b?qQ==?=", "\u00e9\u00e9"),
        ("=?x-nope?q?a?= =?rot13?q?nyvpr?=", "=?x-nope?q?a?= =?rot13?q?nyvpr?="),
        ("=?utf-8?b?!!?= =?utf-8?x?a?= =?utf-8?q?a b?=", "=?utf-8?b?!!?= =?utf-8?x?a?= =?utf-8?q?a b?="),
        (
            "a=?utf-8?q?b?= =?utf-8?q?c?=d =?utf-8?q?e?==?utf-8?q?f?=",
            "a=?utf-8?q?b?= =?utf-8?q?c?=d =?utf-8?q?e?==?utf-8?q?f?=",
        ),
        ("=?utf-8?q?a=00b=0Ac?=", "a\ufffdb\ufffdc"),
        ("=?utf-8?q?=E9?= x", "\u00e9 x"),
        ("=?utf-8?q??= x", " x"),
        ("plain", "plain"),
    ],
)
def test_decode(text: str, expected: str) -> None:
    assert decode(text) == expected


@pytest.mark.parametrize(
    "unit",
    ["=?utf-8?q?a?= ", "=?", "=?utf-8?q?", "=?utf-8?q?" + "a" * 5000, "=" * 7, "? ?=", "=?a?b?aaaaa?= =?"],
)
def test_so_much_of_a_field_is_decoded_and_no_more(unit: str) -> None:
    text = unit * 10_000
    assert decode(text).endswith(text[MAX_DECODED:])


def test_text_that_is_long_is_split_between_whole_characters() -> None:
    words = encode("\u20ac" * 40 + "\U0001f600" * 9, first=30)
    assert len(words[0]) <= 30
    assert all(len(word) <= MAX_WORD for word in words)
    assert decode(" ".join(words)) == "\u20ac" * 40 + "\U0001f600" * 9


def test_the_shorter_of_b_and_q_is_taken() -> None:
    assert encode("Andr\u00e9 Pirard") == ["=?utf-8?q?Andr=C3=A9_Pirard?="]
    assert encode("\u00e9\u00e8\u00ea") == ["=?utf-8?b?w6nDqMOq?="]
    assert encode("") == []


def test_a_long_text_comes_back() -> None:
    text = "\u65e5\u672c" * 5_000
    assert decode(" ".join(encode(text))) == text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])), st.integers(0, 75))
def test_encode_then_decode_is_the_identity(text: str, first: int) -> None:
    words = encode(text, first)
    assert all(len(word) <= MAX_WORD and word.isascii() for word in words)
    assert decode("\r\n ".join(words).replace("\r\n", "")) == text


@given(
    st.lists(
        st.sampled_from(["=?", "utf-8", "?q?", "?B?", "?=", " ", "=41", "QUI=", "a", "(", ")"]), max_size=30
    ).map("".join)
)
def test_any_text_is_decoded(text: str) -> None:
    assert isinstance(decode(text), str)
