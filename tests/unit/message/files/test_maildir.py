"""Names in a Maildir that other programs wrote."""

from __future__ import annotations

import pytest

from postroom.message.files.maildir import read_keywords, read_time


@pytest.mark.parametrize("number", ["\u00b2", "\u0661", "\u2460", "+1", "1_0", "-1", "026", "26", ""])
def test_only_decimals_below_26_are_letters(number: str) -> None:
    assert read_keywords(f"{number} work\n25 last\n") == {"z": "last"}


def test_a_time_is_written_in_decimals() -> None:
    assert read_time("1700000000.M1.host") == 1_700_000_000
    assert read_time("\u0661700000000.M1.host") is None
