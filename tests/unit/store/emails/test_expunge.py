import pytest

from mail_account import NOW
from postroom.message.errors import NotPermitted
from postroom.store.changes import MessagesExpunged
from postroom.store.emails import fetching
from postroom.store.emails.copying import copy
from postroom.store.emails.expunge import expunge
from postroom.store.mailboxes import messages
from postroom.store.mailboxes.flags import Flag

ALL = [(1, 1 << 32)]


async def remove(account, ranges, role="inbox", **other):
    return await account.engine.write(lambda tx: expunge(tx, account.ref(role), ranges, NOW + 1, **other))


async def test_what_is_expunged_leaves_only_its_uid(account):
    delivered = await account.fill(3, keywords=("a",))
    change = await remove(account, [(2, 2), (9, 12)])
    assert change == MessagesExpunged(1, 5, account.boxes["inbox"], (2,))
    assert await account.uids() == [1, 3]
    assert await account.counts() == await account.counted()
    assert await account.keywords() == {"a": 2}
    assert await account.used() == (16, 2)
    assert len(await account.rows("SELECT blob_id FROM blobs")) == 2
    assert await messages.email(account.engine.reading(), 1, delivered[1].email_id) is None
    assert await fetching.changes_since(account.engine.reading(), account.ref(), 4) == ([], [2])
    assert await fetching.changes_since(account.engine.reading(), account.ref(), 5) == ([], [])


async def test_only_deleted(account):
    await account.deliver(flags=Flag.DELETED)
    await account.deliver(flags=Flag.SEEN)
    assert (await remove(account, ALL, only_deleted=True)).uids == (1,)
    assert await account.counts() == await account.counted() == (1, 0, 0, 5)


async def test_uids_are_never_given_again(account):
    await account.fill(2)
    await remove(account, ALL)
    assert (await account.deliver()).uid == 3


async def test_an_email_goes_with_its_last_copy(account):
    delivered = await account.deliver(b"x" * 20_000)
    await account.engine.write(lambda tx: copy(tx, account.ref(), account.boxes["archive"], ALL, NOW))
    await account.engine.write(lambda tx: copy(tx, account.ref(), account.boxes["inbox"], ALL, NOW))
    await remove(account, ALL)
    assert await account.rows("SELECT copies FROM emails") == [(1,)]
    assert await account.uids("archive") == [1]
    await remove(account, ALL, "archive")
    assert await account.rows("SELECT * FROM emails") == []
    assert await account.rows("SELECT * FROM blobs") == []
    assert await account.used() == (0, 0)
    assert (1, delivered.email_id) in await account.rows("SELECT account_id, email_id FROM index_queue")


async def test_a_body_goes_with_its_last_email(account):
    await account.deliver(b"x" * 20_000)
    await account.deliver(b"x" * 20_000)
    await remove(account, [(1, 1)])
    assert await account.rows("SELECT refs FROM blobs") == [(1,)]
    await account.deliver(b"x" * 20_000)
    await remove(account, ALL)
    assert await account.rows("SELECT * FROM blobs") == []


async def test_many_at_once(account):
    await account.fill(130)
    assert len((await remove(account, ALL)).uids) == 130
    assert await account.counts() == (0, 0, 0, 0)
    assert await account.rows("SELECT * FROM blobs") == []


async def test_rights(account):
    await account.fill(1)
    await account.engine.write(
        lambda tx: tx.execute(
            "INSERT INTO acl (account_id, mailbox_id, grantee_id, rights) VALUES ($1, $2, $3, $4)",
            1,
            account.boxes["inbox"],
            2,
            "lrt",
        )
    )
    with pytest.raises(NotPermitted):
        await account.engine.write(lambda tx: expunge(tx, account.ref(who=2), ALL, NOW))
