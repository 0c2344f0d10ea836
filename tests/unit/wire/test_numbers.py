"""Decimals from outside, in octets or as text."""

from __future__ import annotations

import pytest

from postroom.wire.numbers import decimal


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("007", 7), ("9999999999", 9_999_999_999)])
def test_decimals(text: str, value: int) -> None:
    assert decimal(text) == decimal(text.encode()) == value


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1_0", "1.0", "x", "\u00b2", "\u0661", "1" * 11]
)
def test_what_is_none(text: str) -> None:
    assert decimal(text) is None
    assert decimal(text.encode()) is None


def test_how_many_digits_there_may_be() -> None:
    assert decimal("12", 2) == 12
    assert decimal("123", 2) is None
