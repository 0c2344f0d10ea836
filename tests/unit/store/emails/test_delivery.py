import pytest

from mail_account import NOW, open_account
from postroom.message.errors import OverQuota
from postroom.store.changes import MessageAdded
from postroom.store.emails.delivery import deliver
from postroom.store.mailboxes.rights import NoSuchMailbox


async def test_a_letter_is_in_the_mailbox(account):
    delivered = await account.deliver(b"hello", internaldate=NOW - 5, flags=4, keywords=("$Junk", "a"))
    (message,) = await account.messages()
    assert (message.uid, message.flags, message.keywords) == (1, 4, "$junk a")
    assert (message.size, message.internaldate) == (5, NOW - 5)
    assert (message.email_id, message.blob_id) == (delivered.email_id, delivered.blob_id)
    assert delivered.change == MessageAdded(1, delivered.modseq, account.boxes["inbox"], 1)
    assert await account.rows("SELECT data FROM blobs") == [(b"hello",)]
    assert await account.rows("SELECT summary, copies FROM emails") == [(b"summary", 1)]
    assert await account.rows("SELECT account_id, email_id FROM index_queue") == [(1, delivered.email_id)]


async def test_uids_and_modseqs_grow_without_gaps(account):
    delivered = await account.fill(5)
    assert [one.uid for one in delivered] == [1, 2, 3, 4, 5]
    assert [one.modseq for one in delivered] == [2, 3, 4, 5, 6]
    box = await account.role("inbox")
    assert (box.uidnext, box.highestmodseq) == (6, 6)


async def test_counts_follow(account):
    await account.deliver(b"x" * 10, flags=1, keywords=("a",))
    await account.deliver(b"x" * 20, flags=8, keywords=("a", "b"))
    assert await account.counts() == await account.counted() == (2, 1, 1, 30)
    assert await account.keywords() == {"a": 2, "b": 1}
    assert await account.used() == (30, 2)


async def test_the_same_recipient_of_the_same_letter_is_filed_once(account):
    assert await account.deliver(once=(7, 1))
    again = await account.engine.write(lambda tx: deliver(tx, account.letter(once=(7, 1))))
    assert again is None
    await account.deliver(once=(7, 2))
    assert await account.counts() == await account.counted()
    assert await account.uids() == [1, 2]


@pytest.mark.parametrize(
    ("octets", "messages", "fits"), [(0, 0, 9), (25, 0, 2), (20, 0, 2), (0, 3, 3), (9, 0, 0)]
)
async def test_quota(account, octets, messages, fits):
    await account.engine.write(
        lambda tx: tx.execute("UPDATE accounts SET quota_bytes = $1, quota_msgs = $2", octets, messages)
    )
    for _ in range(fits):
        await account.deliver(b"x" * 10)
    if fits < 9:
        with pytest.raises(OverQuota):
            await account.deliver(b"x" * 10)
    assert await account.used() == (10 * fits, fits)
    assert len(await account.uids()) == fits


async def test_nowhere_to_put_it(account):
    with pytest.raises(NoSuchMailbox):
        await account.deliver(mailbox_id=99)
    with pytest.raises(NoSuchMailbox):
        await account.deliver(account_id=99)
    assert await account.used() == (0, 0)


async def test_a_bad_keyword_is_refused(account):
    with pytest.raises(ValueError, match="keyword"):
        await account.deliver(keywords=("two words",))


@pytest.mark.parametrize(("size", "kept"), [(16_383, 2), (16_384, 1)])
async def test_large_bodies_are_kept_once(account, size, kept):
    first = await account.deliver(b"x" * size)
    second = await account.deliver(b"x" * size)
    assert (first.blob_id == second.blob_id) == (kept == 1)
    assert len(await account.rows("SELECT blob_id FROM blobs")) == kept


async def test_accounts_share_nothing(account):
    other = await open_account(account.engine, 2)
    first = await account.deliver(b"x" * 20_000, message_ids=("a@b",))
    second = await other.deliver(b"x" * 20_000, message_ids=("a@b",))
    assert first.blob_id != second.blob_id
    assert first.thread_id != second.thread_id
    assert await account.uids() == await other.uids() == [1]


async def test_a_reply_joins_the_thread(account):
    first = await account.deliver(message_ids=("1@x",), subject="soup")
    reply = await account.deliver(message_ids=("2@x", "1@x"), subject="soup")
    other = await account.deliver(message_ids=("3@x", "1@x"), subject="something else")
    elsewhere = await account.deliver(message_ids=("4@x", "2@x"), subject="soup", role="sent")
    assert first.thread_id == first.email_id == reply.thread_id == elsewhere.thread_id
    assert other.thread_id == other.email_id
    assert await account.counts() == await account.counted()
