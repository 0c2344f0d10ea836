"""What FETCH reads."""

import pytest

from postroom.store.emails import expunge, fetching
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import MailboxRef

ALL = [(1, 100)]


@pytest.fixture
async def inbox(account):
    """With five messages."""
    await account.fill(5)
    return MailboxRef(1, account.boxes["inbox"])


async def test_rows(account, inbox):
    tx = account.engine.reading()
    asked = fetching.Asked((2, 9), 3)
    rows = await fetching.rows(tx, inbox, asked)
    assert [row[0] for row in rows] == [2, 3, 4]
    assert all(len(row) == 10 and row[9] is None for row in rows)
    since = fetching.Asked((1, 9), 9, since=rows[0][1], summaries=True)
    rows = await fetching.rows(tx, inbox, since)
    assert [row[0] for row in rows] == [3, 4, 5]
    assert all(isinstance(row[9], bytes) for row in rows)


async def test_octets(account, inbox):
    tx = account.engine.reading()
    whole = await fetching.octets(tx, inbox, (1, 3), 10_000)
    assert sorted(whole) == [1, 2, 3]
    size = len(whole[2])
    assert (await fetching.octets(tx, inbox, (2, 2), 7)) == {2: whole[2][:7]}
    assert 2 in await fetching.octets(tx, inbox, (1, 5), 7, size)
    assert 2 not in await fetching.octets(tx, inbox, (1, 5), 7, size - 1)


async def test_unseen(account, inbox):
    engine = account.engine
    assert await fetching.any_unseen(engine.reading(), inbox, [(2, 3)])
    seen = FlagChange(Mode.ADD, Flag.SEEN)
    await engine.write(lambda tx: store_flags(tx, inbox, [(2, 4)], seen))
    assert not await fetching.any_unseen(engine.reading(), inbox, [(2, 3), (4, 4)])
    assert await fetching.any_unseen(engine.reading(), inbox, [(2, 3), (4, 5)])
    await engine.write(lambda tx: store_flags(tx, inbox, ALL, seen))
    assert not await fetching.any_unseen(engine.reading(), inbox, ALL)
    assert (await fetching.state(engine.reading(), inbox)).unseen == 0


async def test_what_changed_and_what_went(account, inbox):
    engine = account.engine
    before = (await fetching.state(engine.reading(), inbox)).highestmodseq
    assert not await fetching.any_gone(engine.reading(), inbox, before, 6)
    await engine.write(lambda tx: expunge.expunge(tx, inbox, [(2, 3)], 0))
    await engine.write(lambda tx: store_flags(tx, inbox, [(5, 5)], FlagChange(Mode.ADD, Flag.FLAGGED)))
    tx = engine.reading()
    assert await fetching.any_gone(tx, inbox, before, 6)
    assert not await fetching.any_gone(tx, inbox, before, 2)
    assert await fetching.gone(tx, inbox, (3, 9), before, before + 9) == [3]
    assert await fetching.gone(tx, inbox, (1, 9), before, before) == []
    assert await fetching.changed_uids(tx, inbox, before, 10) == [5]
    assert await fetching.changes_since(tx, inbox, before) == ([5], [2, 3])


@pytest.mark.parametrize("known", [5, 4])
async def test_too_many_changes_are_not_told_one_by_one(account, inbox, monkeypatch, known):
    monkeypatch.setattr(fetching, "CHANGES_KNOWN", known)
    found = await fetching.changes_since(account.engine.reading(), inbox, 0)
    assert found == (([1, 2, 3, 4, 5], []) if known == 5 else None)
