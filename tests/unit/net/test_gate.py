"""Limits for neighbours."""

import pytest

from postroom.net.gate import Gate, GateLimits, neighbour


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


def test_neighbours() -> None:
    assert neighbour("192.0.2.1") == "192.0.2.1"
    assert neighbour("2001:db8::1") == neighbour("2001:db8::2") == "2001:db8::"
    assert neighbour("no:address") == "no:address"
