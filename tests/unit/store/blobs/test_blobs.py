import pytest

from mail_account import NOW
from postroom.store.blobs import blobs
from postroom.store.blobs.blobs import BlobRef

BIG = b"x" * 20_000
FILE = BlobRef(50, 30_000, b"d" * 32)


async def put(account, blob_id, body):
    return await account.engine.write(lambda tx: blobs.put(tx, 1, blob_id, body))


async def unref(account, released, now=NOW):
    await account.engine.write(lambda tx: blobs.unref(tx, 1, released, now))


async def refs(account):
    return dict(await account.rows("SELECT blob_id, refs FROM blobs ORDER BY blob_id"))


async def test_octets_come_back(account):
    assert await put(account, 10, b"\0\xff") == 10
    blob = await blobs.get(account.engine.reading(), 1, 10)
    assert blob == blobs.Blob(10, 2, blobs.Place.ROW, b"\0\xff")
    assert await blobs.get(account.engine.reading(), 1, 11) is None
    assert await blobs.get(account.engine.reading(), 2, 10) is None


@pytest.mark.parametrize("body", [BIG, FILE])
async def test_the_first_object_wins(account, body):
    first = 50 if body is FILE else 10
    assert await put(account, 10, body) == first
    again = BlobRef(51, FILE.size, FILE.digest) if body is FILE else body
    assert await put(account, 11, again) == first
    assert await refs(account) == {first: 2} | ({51: 0} if body is FILE else {})


async def test_a_row_goes_with_its_last_reference(account):
    await put(account, 10, BIG)
    await put(account, 11, BIG)
    await unref(account, {10: 1})
    assert await refs(account) == {10: 1}
    await put(account, 12, BIG)
    await unref(account, {10: 2})
    assert await refs(account) == {}
    assert await put(account, 13, BIG) == 13


async def test_a_file_waits_for_the_sweep(account):
    await put(account, 0, FILE)
    await unref(account, {50: 1}, NOW)
    tx = account.engine.reading()
    assert await blobs.unreferenced(tx, NOW) == []
    assert await blobs.unreferenced(tx, NOW + 1) == [(1, 50)]
    assert await account.engine.write(lambda tx: blobs.sweep(tx, 1, 50, NOW)) is False
    assert await account.engine.write(lambda tx: blobs.sweep(tx, 1, 50, NOW + 1)) is True
    assert await refs(account) == {}


async def test_the_same_octets_bring_a_file_back_to_life(account):
    await put(account, 0, FILE)
    await unref(account, {50: 1}, NOW)
    assert await put(account, 0, BlobRef(51, FILE.size, FILE.digest)) == 50
    assert await account.engine.write(lambda tx: blobs.sweep(tx, 1, 50, NOW + 1)) is False
    assert await refs(account) == {50: 1, 51: 0}
    assert await blobs.unreferenced(account.engine.reading(), 2) == [(1, 51)]


class Slow:
    """A transaction that is overtaken when it has found what may be dropped."""

    def __init__(self, tx, overtake):
        self._tx, self._overtake = tx, overtake

    def __getattr__(self, name):
        return getattr(self._tx, name)

    async def fetch(self, sql, *args):
        rows = await self._tx.fetch(sql, *args)
        if sql == blobs.OLDEST:
            await self._overtake(self._tx)
        return rows


async def test_what_is_made_of_an_upload_while_another_needs_its_room_keeps_its_file(account):
    engine = account.engine
    await engine.write(lambda tx: blobs.park(tx, 1, 50, FILE, NOW))

    async def overtake(tx):
        if engine.dialect.name == "sqlite":  # one writes at a time
            await blobs.ref(tx, 1, 50)
        else:
            await engine.write(lambda other: blobs.ref(other, 1, 50))

    assert await engine.write(lambda tx: blobs.make_room(Slow(tx, overtake), 1, 51, 100)) == []
    assert await refs(account) == {50: 1}


async def test_superfluous_files_of_uploads_make_room_first(account):
    for blob_id in (50, 51, 52):
        body = BlobRef(blob_id, FILE.size, FILE.digest)
        assert await account.engine.write(lambda tx, b=body: blobs.park(tx, 1, 0, b, NOW)) == 50
    assert await account.engine.write(lambda tx: blobs.make_room(tx, 1, 50, FILE.size)) == [51, 52]
    assert await refs(account) == {50: 0}


async def test_references_by_hand(account):
    await put(account, 10, b"abc")
    assert await account.engine.write(lambda tx: blobs.ref(tx, 1, 10)) == 3
    assert await account.engine.write(lambda tx: blobs.ref(tx, 1, 11)) is None
    assert await refs(account) == {10: 2}


async def test_many_at_once(account):
    for number in range(120):
        await put(account, 100 + number, b"small")
    await unref(account, dict.fromkeys(range(100, 220), 1))
    assert await refs(account) == {}


async def test_the_octets_of_emails(account):
    await account.fill(3)
    found = await account.rows("SELECT email_id, blob_id FROM emails ORDER BY email_id")
    tx = account.engine.reading()
    some = {email_id: await blobs.get(tx, 1, blob_id) for email_id, blob_id in found[:2]}
    assert await blobs.of_emails(tx, 1, [*some, found[2][0] + 1]) == some
    assert await blobs.of_emails(tx, 2, list(some)) == {}
    every = [email_id for email_id, _ in found]
    assert len(await blobs.of_emails(tx, 1, every * 5 + every[:1])) == 3
