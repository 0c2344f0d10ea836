import pytest

from postroom.store.login.throttle import Limits, Throttle, client_of

BOB = "bob@hamburger.test"
DEFAULT = Limits()


def after(failures, limits=DEFAULT, client="192.0.2.1"):
    """A throttle that has seen failures (time, name) of one client."""
    throttle = Throttle(limits)
    for now, name in failures:
        throttle.failed(client, name, now)
    return throttle


@pytest.mark.parametrize(("failures", "wait"), [(0, 0), (1, 2), (2, 4), (3, 8), (4, 15), (9, 15)])
def test_a_name_waits_longer_each_time(failures, wait):
    throttle = after([(100.0, BOB)] * failures)
    assert throttle.wait("192.0.2.1", BOB, 100.0) == wait
    assert throttle.wait("192.0.2.1", BOB, 100.0 + wait) == 0


def test_elsewhere_the_name_does_not_wait():
    throttle = after([(1.0, BOB)] * 1000)
    assert throttle.wait("192.0.2.2", BOB, 1.0) == 0


def test_a_name_begins_anew_after_a_success_or_an_hour():
    throttle = after([(1.0, BOB)] * 4)
    throttle.failed("192.0.2.1", BOB, 3700.0)
    assert throttle.wait("192.0.2.1", BOB, 3700.0) == 2
    throttle.succeeded("192.0.2.1", BOB, 3701.0)
    assert throttle.wait("192.0.2.1", BOB, 3701.0) == 0


@pytest.mark.parametrize(
    ("failures", "now", "wait"),
    [
        ([(t, f"u{t}@x.test") for t in range(9)], 8, 0),
        ([(t, f"u{t}@x.test") for t in range(10)], 9, 51),
        ([(t, f"u{t}@x.test") for t in range(10)], 60, 0),
        ([(t * 1000, f"u{t}@x.test") for t in range(50)], 49_000, 37_400),
        ([(t * 1000, f"u{t}@x.test") for t in range(49)], 49_000, 0),
    ],
)
def test_a_client_may_fail_ten_times_a_minute_and_fifty_a_day(failures, now, wait):
    assert after(failures).wait("192.0.2.1", BOB, now) == wait


def test_whoever_was_good_from_there_is_not_held_up_by_others():
    throttle = after([(1.0, f"u{number}@x.test") for number in range(10)])
    throttle.succeeded("192.0.2.1", BOB, 0.0)
    assert throttle.wait("192.0.2.1", BOB, 2.0) == 0
    throttle.failed("192.0.2.1", BOB, 2.0)
    assert throttle.wait("192.0.2.1", BOB, 2.0) == 2
    assert throttle.wait("192.0.2.1", BOB, 86_401.0) == 0


def test_a_good_account_is_no_key_to_trying_the_others():
    throttle = after([(1.0, f"u{number}@x.test") for number in range(10)])
    throttle.succeeded("192.0.2.1", BOB, 1.0)
    assert throttle.wait("192.0.2.1", "eve@x.test", 2.0) > 0


def test_no_limits():
    throttle = after([(1.0, BOB)] * 1000, Limits(0, 0, ()))
    assert throttle.wait("192.0.2.1", BOB, 1.0) == 0


def test_only_so_many_are_remembered():
    throttle = Throttle(Limits(remembered=10))
    for number in range(100):
        throttle.failed(f"192.0.2.{number}", f"{number}@x.test", 1.0)
        throttle.succeeded(f"198.51.100.{number}", BOB, 1.0)
    assert [len(kept) for kept in (throttle._clients, throttle._names, throttle._good)] == [10, 10, 10]
    assert throttle.wait("192.0.2.99", "99@x.test", 1.0) == 2


@pytest.mark.parametrize(
    ("ip", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("", ""),
    ],
)
def test_one_client(ip, client):
    assert client_of(ip) == client
