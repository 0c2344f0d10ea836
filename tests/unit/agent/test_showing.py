"""How the agent lists messages."""

import time

import pytest

from postroom.agent.showing import COLUMNS


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("Fri, 20 Nov 2026 22:50:27 +0000", "2026-11-20 22:50"),
        ("Mon, 01 Jan 0001 00:00:00 +1200", "Mon, 01 Jan 0001 00:00:00 +1200"),
        ("yesterday", "yesterday"),
        ("", "(no date)"),
    ],
)
def test_dates_in_a_list(date: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert next(column for column in COLUMNS if column.heading == "Date").cell({"date": date}) == shown
