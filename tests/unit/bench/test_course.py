"""Turns, and what becomes of a side that fails."""

from pathlib import Path

import pytest
from bench.course import QUICK, Course
from bench.figures import Sample
from bench.processes import BenchError


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path, QUICK, lambda _: None, "no peer here")


def test_sides_take_turns(course: Course):
    turns: list[str] = []

    def side(name: str) -> Sample:
        turns.append(name)
        return {"value": len(turns)}

    samples = course.alternate("work", lambda: side("ours"), lambda: side("peer"), 2)
    assert turns == ["ours", "peer", "ours", "peer"]
    assert samples.ours == [{"value": 1}, {"value": 3}]
    assert samples.peer == [{"value": 2}, {"value": 4}]


def broken() -> Sample:
    raise BenchError("it is broken")


def test_our_failure_fails_the_bench(course: Course):
    samples = course.alternate("work", broken, lambda: {"value": 1}, 2)
    assert (samples.ours, samples.peer, course.failed) == ([], [], ["work: it is broken"])


def test_the_peers_failure_is_a_note(course: Course):
    samples = course.alternate("work", lambda: {"value": 1}, broken, 2)
    assert (len(samples.ours), samples.peer, course.failed) == (2, [], [])
    assert course.notes == ["work: the peer was left out: it is broken"]


def test_without_a_peer_nothing_is_started(course: Course):
    with course.peer() as peer:
        assert peer is None
