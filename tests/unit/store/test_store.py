import asyncio
import errno

import pytest

from mail_account import NOW, open_account
from postroom.message.errors import NoSpace
from postroom.store.blobs import blobs
from postroom.store.blobs.spilled import Spill
from postroom.store.emails.delivery import deliver
from postroom.store.emails.expunge import expunge
from postroom.store.engine.refused import StoreDamaged, StoreInUse, StoreRefused
from postroom.store.fsck.findings import Wrong
from postroom.store.fsck.fsck import check
from postroom.store.store import Store

LARGE = b"x" * 30_000
LATER = NOW + blobs.GRACE + 1


@pytest.fixture
async def account(store):
    return await open_account(store.engine)


async def deliver_large(store, account, body=LARGE):
    letter = account.letter(body)
    raw = await store.durable(1, letter.email_id, body)
    return await account.deliver(body, email_id=letter.email_id, raw=raw)


@pytest.mark.parametrize("size", [0, 999, 1000, 30_000])
async def test_bodies_of_all_sizes_are_read_back(store, account, size):
    body = bytes(range(256)) * 200
    body = body[:size]
    delivered = await deliver_large(store, account, body)
    assert await store.read(1, delivered.blob_id) == body
    assert await store.read(1, delivered.blob_id, 10, 20) == body[10:30]
    assert await store.read(1, delivered.blob_id, 500) == body[500:]
    assert (store.files.digest(1, delivered.blob_id, contents=False) is not None) == (size >= 1000)
    assert await store.read(1, 99) is None


async def test_a_spilled_body_becomes_a_blob(store, account, tmp_path):
    spill = Spill(tmp_path)
    for piece in (LARGE[:100], b"\r\n\r\n", LARGE):
        await spill.add(piece)
    message = spill.message()
    raw = await store.durable(1, 77, message)
    delivered = await account.deliver(LARGE, raw=raw)
    assert delivered.blob_id == 77
    assert await store.read(1, 77) == message.whole() == LARGE[:100] + b"\r\n\r\n" + LARGE
    again = await store.spilled(1, 77)
    assert (again.whole(), len(again)) == (message.whole(), len(message))


async def test_the_sweep_waits_for_the_grace(store, account):
    delivered = await deliver_large(store, account)
    await store.engine.write(lambda tx: expunge(tx, account.ref(), [(1, 1)], NOW))
    assert await store.sweep(NOW) == 0
    assert await store.read(1, delivered.blob_id) == LARGE
    assert await store.sweep(LATER) == 1
    assert await store.read(1, delivered.blob_id) is None
    assert list(store.files.listing()) == []


async def test_the_files_of_octets_that_come_again_are_swept(store, account):
    """Else whoever files one message again and again fills the disk with what counts for nobody."""
    first, *_ = [await deliver_large(store, account) for _ in range(3)]
    assert [one async for one in check(store, NOW, octets=True) if one.wrong != Wrong.SUMMARY] == []
    assert await store.sweep(NOW) == 2
    assert [blob_id for _, blob_id, _ in store.files.listing()] == [first.blob_id]
    assert await store.read(1, first.blob_id) == LARGE


async def test_the_file_of_what_was_filed_before_is_swept(store, account):
    """A job whose result was lost is done again, with new ids; a command that is not sure repeats itself with the old ones."""
    letter = account.letter(LARGE, once=(7, 1))
    letter.raw = await store.durable(1, letter.email_id, LARGE)
    again = account.letter(LARGE, once=(7, 1))
    again.raw = await store.durable(1, again.email_id, LARGE)
    filed = [
        await store.engine.write(lambda tx, one=one: deliver(tx, one)) for one in (letter, letter, again)
    ]
    assert filed[1:] == [None, None]
    assert await store.sweep(NOW) == 1
    assert [blob_id for _, blob_id, _ in store.files.listing()] == [letter.email_id]


@pytest.mark.parametrize("left", [None, b"cut"])
async def test_mail_with_the_octets_of_a_lost_file_brings_them_back(store, account, left):
    first = await deliver_large(store, account)
    path = store.files.path(1, first.blob_id)
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    second = await deliver_large(store, account)
    assert await store.read(1, second.blob_id) == LARGE
    assert await store.read(1, first.blob_id) == LARGE
    assert [one.wrong async for one in check(store, NOW, octets=True)] == [Wrong.SUMMARY] * 2


