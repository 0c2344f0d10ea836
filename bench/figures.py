"""What is measured: samples of both sides, run by run, and the figures made of them (medians and ratios).

Not here: how a figure is printed (`report`).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

import msgspec

Sample = dict[str, float]  # the values of one run, by the key of their kind


class Budget(msgspec.Struct, frozen=True):
    """What is to be reached: so many times better than the peer, or a value of our own of at most so much."""

    ratio: float | None = None
    at_most: float | None = None

    def met(self, ours: float | None, ratio: float | None) -> bool | None:
        """None when what it needs was not measured."""
        if self.ratio is not None:
            return None if ratio is None else ratio >= self.ratio
        return None if ours is None or self.at_most is None else ours <= self.at_most

    def __str__(self) -> str:
        return f"≥ {self.ratio:g} ×" if self.ratio is not None else f"≤ {self.at_most:g}"


class Kind(msgspec.Struct, frozen=True):
    """One kind of value: `key` in the samples, its unit, and which direction is better."""

    key: str
    unit: str
    more_is_better: bool = True
    budget: Budget | None = None


class Samples(msgspec.Struct):
    """All runs of one piece of work; `peer` is empty when there is none."""

    ours: list[Sample] = []
    peer: list[Sample] = []


class Figure(msgspec.Struct):
    """One line of the table."""

    work: str
    key: str
    unit: str
    more_is_better: bool
    ours: list[float]
    peer: list[float]
    ours_median: float | None = None
    peer_median: float | None = None
    times_better: float | None = None
    budget: str = ""
    met: bool | None = None


def figure(work: str, kind: Kind, samples: Samples) -> Figure:
    """The values of one kind in all runs; a run without it does not count."""
    ours, peer = values(samples.ours, kind.key), values(samples.peer, kind.key)
    made = Figure(work, kind.key, kind.unit, kind.more_is_better, ours, peer)
    made.ours_median = median(ours) if ours else None
    made.peer_median = median(peer) if peer else None
    made.times_better = times_better(made.ours_median, made.peer_median, more_is_better=kind.more_is_better)
    if kind.budget:
        made.budget = str(kind.budget)
        made.met = kind.budget.met(made.ours_median, made.times_better)
    return made


def figures(work: str, kinds: Sequence[Kind], samples: Samples) -> list[Figure]:
    """Those kinds of which there is any value."""
    made = [figure(work, kind, samples) for kind in kinds]
    return [one for one in made if one.ours or one.peer]


def values(samples: Sequence[Sample], key: str) -> list[float]:
    """The values of one kind, in the order of the runs."""
    return [sample[key] for sample in samples if key in sample]


SMALLEST: Final = 1e-9


def times_better(ours: float | None, peer: float | None, *, more_is_better: bool) -> float | None:
    """How many times better the first is; None when one of them is missing or the ratio says nothing."""
    if ours is None or peer is None or min(ours, peer) < SMALLEST:
        return None
    return ours / peer if more_is_better else peer / ours
