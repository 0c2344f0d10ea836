"""What is kept, for how long, and what goes first."""

import pytest

from postroom.net.dns.cache import FAILURE_SECONDS, AnswerCache
from postroom.proto.dns.answer import Answer, Kind, Mx, Rcode


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def answer(name: str, ttl: int = 60, rcode: Rcode = Rcode.NOERROR) -> Answer[str]:
    return Answer(name, Kind.MX, rcode, ttl=ttl)


@pytest.mark.parametrize(
    ("kept", "seconds"),
    [
        (answer("a", 60), 60.0),
        (answer("a", 5, Rcode.NXDOMAIN), 5.0),
        (answer("a", 0, Rcode.SERVFAIL), FAILURE_SECONDS),
    ],
)
def test_an_answer_holds_for_its_time(kept: Answer[str], seconds: float) -> None:
    time = Time()
    cache = AnswerCache(10, time)
    cache.put(("a", Kind.MX), kept)
    time.now = seconds - 0.1
    assert cache.get(("a", Kind.MX)) is kept
    assert cache.get(("a", Kind.TXT)) is None
    time.now = seconds
    assert cache.get(("a", Kind.MX)) is None


def test_a_ttl_of_zero_is_not_kept() -> None:
    cache = AnswerCache(10, Time())
    cache.put(("a", Kind.MX), answer("a", 0))
    assert cache.get(("a", Kind.MX)) is None


def test_who_was_not_asked_for_goes_first() -> None:
    cache = AnswerCache(2, Time())
    for name in ("a", "b"):
        cache.put((name, Kind.MX), answer(name))
    cache.get(("a", Kind.MX))
    cache.put(("c", Kind.MX), answer("c"))
    assert [cache.get((name, Kind.MX)) is not None for name in ("a", "b", "c")] == [True, False, True]


def test_large_answers_do_not_fill_the_memory() -> None:
    """64 KiB on the wire are a megabyte of names, and whoever sends mail has the names of his choice looked up."""
    cache = AnswerCache(10_000, lambda: 0.0)
    names = tuple(Mx(number, f"{number}.{'a.' * 120}test") for number in range(3_000))
    for number in range(100):
        cache.put((f"{number}.test", Kind.MX), Answer(f"{number}.test", Kind.MX, records=names, ttl=3600))
    there = [number for number in range(100) if cache.get((f"{number}.test", Kind.MX)) is not None]
    assert there == list(range(100 - len(there), 100))
    assert 1 < len(there) < 20
    for number in range(100):  # what was forgotten makes room
        cache.put((f"{number}.small", Kind.MX), Answer(f"{number}.small", Kind.MX, ttl=3600))
    assert all(cache.get((f"{number}.small", Kind.MX)) is not None for number in range(100))
