from postroom.proto.pop3.events import Code
from postroom.serve.pop3.visits import MOST_REMEMBERED, Visits

SECOND = 1_000_000


def test_sessions_of_one_account_are_counted() -> None:
    visits = Visits(most_sessions=2)
    assert [visits.enter(1, 0) for _ in range(3)] == [Code.NONE, Code.NONE, Code.IN_USE]
    assert visits.enter(2, 0) is Code.NONE
    visits.leave(1)
    assert visits.enter(1, 0) is Code.NONE


def test_a_delay_between_logins() -> None:
    visits = Visits(delay=60)
    assert visits.enter(1, 100 * SECOND) is Code.NONE
    assert visits.enter(1, 159 * SECOND) is Code.LOGIN_DELAY
    assert visits.enter(2, 159 * SECOND) is Code.NONE
    assert visits.enter(1, 160 * SECOND) is Code.NONE


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    visits = Visits(delay=60)
    visits.enter(1, 10**9 * SECOND)
    assert visits.enter(1, 100 * SECOND) is Code.NONE


def test_a_refused_visit_is_not_counted() -> None:
    visits = Visits(delay=60, most_sessions=1)
    visits.enter(1, 0)
    visits.enter(1, SECOND)
    visits.leave(1)
    assert visits.enter(1, 61 * SECOND) is Code.NONE


def test_memory_is_bounded() -> None:
    visits = Visits(delay=60)
    for account in range(MOST_REMEMBERED + 1):
        visits.enter(account, account)
    assert visits.enter(0, MOST_REMEMBERED + 1) is Code.NONE
    assert visits.enter(9, MOST_REMEMBERED + 1) is Code.LOGIN_DELAY
