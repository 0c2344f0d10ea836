from concurrent.futures import ThreadPoolExecutor

import pytest

from postroom.store.engine.ids import EPOCH_MS, Ids, first_of, node_of

NOW_MS = 1_750_000_000_000


def made_at(number: int) -> int:
    return ((number >> 22) + EPOCH_MS) * 1000


class Clock:
    def __init__(self, now: int = NOW_MS) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now * 1_000_000


def test_an_id_tells_its_time_and_node():
    number = Ids(1000, now=Clock()).next()
    assert (made_at(number), node_of(number)) == (NOW_MS * 1000, 1000)
    assert number < 1 << 63


@pytest.mark.parametrize("step", [0, 1, 1000, -1, -3_600_000, -86_400_000 * 365])
def test_ids_grow_however_the_clock_steps(step):
    clock = Clock()
    ids = Ids(3, now=clock)
    first = [ids.next() for _ in range(10_000)]
    clock.now += step
    both = first + [ids.next() for _ in range(10_000)]
    assert both == sorted(set(both))
    assert {node_of(number) for number in both} == {3}


def test_a_full_counter_borrows_from_the_next_millisecond():
    ids = Ids(1, now=Clock())
    last = [ids.next() for _ in range(4097)][-1]
    assert made_at(last) == (NOW_MS + 1) * 1000


def test_a_restart_under_a_wrong_clock_repeats_nothing():
    clock = Clock()
    before = Ids(1, limit=NOW_MS + 60_000, now=clock)
    clock.now += 3_600_000
    given = before.next()
    assert made_at(given) == (NOW_MS + 60_000) * 1000  # not beyond what is on record
    clock.now = EPOCH_MS - 5
    assert Ids(1, mark=NOW_MS + 60_000, now=clock).next() > given


def test_reserving_lets_ids_follow_the_clock_again():
    ids = Ids(1, limit=NOW_MS, now=Clock(NOW_MS + 500))
    assert made_at(ids.next()) == NOW_MS * 1000
    ids.reserve(NOW_MS + 1000)
    ids.reserve(NOW_MS)
    assert made_at(ids.next()) == (NOW_MS + 500) * 1000


def test_threads_get_different_ids():
    ids = Ids(1)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda _: [ids.next() for _ in range(2000)], range(4)))
    assert len({number for part in parts for number in part}) == 8000


def test_the_first_id_of_a_time_bounds_all_made_since():
    number = Ids(1023, now=Clock()).next()
    assert first_of(NOW_MS * 1000) <= number < first_of((NOW_MS + 1) * 1000)
    assert first_of(0) == 0


@pytest.mark.parametrize("node", [-1, 1024])
def test_a_node_number_has_ten_bits(node):
    with pytest.raises(ValueError, match="is not one of 0 to 1023"):
        Ids(node)
