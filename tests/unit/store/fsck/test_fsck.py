import asyncio
import errno
import hashlib
import os

import pytest

from mail_account import NOW, open_account
from others_turns import others_turns
from people import add_account, add_domains
from postroom.message.summary.summary import summarize
from postroom.store.blobs import blobs
from postroom.store.emails.copying import copy
from postroom.store.emails.expunge import expunge
from postroom.store.fsck import emails as fsck_emails
from postroom.store.fsck import mailboxes as fsck_mailboxes
from postroom.store.fsck.emails import EmailCheck
from postroom.store.fsck.findings import Wrong
from postroom.store.fsck.fsck import check
from postroom.store.spool import spool
from postroom.store.spool.spool import Blob, NewJob, Spooled

RAW = b"Subject: soup\r\n\r\nhello\r\n"
LARGE = RAW + b"x" * 30_000


@pytest.fixture
async def account(store):
    account = await open_account(store.engine)
    for number, body in enumerate((RAW, RAW + b"more", LARGE)):
        letter = account.letter(body)
        raw = await store.durable(1, letter.email_id, body)
        await account.deliver(
            body,
            email_id=letter.email_id,
            raw=raw,
            summary=summarize(body).pack(),
            flags=number,
            keywords=("a",),
        )
    await store.engine.write(lambda tx: copy(tx, account.ref(), account.boxes["sent"], [(1, 2)], NOW))
    return account


async def wrong(store, **other):
    return [(one.wrong, one.repaired) async for one in check(store, NOW, **other)]


async def test_a_finding_names_whose_it_is(store):
    await add_domains(store.engine, "l.test")
    await add_account(store.engine, "bob@l.test")
    await store.engine.write(lambda tx: tx.execute("UPDATE accounts SET used_bytes = 1"))
    assert [one.subject async for one in check(store, NOW)] == ["bob@l.test"]


async def test_nothing_is_wrong(store, account):
    assert await wrong(store, octets=True) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE mailboxes SET n_unseen = n_unseen + 1 WHERE role = 'inbox'", Wrong.COUNTS),
        ("UPDATE mailboxes SET n_bytes = 0, n_total = 0 WHERE role = 'sent'", Wrong.COUNTS),
        ("UPDATE mailboxes SET n_deleted = 9 WHERE role = 'junk'", Wrong.COUNTS),
        ("UPDATE mailboxes SET uidnext = 2 WHERE role = 'inbox'", Wrong.NUMBERS),
        ("UPDATE mailboxes SET highestmodseq = 1 WHERE role = 'inbox'", Wrong.NUMBERS),
        ("UPDATE accounts SET modseq = 1", Wrong.NUMBERS),
        ("UPDATE mailbox_keywords SET n_total = 7", Wrong.KEYWORDS),
        ("DELETE FROM mailbox_keywords", Wrong.KEYWORDS),
        ("UPDATE accounts SET used_bytes = 1", Wrong.QUOTA),
        ("UPDATE emails SET copies = 5 WHERE copies = 2", Wrong.COPIES),
        ("UPDATE blobs SET refs = refs + 1 WHERE size < 1000", Wrong.REFERENCES),
        ("UPDATE emails SET summary = $1 WHERE size > 1000", Wrong.SUMMARY),
    ],
)
async def test_what_can_be_rebuilt(store, account, sql, expected):
    old = [b"of another version"] if "$1" in sql else []
    await store.engine.write(lambda tx: tx.execute(sql, *old))
    assert set(await wrong(store)) == {(expected, False)}
    assert set(await wrong(store, repair=True)) == {(expected, True)}
    assert await wrong(store, octets=True) == []
    assert await account.counts() == await account.counted()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DELETE FROM blobs WHERE size < 1000", {Wrong.LOST_BODY}),
        ("UPDATE blobs SET size = size + 1 WHERE size < 1000", {Wrong.BAD_BODY}),
        (
            "UPDATE messages SET mailbox_id = 999 WHERE uid = 3",
            {Wrong.LOST_MAILBOX, Wrong.COUNTS, Wrong.KEYWORDS},
        ),
        ("DELETE FROM emails WHERE size > 1000", {Wrong.LOST_EMAIL, Wrong.REFERENCES}),
    ],
)
async def test_what_is_lost_is_said(store, account, sql, expected):
    await store.engine.write(lambda tx: tx.execute(sql))
    assert {kind for kind, _ in await wrong(store, octets=True)} == expected


