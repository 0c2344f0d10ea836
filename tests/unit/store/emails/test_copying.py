import pytest

from mail_account import NOW
from postroom.message.errors import NotPermitted, OverQuota
from postroom.store.emails import fetching
from postroom.store.emails.copying import copy, move
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import NoSuchMailbox

ALL = [(1, 1 << 32)]


async def run(account, function, ranges, target="archive", who=0):
    target_id = account.boxes.get(target, 999)
    return await account.engine.write(
        lambda tx: function(tx, account.ref("inbox", who), target_id, ranges, NOW)
    )


async def test_copies_share_an_email(account):
    await account.fill(3, flags=Flag.SEEN, keywords=("a",))
    copied = await run(account, copy, [(1, 1), (3, 3)])
    assert copied.pairs == ((1, 1), (3, 2))
    assert copied.uidvalidity == (await account.role("archive")).uidvalidity
    there, here = await account.messages("archive"), await account.messages()
    assert [m.email_id for m in there] == [here[0].email_id, here[2].email_id]
    assert [(m.flags, m.keywords) for m in there] == [(1, "a"), (1, "a")]
    assert await account.counts("archive") == await account.counted("archive")
    assert await account.keywords("archive") == {"a": 2}
    assert await account.used() == (40, 5)
    assert await account.rows("SELECT copies FROM emails ORDER BY email_id") == [(2,), (1,), (2,)]


async def test_moved_messages_keep_their_email(account):
    before = await account.fill(3)
    moved = await run(account, move, [(2, 3)])
    assert moved.pairs == ((2, 1), (3, 2))
    assert [type(change).__name__ for change in moved.changes] == ["MessageAdded"] * 2 + ["MessagesExpunged"]
    assert [m.email_id for m in await account.messages("archive")] == [one.email_id for one in before[1:]]
    assert await account.uids() == [1]
    for role in ("inbox", "archive"):
        assert await account.counts(role) == await account.counted(role)
    assert await account.used() == (24, 3)
    tx = account.engine.reading()
    assert await fetching.changes_since(tx, account.ref(), 0) == ([1], [2, 3])
    assert {m.modseq for m in await account.messages("archive")} == {5}


async def test_within_one_mailbox(account):
    await account.fill(2)
    assert (await run(account, copy, ALL, "inbox")).pairs == ((1, 3), (2, 4))
    assert (await run(account, move, [(1, 2)], "inbox")).pairs == ((1, 5), (2, 6))
    assert await account.uids() == [3, 4, 5, 6]
    assert await account.counts() == await account.counted()


async def test_nothing_to_copy(account):
    assert (await run(account, copy, [(5, 9)])).pairs == ()
    assert (await run(account, move, [(5, 9)])).pairs == ()


async def test_quota(account):
    await account.fill(2)
    await account.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_bytes = 20"))
    with pytest.raises(OverQuota):
        await run(account, copy, ALL)
    assert len((await run(account, move, ALL)).pairs) == 2


@pytest.mark.parametrize("function", [copy, move])
async def test_no_such_target(account, function):
    await account.fill(1)
    with pytest.raises(NoSuchMailbox):
        await run(account, function, ALL, "nowhere")
    assert await account.uids() == [1]


async def test_rights_on_both_sides(account):
    await account.fill(1)
    for role, rights in (("inbox", "lr"), ("archive", "li")):
        await account.engine.write(
            lambda tx, r=rights, b=account.boxes[role]: tx.execute(
                "INSERT INTO acl (account_id, mailbox_id, grantee_id, rights) VALUES (1, $1, 2, $2)", b, r
            )
        )
    assert (await run(account, copy, ALL, who=2)).pairs == ((1, 1),)
    with pytest.raises(NotPermitted):
        await run(account, move, ALL, who=2)
    with pytest.raises(NotPermitted):
        await run(account, copy, ALL, "inbox", who=2)
