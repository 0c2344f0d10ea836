"""How much may come in an hour."""

from __future__ import annotations

import pytest

from postroom.intake.guard.findings import Finding, is_reachable, points_of, refusal
from postroom.intake.rates import Counted, Rates
from postroom.message.address import Address
from postroom.message.errors import TooFast


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("what", Counted)
def test_the_limit_and_one_more(what: Counted) -> None:
    rates = Rates({what: 3}, Time())
    for _ in range(3):
        rates.take(what, "192.0.2.7")
    with pytest.raises(TooFast, match="at most 3 an hour"):
        rates.take(what, "192.0.2.7")
    rates.take(what, "192.0.2.8")


def test_they_grow_back() -> None:
    time = Time()
    rates = Rates({Counted.MESSAGES: 60}, time)
    for _ in range(60):
        rates.take(Counted.MESSAGES, "x")
    time.now = 121.0
    for _ in range(2):
        rates.take(Counted.MESSAGES, "x")
    with pytest.raises(TooFast):
        rates.check(Counted.MESSAGES, "x")
    time.now = 1e6
    for _ in range(60):
        rates.take(Counted.MESSAGES, "x")
    with pytest.raises(TooFast):
        rates.take(Counted.MESSAGES, "x")


def test_what_has_no_limit_is_not_counted() -> None:
    rates = Rates({Counted.MESSAGES: 0}, Time())
    assert not rates
    for _ in range(1000):
        rates.take(Counted.MESSAGES, "x")
        rates.count(Counted.BOUNCES, "x")
    assert len(rates) == 0


def test_a_check_takes_nothing() -> None:
    rates = Rates({Counted.UNKNOWN: 1}, Time())
    for _ in range(10):
        rates.check(Counted.UNKNOWN, "x")
    rates.count(Counted.UNKNOWN, "x")
    rates.count(Counted.UNKNOWN, "x")
    with pytest.raises(TooFast):
        rates.check(Counted.UNKNOWN, "x")


@pytest.mark.parametrize("beyond", [0, 1])
def test_so_many_are_remembered(beyond: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.intake.rates.MOST_COUNTED", 10)
    rates = Rates({Counted.MESSAGES: 1}, Time())
    for number in range(10 + beyond):
        rates.take(Counted.MESSAGES, f"c{number}")
    assert len(rates) == 10


A, B = Finding("a", "x", "a bad thing", 3), Finding("b", "y", "a worse thing", 7)
GOOD = Finding("c", "z", "somebody vouches for it", -5)


@pytest.mark.parametrize(
    ("findings", "refuse_at", "words"),
    [
        ([], 1, ""),
        ([A], 3, "a bad thing"),
        ([A], 4, ""),
        ([A, B], 10, "a worse thing; a bad thing"),
        ([A, B], 11, ""),
        ([A, B, GOOD], 6, ""),
        ([A, B, GOOD], 5, "a worse thing; a bad thing"),
        ([A, B], 0, ""),
        ([GOOD], 1, ""),
    ],
)
def test_the_decision(findings: list[Finding], refuse_at: int, words: str) -> None:
    assert refusal(findings, refuse_at) == words


def test_points() -> None:
    assert points_of([A, B, GOOD]) == 5
    assert str(A) == "a: a bad thing (+3)"


@pytest.mark.parametrize(
    ("local", "reachable"), [("Postmaster", True), ("abuse", True), ("bob", False), ("", False)]
)
def test_who_is_always_reachable(local: str, reachable: bool) -> None:
    assert is_reachable(Address(local, "l.test")) is reachable
