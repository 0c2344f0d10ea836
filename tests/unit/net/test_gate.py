"""Limits for neighbours."""

import pytest

from postroom.net.gate import Gate, GateLimits
from postroom.net.networks import Networks


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_thirty_first_is_refused_and_others_are_not() -> None:
    gate = Gate(GateLimits(), Time())
    assert all(gate.admit("192.0.2.1") for _ in range(30))
    assert not gate.admit("192.0.2.1")
    assert gate.admit("192.0.2.2")
    gate.leave("192.0.2.1")
    assert gate.admit("192.0.2.1")


def test_the_rate() -> None:
    time = Time()
    gate = Gate(GateLimits(), time)
    for _ in range(300):
        assert gate.admit("192.0.2.1")
        gate.leave("192.0.2.1")
    assert not gate.admit("192.0.2.1")
    time.now = 1.0
    assert [gate.admit("192.0.2.1") for _ in range(6)] == [True] * 5 + [False]


def test_ipv6_counts_by_64() -> None:
    gate = Gate(GateLimits(at_once=1), Time())
    assert gate.admit("2001:db8:0:1::1")
    assert not gate.admit("2001:db8:0:1:ffff::2")
    assert gate.admit("2001:db8:0:2::1")


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.8.8.8", "::1", ""])
def test_loopback_counts_only_when_asked(ip: str) -> None:
    gate = Gate(GateLimits(at_once=1), Time())
    assert all(gate.admit(ip) for _ in range(5))
    strict = Gate(GateLimits(at_once=1, count_loopback=True), Time())
    assert [strict.admit(ip), strict.admit(ip)] == [True, False]


def test_no_limits() -> None:
    gate = Gate(GateLimits(0, 0), Time())
    assert all(gate.admit("192.0.2.1") for _ in range(1000))
    assert len(gate) == 0


def test_it_does_not_grow_for_ever() -> None:
    time = Time()
    gate = Gate(GateLimits(), time)
    for number in range(10_000):
        time.now += 0.1
        ip = f"10.0.{number // 250}.{number % 250}"
        assert gate.admit(ip)
        gate.leave(ip)
    assert len(gate) <= 601


def test_who_stays_connected_is_not_forgotten() -> None:
    time = Time()
    gate = Gate(GateLimits(at_once=1), time)
    assert gate.admit("192.0.2.1")
    for number in range(500):
        time.now += 1
        assert gate.admit(f"10.0.{number // 250}.{number % 250}")
    assert not gate.admit("192.0.2.1")


def test_a_network_has_limits_of_its_own() -> None:
    gate = Gate(GateLimits(at_once=2, network_at_once=3), Time())
    assert [gate.admit(f"192.0.2.{number // 2}") for number in range(4)] == [True, True, True, False]
    assert gate.why("192.0.2.1") == "3 connections from 192.0.2.0/24 are open, at most 3 may be"
    assert gate.admit("192.0.3.1")
    gate.leave("192.0.2.0")
    assert gate.admit("192.0.2.7")


def test_a_refusal_takes_nothing_from_the_network() -> None:
    gate = Gate(GateLimits(at_once=1, network_at_once=2), Time())
    assert gate.admit("192.0.2.1")
    assert not any(gate.admit("192.0.2.1") for _ in range(5))
    assert gate.admit("192.0.2.2")


def test_a_48_is_a_network() -> None:
    gate = Gate(GateLimits(at_once=0, per_minute=0, network_per_minute=2), Time())
    assert [gate.admit(f"2001:db8:0:{number}::1") for number in range(3)] == [True, True, False]
    assert "more than 2 connections in a minute from 2001:db8::/48" in gate.why("2001:db8:0:9::1")
    assert gate.admit("2001:db8:1::1")


def test_who_is_exempt_is_not_counted() -> None:
    gate = Gate(GateLimits(at_once=1, exempt=Networks(["192.0.2.0/24", "2001:db8::1"])), Time())
    assert all(gate.admit(ip) for ip in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"] * 3)
    assert len(gate) == 0
    gate.leave("192.0.2.1")


def test_a_reason_is_told_once_a_minute() -> None:
    time = Time()
    gate = Gate(GateLimits(at_once=1), time)
    assert gate.admit("192.0.2.1")
    assert not gate.admit("192.0.2.1")
    assert gate.why("192.0.2.1") == "1 connections from 192.0.2.1 are open, at most 1 may be"
    assert gate.why("192.0.2.1") == ""
    time.now = 61.0
    assert gate.why("192.0.2.1")
    gate.leave("192.0.2.1")
    assert gate.why("192.0.2.1") == ""


@pytest.mark.parametrize("beyond", [0, 1])
def test_so_many_are_remembered(beyond: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.net.gate.MOST_KNOWN", 10)
    gate = Gate(GateLimits(), Time())
    for number in range(11 + beyond):
        assert gate.admit(f"10.0.0.{number}")
        gate.leave(f"10.0.0.{number}")
    assert len(gate) == 11 if not beyond else len(gate) <= 11