async def test_no_file_stays_where_a_lost_one_cannot_be_brought_back(store, account, monkeypatch):
    first = await deliver_large(store, account)
    store.files.path(1, first.blob_id).unlink()
    with monkeypatch.context() as broken:
        broken.setattr("os.link", _full)
        with pytest.raises(NoSpace):
            await deliver_large(store, account)
    assert list(store.files.listing()) == list(store.files.parts()) == []


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_the_same_octets_arrive_while_the_sweep_stands_between_commit_and_unlink(
    store, account, monkeypatch
):
    first = await deliver_large(store, account)
    await store.engine.write(lambda tx: expunge(tx, account.ref(), [(1, 1)], NOW))
    reached, go_on = asyncio.Event(), asyncio.Event()
    loop, remove = asyncio.get_running_loop(), store.files.remove

    def stopped(*args):
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(30)
        remove(*args)

    monkeypatch.setattr(store.files, "remove", stopped)
    sweeping = asyncio.ensure_future(store.sweep(LATER))
    await reached.wait()
    second = await deliver_large(store, account)
    go_on.set()
    assert await sweeping == 1
    assert second.blob_id != first.blob_id
    assert await store.read(1, second.blob_id) == LARGE


async def test_a_store_is_there_again(store_url):
    store = await Store.open(store_url)
    await (await open_account(store.engine)).deliver(b"hello")
    await store.close()
    again = await Store.open(store_url)
    rows = await again.engine.reading().fetch("SELECT data FROM blobs")
    assert [row[0] for row in rows] == [b"hello"]
    await again.close()


@pytest.mark.parametrize("url", ["", "mail.db", "sqlite://relative/x", "mysql://x/y", "sqlite:"])
async def test_what_is_not_a_store(url):
    with pytest.raises(StoreRefused, match="is not a store"):
        await Store.open(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+asyncpg://me:open/sesame@db.test/mail", r"'postgresql\+asyncpg://...' is not a store"),
        ("me:open@sesame@db.test/mail", "'...' is not a store"),
        ("pgsql://db.test/mail?user=me&password=sesame", "'pgsql://...' is not a store"),
        ("postgresql://me:open/sesame@db.test/mail", "password.*%2F"),
        ("postgresql://me:sesame#open@127.0.0.1:1/mail", "password.*%2F"),
    ],
)
async def test_no_password_is_said(url, words):
    """What is refused stands in the log. A password that was made at random has a / in it as often as not."""
    with pytest.raises(StoreRefused, match=words) as refused:
        await Store.open(url)
    assert "sesame" not in str(refused.value)
    assert "open" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_no_server_there():
    with pytest.raises(StoreRefused, match="cannot be reached"):
        await Store.open("postgresql://nobody@127.0.0.1:1/nothing")


async def test_sqlite_has_one_process(tmp_path):
    store = await Store.open(f"sqlite://{tmp_path}/s")
    with pytest.raises(StoreInUse):
        await Store.open(f"sqlite://{tmp_path}/s")
    await store.close()


async def test_a_damaged_file_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "mail.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreDamaged, match="restore"):
        await Store.open(f"sqlite://{tmp_path}")
    (tmp_path / "mail.db").unlink()
    await (await Store.open(f"sqlite://{tmp_path}")).close()


async def test_a_damaged_page_is_refused(tmp_path):
    store = await Store.open(f"sqlite://{tmp_path}")
    await store.close()
    path = tmp_path / "mail.db"
    octets = bytearray(path.read_bytes())
    octets[100:4096] = b"\xff" * 3996
    path.write_bytes(octets)
    with pytest.raises(StoreDamaged):
        await Store.open(f"sqlite://{tmp_path}")


async def test_changes_of_one_process_reach_another(database_url):
    stores = [await Store.open(database_url) for _ in range(2)]
    heard = stores[1].changes.subscribe(1)
    account = await open_account(stores[0].engine)
    delivered = await account.deliver()
    stores[0].changes.publish([delivered.change])
    async for change in heard:
        if change == delivered.change:
            break
        stores[0].changes.publish([delivered.change])  # the relay was not connected yet
    for store in stores:
        await store.close()