@pytest.mark.parametrize(
    ("table", "sums", "more"),
    [
        ("emails", 0, set()),
        ("messages", 0, set()),
        ("messages", 7, {(Wrong.COUNTS, True), (Wrong.QUOTA, True)}),
    ],
)
async def test_sizes_are_those_of_the_bodies_and_so_are_the_sums(store, account, table, sums, more):
    async def spoil(tx):
        await tx.execute(f"UPDATE {table} SET size = size + 7 WHERE size < 1000")
        await tx.execute("UPDATE mailboxes SET n_bytes = n_bytes + $1", sums)
        await tx.execute("UPDATE accounts SET used_bytes = used_bytes + $1", sums)

    before = await account.rows("SELECT email_id, size FROM messages ORDER BY mailbox_id, uid")
    await store.engine.write(spoil)
    assert (Wrong.SIZE, False) in await wrong(store)
    assert set(await wrong(store, repair=True)) == {(Wrong.SIZE, True)} | more
    assert await account.rows("SELECT email_id, size FROM messages ORDER BY mailbox_id, uid") == before
    assert await wrong(store, octets=True) == []
    assert await account.counts() == await account.counted()


async def test_an_email_without_copies_goes_with_its_body(store, account):
    async def forget(tx):
        for table in ("messages", "mailbox_keywords"):
            await tx.execute(f"DELETE FROM {table}")

    await store.engine.write(forget)
    found = await wrong(store, repair=True)
    assert found.count((Wrong.COPIES, True)) == 3
    assert await account.rows("SELECT * FROM emails") == []
    assert await account.rows("SELECT refs, place FROM blobs") == [(0, 1)]
    assert await store.sweep(NOW + blobs.GRACE + 1) == 1
    assert await wrong(store, octets=True) == []


async def test_octets_that_rotted(store, account):
    ((blob_id,),) = await account.rows("SELECT blob_id FROM blobs WHERE place = 1")
    path = store.files.path(1, blob_id)
    path.write_bytes(LARGE[:-1] + b"y")
    assert await wrong(store) == []
    assert await wrong(store, octets=True) == [(Wrong.BAD_BODY, False)]
    path.write_bytes(LARGE[:-1])
    assert await wrong(store) == [(Wrong.BAD_BODY, False)]
    path.unlink()
    assert await wrong(store) == [(Wrong.LOST_BODY, False)]


