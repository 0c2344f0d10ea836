"""Which certificates are wanted, and when the next one of each is due: a table."""

from __future__ import annotations

import random

import pytest

from postroom.app.certificates.wanted import (
    FIRST_WAIT,
    LIMITED_WAIT,
    LONGEST_WAIT,
    SECOND,
    Wanted,
    is_due,
    renewal,
    wait_after,
)
from postroom.net.tls.acme import Window
from postroom.net.tls.pem import Held
from postroom.store.certificates.certificates import Certificate

DAY = 86_400 * SECOND
HOUR = 3600 * SECOND
BOTH = ("a.test", "b.test")


def held(*names: str) -> Held:
    return Held(names, "ecdsa", "An authority", 0, 90 * DAY, "the store")


@pytest.mark.parametrize(
    ("row", "want", "has", "now", "due"),
    [
        (Certificate("a.test", "ecdsa"), BOTH, None, 0, True),
        (Certificate("a.test", "ecdsa", BOTH, due=10), BOTH, None, 9, False),  # it failed, and waits
        (Certificate("a.test", "ecdsa", BOTH, due=10), BOTH, None, 10, True),
        (
            Certificate("a.test", "ecdsa", ("a.test",), due=10),
            BOTH,
            None,
            9,
            True,
        ),  # something else is wanted now
        (Certificate("a.test", "ecdsa", BOTH, due=10), BOTH, held(*BOTH), 9, False),
        (Certificate("a.test", "ecdsa", BOTH, due=10), BOTH, held(*BOTH), 10, True),
        (Certificate("a.test", "ecdsa", BOTH, due=10), ("a.test",), held(*BOTH), 9, False),
        (Certificate("a.test", "ecdsa", ("a.test",), due=10), BOTH, held("a.test"), 9, True),
        (Certificate("a.test", "ecdsa", BOTH, due=10, tries=1), BOTH, held("a.test"), 9, False),
        # it failed by a clock that was a year ahead, and has been set right
        (Certificate("a.test", "ecdsa", BOTH, due=365 * DAY, tries=1), BOTH, held(*BOTH), 9, True),
        (Certificate("a.test", "ecdsa", BOTH, due=60 * DAY), BOTH, held(*BOTH), 9, False),
    ],
)
def test_what_is_due(row: Certificate, want: tuple[str, ...], has: Held | None, now: int, due: bool) -> None:
    assert is_due(row, Wanted(want), has, now) is due


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        (None, 60 * DAY, 60 * DAY),
        (Window(40 * DAY, 41 * DAY, 7), 40 * DAY, 41 * DAY),
        (Window(-2 * DAY, -DAY, 7), DAY, DAY),
        (Window(100 * DAY, 101 * DAY, 7), 90 * DAY, 90 * DAY),
        (Window(40 * DAY, 40 * DAY, 7), 40 * DAY, 40 * DAY),
    ],
)
def test_when_it_is_renewed(window: Window | None, first: int, last: int) -> None:
    for seed in range(20):
        due, ask_again = renewal(held("a.test"), window, random.Random(seed))
        assert first <= due <= last
        assert ask_again == (7 if window else 0)


@pytest.mark.parametrize("window", [None, Window(8 * HOUR, 9 * HOUR, 7), Window(-2 * DAY, -DAY, 7)])
def test_a_short_life_does_not_end_before_it_is_renewed(window: Window | None) -> None:
    short = Held(("a.test",), "ecdsa", "An authority", 0, 12 * HOUR, "the store")
    due, _ = renewal(short, window, random.Random(1))
    assert 4 * HOUR <= due <= 9 * HOUR


def test_failures_wait_longer_and_longer() -> None:
    chance = random.Random(1)
    for tries in (1, 2, 5, 8, 100, 10_000):
        seconds = wait_after(tries, "", chance) / SECOND
        expected = min(FIRST_WAIT * 2 ** min(tries - 1, 20), LONGEST_WAIT)
        assert 0.9 * expected <= seconds <= 1.1 * expected
    assert wait_after(1, "rateLimited", chance) >= 0.9 * LIMITED_WAIT * SECOND
