"""Medians, ratios and budgets."""

import pytest
from bench.figures import Budget, Kind, Samples, figure, figures, times_better

RATE = Kind("rate", "messages/s", budget=Budget(ratio=10))
TIME = Kind("time", "s", more_is_better=False, budget=Budget(at_most=0.5))


def test_the_median_of_the_runs_counts():
    made = figure("work", RATE, Samples([{"rate": 30.0}, {"rate": 10.0}, {"rate": 20.0}], [{"rate": 2.0}]))
    assert (made.ours_median, made.peer_median, made.times_better, made.met) == (20.0, 2.0, 10.0, True)


def test_less_time_is_better():
    made = figure("work", TIME, Samples([{"time": 0.5}], [{"time": 2.0}]))
    assert (made.times_better, made.met) == (4.0, True)


def test_without_a_peer_a_ratio_is_unknown_and_not_missed():
    made = figure("work", RATE, Samples([{"rate": 1.0}], []))
    assert (made.peer_median, made.times_better, made.met) == (None, None, None)


def test_what_nobody_measured_is_no_line():
    assert [made.key for made in figures("work", (RATE, TIME), Samples([{"rate": 1.0}], []))] == ["rate"]


@pytest.mark.parametrize(
    ("budget", "ours", "ratio", "met"),
    [
        (Budget(ratio=10), 5.0, 9.99, False),
        (Budget(ratio=10), 5.0, 10.0, True),
        (Budget(at_most=1.5), 1.5, None, True),
        (Budget(at_most=1.5), 1.6, None, False),
        (Budget(at_most=1.5), None, None, None),
    ],
)
def test_budgets(budget: Budget, ours: float | None, ratio: float | None, met: bool | None):
    assert budget.met(ours, ratio) is met


@pytest.mark.parametrize(("ours", "peer"), [(None, 1.0), (1.0, None), (0.0, 1.0), (1.0, 0.0)])
def test_a_ratio_with_nothing_says_nothing(ours: float | None, peer: float | None):
    assert times_better(ours, peer, more_is_better=True) is None
