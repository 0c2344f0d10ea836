"""Cold start: from starting the program to its first greeting, with a data directory that exists."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.ours import Ours
from bench.peers import Peers
from bench.sockets import until_banner

SMTP: Final = "first 220"
POP3: Final = "first +OK"
KINDS: Final = (
    Kind(SMTP, "s", more_is_better=False, budget=Budget(at_most=0.5)),
    Kind(POP3, "s", more_is_better=False),
)


def run(course: Course) -> Iterator[Figure]:
    """Started once to make its files, then stopped and started again and again."""
    with course.ours() as ours, course.peer() as peer:
        samples = course.alternate(
            "cold start",
            lambda: _start_ours(ours),
            (lambda: _start_peer(peer)) if peer else None,
            course.scale.starts,
        )
    yield from figures("cold start", KINDS, samples)


def _start_ours(ours: Ours) -> Sample:
    ours.stop()
    began = time.perf_counter()
    ours.launch()
    smtp = until_banner(ours.smtp, b"220", 30)
    pop3 = until_banner(ours.pop3, b"+OK", 30)
    ours.started()
    return {SMTP: smtp - began, POP3: pop3 - began}


def _start_peer(peer: Peers) -> Sample:
    peer.stop()
    began = time.perf_counter()
    peer.launch()
    smtp, pop3 = peer.started()
    return {SMTP: smtp - began, POP3: max(smtp, pop3) - began}


COLD_START: Final = Row("cold-start", "from exec to the first greeting", run)