@pytest.mark.parametrize(("age", "found"), [(0, False), (40 * 3600, True)])
async def test_files_without_a_row_go_when_they_are_old(store, account, age, found):
    store.files.write(1, 999, LARGE)
    part = store.files.path(1, 998).with_suffix(".part")
    part.write_bytes(b"half")
    for path in (store.files.path(1, 999), part):
        os.utime(path, (NOW // 10**6 - age, NOW // 10**6 - age))
    expected = {Wrong.ORPHAN_FILE, Wrong.UNFINISHED_FILE} if found else set()
    assert {kind for kind, _ in await wrong(store, repair=True)} == expected
    assert part.exists() != found
    assert len(list(store.files.listing())) == (1 if found else 2)


async def test_others_have_their_turn_meanwhile(store, account, monkeypatch):
    monkeypatch.setattr(fsck_emails, "SLICE", 1)
    async with others_turns() as turns:
        assert await wrong(store) == []
    assert turns.had >= 5 + 3 + 3  # copies, emails, bodies


async def test_others_have_their_turn_while_much_is_counted(store, account, monkeypatch):
    """An account may have a million messages."""
    numbers = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000) SELECT COUNT(*) FROM n"
    long = f"SELECT 1, '', ({numbers}) WHERE CAST($1 AS BIGINT) = 1"
    monkeypatch.setattr(fsck_mailboxes, "KEYWORDS", long)
    async with others_turns() as turns:
        await anext(check(store, NOW))
    assert turns.had > 100


async def test_what_changes_meanwhile_is_not_counted_one_by_one(store, account, monkeypatch):
    """For each of these all emails would be read."""
    counted = []

    async def count(_self, _account_id, blob_id):
        counted.append(blob_id)

    monkeypatch.setattr(EmailCheck, "_check_references", count)
    emails = EmailCheck(store, NOW, repair=False, octets=False)
    assert [one async for one in emails.emails()] == []
    await account.fill(3)
    inbox = account.ref()
    large = (await account.messages())[2]
    await store.engine.write(lambda tx: expunge(tx, inbox, [(large.uid, large.uid)], NOW))
    assert [one async for one in emails.bodies()] == []
    assert counted == []


async def test_a_lost_file_does_not_keep_the_rest_from_being_put_right(store, account):
    """As after an update, when all summaries are of another version."""
    ((blob_id,),) = await account.rows("SELECT blob_id FROM blobs WHERE place = 1")
    store.files.remove(1, blob_id)
    await store.engine.write(lambda tx: tx.execute("UPDATE emails SET summary = $1", b"of another version"))
    found = await wrong(store, repair=True)
    assert found.count((Wrong.SUMMARY, True)) == 2
    assert [one for one in found if not one[1]] == [(Wrong.SUMMARY, False), (Wrong.LOST_BODY, False)]


@pytest.mark.parametrize("octets", [False, True])
async def test_a_file_that_cannot_be_read_is_said(store, account, octets, monkeypatch):
    """A bad sector: it is then that somebody checks."""

    def fails(*_where):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    ((blob_id,),) = await account.rows("SELECT blob_id FROM blobs WHERE place = 1")
    monkeypatch.setattr(hashlib, "file_digest", fails)
    monkeypatch.setattr(os, "pread", fails)
    found = [one async for one in check(store, NOW, octets=octets)]
    assert [one.wrong for one in found] == ([Wrong.LOST_BODY] if octets else [])
    assert all(f"body {blob_id}: cannot be read" in one.detail for one in found)


@pytest.mark.parametrize("account_id", [0, 1])
async def test_what_comes_to_refer_to_a_body_while_it_is_counted_is_counted(
    store, account, monkeypatch, account_id
):
    """The spool has no account whose lock keeps others away, and neither does who uploads take one."""
    large = blobs.BlobRef(77, 20_000, b"d" * 32)
    letters = [Spooled(number << 22 | 1 << 12, 5, NOW, None, 9, Blob(account_id, 77)) for number in (1, 2)]

    async def spooled(tx, letter):
        await blobs.put(tx, account_id, 77, large)
        await spool.put(tx, letter, [NewJob("a.test", [], NOW, NOW, NOW)])

    await store.engine.write(lambda tx: spooled(tx, letters[0]))
    await store.engine.write(lambda tx: tx.execute("UPDATE blobs SET refs = 9 WHERE blob_id = 77"))
    if store.engine.dialect.name == "postgresql":  # it takes a while
        monkeypatch.setattr(fsck_emails, "COUNT_REFS", f"{fsck_emails.COUNT_REFS} FROM pg_sleep(0.5)")
    emails = EmailCheck(store, NOW, repair=True, octets=False)
    async with asyncio.TaskGroup() as both:
        both.create_task(emails._check_references(account_id, 77))
        await asyncio.sleep(0.2)
        both.create_task(store.engine.write(lambda tx: spooled(tx, letters[1])))
    assert await account.rows("SELECT refs FROM blobs WHERE blob_id = 77") == [(2,)]
