import hashlib

import pytest

from postroom.message.errors import NotPermitted
from postroom.store.emails import fetching
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.mailboxes import messages
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import NoSuchMailbox


async def test_slices(account):
    await account.fill(5)
    tx, inbox = account.engine.reading(), account.ref()
    assert [m.uid for m in await messages.listing(tx, inbox, 0, 2)] == [1, 2]
    assert [m.uid for m in await messages.listing(tx, inbox, 2, 2)] == [3, 4]
    assert [m.uid for m in await messages.listing(tx, inbox, 4, 2)] == [5]
    assert await messages.listing(tx, inbox, 5, 2) == []
    assert [(s.uid, s.size) for s in await messages.sizes(tx, inbox, 3)] == [(4, 8), (5, 8)]


async def test_digests(account):
    await account.deliver(b"hello")
    await account.deliver(b"x" * 20_000)
    tx, inbox = account.engine.reading(), account.ref()
    expected = [hashlib.sha256(raw).digest() for raw in (b"hello", b"x" * 20_000)]
    assert await messages.digests(tx, inbox) == [(1, expected[0]), (2, expected[1])]
    assert await messages.digests(tx, inbox, 1) == [(2, expected[1])]


async def test_what_changed_since(account):
    await account.fill(3)
    await account.engine.write(
        lambda tx: store_flags(tx, account.ref(), [(2, 2)], FlagChange(Mode.ADD, Flag.SEEN))
    )
    tx = account.engine.reading()
    assert await fetching.changed_uids(tx, account.ref(), 3, 9) == [2, 3]
    assert await fetching.changed_uids(tx, account.ref(), 4, 9) == [2]
    assert await fetching.changed_uids(tx, account.ref("sent"), 0, 9) == []


async def test_an_email_and_its_copies(account):
    delivered = await account.deliver(b"hello", flags=1, keywords=("a",))
    tx = account.engine.reading()
    email = await messages.email(tx, 1, delivered.email_id)
    assert email == messages.Email(delivered.email_id, delivered.thread_id, delivered.blob_id, 5, b"summary")
    assert await messages.copies(tx, 1, delivered.email_id) == [(account.boxes["inbox"], 1, 1, "a")]
    assert await messages.email(tx, 1, 99) is None
    assert await messages.copies(tx, 1, 99) == []


@pytest.mark.parametrize(("rights", "error"), [("", NoSuchMailbox), ("l", NotPermitted), ("lr", None)])
async def test_others_need_the_right_to_read(account, rights, error):
    await account.engine.write(
        lambda tx: tx.execute(
            "INSERT INTO acl (account_id, mailbox_id, grantee_id, rights) VALUES ($1, $2, $3, $4)",
            1,
            account.boxes["inbox"],
            2,
            rights,
        )
    )
    reading = messages.listing(account.engine.reading(), account.ref(who=2))
    if error is None:
        assert await reading == []
    else:
        with pytest.raises(error):
            await reading


@pytest.mark.parametrize(
    ("uids", "ranges"),
    [([], []), ([3], [(3, 3)]), ([3, 1, 2, 7, 6, 7], [(1, 3), (6, 7)])],
)
def test_ranges(uids, ranges):
    assert messages.ranges_of(uids) == ranges
