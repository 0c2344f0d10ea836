"""Retries: the pauses of each attempt, their spread, and the end."""

from __future__ import annotations

import pytest

from postroom.deliver.schedule import DAY, Schedule


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 90), (6, 180), (7, 240), (50, 240)]
)
def test_pauses_grow_and_stay(attempts: int, minutes: int) -> None:
    assert Schedule().wait(attempts, 0.5) == minutes * 60


def test_chance_spreads_by_a_tenth() -> None:
    assert (Schedule().wait(1, 0.0), Schedule().wait(1, 0.999999)) == (270, 330)


def test_reports_live_shorter() -> None:
    assert Schedule().expires(0, bounce=False) == 5 * DAY * 1_000_000
    assert Schedule().expires(0, bounce=True) == 2 * DAY * 1_000_000
