"""The pause after a commit is as long as leaves the loop enough to do in the next one."""

import pytest

from postroom.store.engine.pace import IDLE, LONGEST_PAUSE, PAUSE, SHORTEST_LIMIT, Pace

MANY = 100


class Loop:
    """A loop that commits take 3 ms of, and that works for some of it."""

    def __init__(self):
        self.now = self.work = 1000.0
        self.pace = Pace(lambda: self.now, lambda: self.work)

    def commit(self, busy: float, times: int = 1) -> float:
        for _ in range(times):
            self.pace.begun()
            self.now += 0.003
            self.work += busy * 0.003
            self.pace.over()
        return self.pace.pause(MANY)


def test_a_loop_that_works_meanwhile_has_the_longest_pause():
    assert Loop().commit(busy=1.0) == LONGEST_PAUSE
    assert Loop().commit(busy=1 - IDLE + 0.01) == LONGEST_PAUSE


def test_a_loop_that_has_nothing_to_do_has_shorter_ones_and_an_end_of_it():
    loop = Loop()
    pauses = [loop.commit(busy=1 - IDLE - 0.01) for _ in range(30)]
    assert pauses == sorted(pauses, reverse=True)
    assert pauses[0] < LONGEST_PAUSE
    assert pauses[-1] == SHORTEST_LIMIT


def test_work_makes_them_longer_again():
    loop = Loop()
    loop.commit(busy=0.0, times=30)
    assert SHORTEST_LIMIT < loop.commit(busy=1.0) < LONGEST_PAUSE
    assert loop.commit(busy=1.0, times=30) == LONGEST_PAUSE


@pytest.mark.parametrize("size", [1, 3])
def test_a_commit_for_few_has_a_pause_for_few(size):
    loop = Loop()
    assert loop.commit(busy=1.0) == LONGEST_PAUSE
    assert loop.pace.pause(size) == size * PAUSE
