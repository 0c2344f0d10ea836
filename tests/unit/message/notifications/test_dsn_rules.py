"""The table of RFC 3461 §5.2, row by row."""

import pytest

from postroom.message.envelope import Notify
from postroom.message.notifications.dsn_rules import Action, Happened, passed_on, report_owed

S, F, D, NEVER = Notify.SUCCESS, Notify.FAILURE, Notify.DELAY, Notify.NEVER
ASKED = [None, NEVER, S, F, D, S | F, S | D, F | D, S | F | D]

# what happened, the report, and for which of ASKED it is sent
TABLE = [
    (Happened.DELIVERED, Action.DELIVERED, {S, S | F, S | D, S | F | D}),
    (Happened.EXPANDED, Action.EXPANDED, {S, S | F, S | D, S | F | D}),
    (Happened.RELAYED, Action.RELAYED, {S, S | F, S | D, S | F | D}),
    (Happened.DELAYED, Action.DELAYED, {None, D, S | D, F | D, S | F | D}),
    (Happened.FAILED, Action.FAILED, {None, F, S | F, F | D, S | F | D}),
    (Happened.HANDED_ON, None, set()),
]


@pytest.mark.parametrize(("happened", "action", "asked"), TABLE)
@pytest.mark.parametrize("notify", ASKED)
def test_report_owed(happened, action, asked, notify):
    assert report_owed(happened, notify, null_sender=False) == (action if notify in asked else None)


def test_the_table_is_whole():
    assert {row[0] for row in TABLE} == set(Happened)


@pytest.mark.parametrize("happened", Happened)
@pytest.mark.parametrize("notify", ASKED)
def test_never_to_the_null_sender(happened, notify):
    assert report_owed(happened, notify, null_sender=True) is None


@pytest.mark.parametrize(
    ("notify", "targets", "passed"),
    [(None, 3, None), (S | F, 1, S | F), (S | F, 2, F), (S, 2, NEVER), (F | D, 5, F | D), (NEVER, 2, NEVER)],
)
def test_aliases_pass_on(notify, targets, passed):
    assert passed_on(notify, targets=targets) == passed


@pytest.mark.parametrize("happened", Happened)
@pytest.mark.parametrize("notify", [None, Notify.NEVER, F, D, S, S | F | D])
def test_a_trace_is_reported_unless_nothing_is_to_be(happened, notify):
    handed_on = happened in {Happened.HANDED_ON, Happened.RELAYED}
    wanted = Action.RELAYED if notify is not Notify.NEVER else None
    plain = report_owed(happened, notify, null_sender=False)
    owed = report_owed(happened, notify, null_sender=False, traced=True)
    assert owed == (wanted if handed_on else plain)
    assert report_owed(happened, notify, null_sender=True, traced=True) is None
