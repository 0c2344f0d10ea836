"""\\Seen of readers who are not the owner."""

import pytest

from mail_account import NOW
from postroom.store.emails import copying
from postroom.store.emails.flagging import FlagChange, Mode, states, store_flags
from postroom.store.mailboxes import acl, mailboxes, seen
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import ALL, MailboxRef
from postroom.store.mailboxes.views import behind, changed

READER = 2
EVERY = [(1, 100)]


@pytest.fixture
async def shared(account):
    """The inbox as its reader reaches for it, with five messages."""
    await account.fill(5)
    inbox = account.boxes["inbox"]
    await account.engine.write(
        lambda tx: tx.execute(
            "INSERT INTO acl (account_id, mailbox_id, grantee_id, rights) VALUES (1, $1, $2, 'lrsw')",
            inbox,
            READER,
        )
    )
    return MailboxRef(1, inbox, READER)


async def change(account, ref, ranges, mode, flags, **other):
    asked = FlagChange(mode, flags, **other)
    return await account.engine.write(lambda tx: store_flags(tx, ref, ranges, asked))


async def flags(account, ref):
    return [row[2] for row in await states(account.engine.reading(), ref, EVERY)]


async def test_each_has_his_own(account, shared):
    owner = MailboxRef(1, shared.mailbox_id)
    await change(account, owner, [(1, 2)], Mode.ADD, Flag.SEEN)
    assert await flags(account, shared) == [0] * 5
    flagged = await change(account, shared, [(2, 4)], Mode.ADD, Flag.SEEN | Flag.FLAGGED)
    assert flagged.change.uids == (2, 3, 4)
    both = Flag.SEEN | Flag.FLAGGED
    assert await flags(account, shared) == [0, both, both, both, 0]
    assert await flags(account, owner) == [Flag.SEEN, both, Flag.FLAGGED, Flag.FLAGGED, 0]
    await change(account, shared, EVERY, Mode.REPLACE, Flag.SEEN)
    assert await flags(account, shared) == [Flag.SEEN] * 5
    assert await flags(account, owner) == [Flag.SEEN, Flag.SEEN, 0, 0, 0]
    await change(account, shared, [(1, 1)], Mode.REMOVE, Flag.SEEN)
    assert await flags(account, shared) == [0, *[Flag.SEEN] * 4]


async def test_what_is_so_already_does_not_change(account, shared):
    first = await change(account, shared, EVERY, Mode.ADD, Flag.SEEN)
    assert first.change.uids == (1, 2, 3, 4, 5)
    again = await change(account, shared, EVERY, Mode.ADD, Flag.SEEN)
    assert again.change.uids == ()
    then = await changed(account.engine.reading(), shared, behind(first.change.modseq - 1))
    assert [(row.uid, row.flags) for row in then] == [(uid, Flag.SEEN) for uid in range(1, 6)]


async def test_unchanged_since(account, shared):
    first = await change(account, shared, [(2, 2)], Mode.ADD, Flag.SEEN)
    flagged = await change(account, shared, EVERY, Mode.REPLACE, 0, unchanged_since=first.change.modseq - 1)
    assert flagged.modified == (2,)
    assert await flags(account, shared) == [0, Flag.SEEN, 0, 0, 0]


async def test_counts(account, shared):
    await change(account, shared, [(1, 3)], Mode.ADD, Flag.SEEN)
    reading = account.engine.reading()
    counted = await mailboxes.counted(reading, [shared])
    assert counted[shared.mailbox_id].mailbox.n_unseen == 2
    owner = MailboxRef(1, shared.mailbox_id)
    assert (await mailboxes.counted(reading, [owner]))[shared.mailbox_id].mailbox.n_unseen == 5
    assert await seen.first_unseen(reading, shared, (1, 5)) == 4
    assert await seen.first_unseen(reading, shared, (1, 3)) == 0
    assert await seen.first_unseen(reading, owner, (2, 5)) == 2
    assert await account.counts() == await account.counted()


@pytest.mark.parametrize("function", [copying.copy, copying.move])
async def test_a_reader_takes_his_mark_along(account, shared, function):
    sent = account.boxes["sent"]
    for box in (shared.mailbox_id, sent):
        await account.engine.write(
            lambda tx, b=box: acl.change(tx, MailboxRef(1, b), acl.Change(READER, ALL))
        )
    await change(account, MailboxRef(1, shared.mailbox_id), [(1, 1)], Mode.ADD, Flag.SEEN)
    await change(account, shared, [(2, 2)], Mode.ADD, Flag.SEEN)
    await account.engine.write(lambda tx: function(tx, shared, sent, [(1, 2)], NOW))
    assert await flags(account, MailboxRef(1, sent, READER)) == [0, Flag.SEEN]
    assert await flags(account, MailboxRef(1, sent)) == [Flag.SEEN, 0]
