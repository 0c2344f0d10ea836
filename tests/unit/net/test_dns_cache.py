"""What is kept, for how long, and what goes first."""

import pytest

from postroom.net.dns_cache import FAILURE_SECONDS, AnswerCache
from postroom.proto.dns.answer import Answer, Kind, Rcode


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
