"""SMTP in: from the first connection until the last message can be read.

Connections stay, and the budget is for fifty of them; beside it short ones are measured, one for each message and as many at a time, of which
each costs accept, greeting, EHLO and QUIT as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec

from bench.course import Course, Row
from bench.figures import Budget, Figure, figures
from bench.rows.arrival import Way, arrive, kinds
from bench.smtp_load import Load

BUDGET: Final = Budget(ratio=10)


class Case(msgspec.Struct, frozen=True):
    """One kind of load; `part` is the share of the scale's messages that is enough for it."""

    name: str
    connections: int
    size: int
    kept: bool = False
    part: float = 1.0
    budget: Budget | None = None

    def load(self, messages: int) -> Load:
        """Of this kind."""
        return Load(max(50, int(messages * self.part)), self.connections, self.size, self.kept)


CASES: Final = (
    Case("4 KB, 50 connections", 50, 4096, kept=True, budget=BUDGET),
    Case("4 KB, 50 short connections", 50, 4096),
    Case("4 KB, 10 connections", 10, 4096, kept=True, part=0.75),
    Case("4 KB, 10 short connections", 10, 4096, part=0.75),
    Case("100 KB, 10 connections", 10, 100_000, kept=True, part=0.15),
    Case("100 KB, 10 short connections", 10, 100_000, part=0.15),
)
WARM_UP: Final = Load(200, 10, 4096)


def run(course: Course) -> Iterator[Figure]:
    """All cases on one pair of servers."""
    with course.ours() as ours, course.peer() as peer:
        ways = [Way(system, system) for system in (ours, peer) if system]
        for way in ways:
            arrive(way, WARM_UP)
        for case in CASES:
            samples = course.alternate(
                f"smtp-in {case.name}",
                partial(arrive, ways[0], case.load(course.scale.ours_messages)),
                partial(arrive, ways[1], case.load(course.scale.peer_messages)) if peer else None,
            )
            yield from figures(f"smtp-in: {case.name}", kinds(case.budget), samples)


SMTP_IN: Final = Row("smtp-in", "SMTP in, durable in the mailbox of one of ten users", run)
