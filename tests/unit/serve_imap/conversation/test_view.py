"""A session's view of a large mailbox, of which only parts are read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, cast

import pytest

from postroom.proto.imap.sets import SequenceSet
from postroom.serve.imap.conversation.view import MAX_GAPS, View
from postroom.store.mailboxes import views
from postroom.store.mailboxes.mailboxes import Mailbox
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.mailboxes.views import COUNT

EVERY = 50


class Rows:
    """A mailbox of uids, and how many statements were asked of it."""

    def __init__(self, uids: Sequence[int]) -> None:
        self.uids = uids
        self.asked = 0

    async def fetchrow(self, sql: str, *values: int) -> tuple[int]:
        assert sql == COUNT
        self.asked += 1
        return (bisect_right(self.uids, values[3]) - bisect_left(self.uids, values[2]),)

    async def fetch(self, sql: str, *values: int) -> list[tuple[int]]:
        self.asked += 1
        first, last = bisect_left(self.uids, values[2]), bisect_right(self.uids, values[3])
        found = self.uids[first:last]
        found = found[-values[5] :] if "DESC" in sql else found[: values[5]]
        return [(uid,) for uid in (reversed(found) if "DESC" in sql else found)]


async def _anybody(*_: object) -> None:
    pass


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    monkeypatch.setattr(views, "require", _anybody)
    return Rows([uid for uid in range(1, 50_001) if uid % 1_000])


def _view(rows: Rows) -> View:
    values: dict[str, Any] = dict.fromkeys(Mailbox.__struct_fields__, 0)
    values |= {"uidnext": rows.uids[-1] + 1, "n_total": len(rows.uids)}
    return View(MailboxRef(1, 1), "INBOX", Mailbox(**values), read_only=False)


async def test_many_scattered_uids_do_not_leave_as_many_gaps(rows: Rows) -> None:
    """Each gap costs something whenever a number is asked for: with as many as there are uids in a command that is quadratic."""
    view, tx = _view(rows), cast("Any", rows)
    scattered = [(uid, uid) for uid in range(20, 49_000, EVERY)]
    await view.read(tx, scattered)
    assert len(view._gaps) <= MAX_GAPS
    for uid, _ in scattered:
        assert view.number(uid) == (bisect_right(rows.uids, uid) if uid in rows.uids else 0)
    last = await view.uids(tx, SequenceSet(((view.total, view.total),)), by_uid=False)
    assert last == [(rows.uids[-1], rows.uids[-1])]
    asked = rows.asked
    await view.read(tx, scattered)
    assert rows.asked == asked


async def test_a_few_uids_are_read_alone(rows: Rows) -> None:
    view, tx = _view(rows), cast("Any", rows)
    await view.read(tx, [(20_020, 20_030), (40_001, 40_001)])
    assert view.number(20_025) == bisect_right(rows.uids, 20_025)
    assert view.number(40_001) == bisect_right(rows.uids, 40_001)
    assert len(view._gaps) == 3
    assert rows.asked == 4
