import pytest

from mail_account import open_account
from postroom.message.errors import TryLater
from postroom.store.emails.expunge import expunge
from postroom.store.engine.disk_errors import FileLost
from postroom.store.mailboxes import messages
from postroom.store.search import indexer
from postroom.store.search.indexer import Indexer, Indexing
from postroom.store.search.postgres import PostgresSearch
from postroom.store.search.sqlite import SqliteSearch

NOW = 1_750_000_000_000_000


class Office:
    """An account with mail, and an indexer over it."""

    def __init__(self, account, index):
        self.account, self.index, self.is_busy, self.read = account, index, False, []
        self.lost, self.why = set(), TryLater()
        self.indexer = Indexer(
            Indexing(account.engine, index, self.read_raw, lambda raw: raw.decode(), lambda: self.is_busy)
        )

    async def read_raw(self, account_id, email_id):
        self.read.append(email_id)
        if email_id in self.lost:
            raise self.why
        email = await messages.email(self.account.engine.reading(), account_id, email_id)
        if email is None:
            return None
        row = await self.account.engine.reading().fetchrow(
            "SELECT data FROM blobs WHERE account_id = $1 AND blob_id = $2", account_id, email.blob_id
        )
        return bytes(row[0])

    async def found(self, needle):
        return await self.indexer.search(self.account.account_id, needle)


@pytest.fixture
async def office(engine, store_url, tmp_path):
    account = await open_account(engine)
    index = SqliteSearch.open(tmp_path) if store_url.startswith("sqlite") else PostgresSearch(engine)
    yield Office(account, index)
    await index.close()


async def test_delivered_mail_is_indexed_in_batches(office):
    ids = [one.email_id for one in await office.account.fill(5)]
    assert await office.indexer.waiting() == 5
    assert [await office.indexer.step(2) for _ in range(4)] == [2, 2, 1, 0]
    office.read.clear()
    assert await office.found("LETTER 3") == {ids[2]}
    assert office.read == []


async def test_a_batch_is_bounded_by_octets(office, monkeypatch):
    ids = [one.email_id for one in await office.account.fill(7)]
    size = len(await office.read_raw(office.account.account_id, ids[0]))
    for most, entered in ((2 * size, 2), (2 * size + 1, 3)):
        monkeypatch.setattr(indexer, "BATCH_OCTETS", most)
        assert await office.indexer.step() == entered
    assert await office.found("LETTER 4") == {ids[3]}


async def test_nothing_is_indexed_while_others_are_busy(office):
    await office.account.fill(1)
    office.is_busy = True
    assert await office.indexer.step() == 0
    assert await office.indexer.waiting() == 1


async def test_what_is_not_indexed_yet_is_found_too(office):
    first, second = await office.account.fill(2)
    await office.indexer.step(1)
    assert await office.found("letter") == {first.email_id, second.email_id}
    assert await office.found("letter 2") == {second.email_id}
    assert await office.found("") == set()


async def test_what_was_expunged_leaves_the_index(office):
    first, second = await office.account.fill(2)
    await office.indexer.step()
    await office.account.engine.write(
        lambda tx: expunge(tx, office.account.ref(), [(first.uid, first.uid)], NOW)
    )
    assert await office.found("letter") == {second.email_id}
    assert await office.indexer.step() == 1
    assert [part async for part in office.index.search(office.account.account_id, "LETTER")] == [
        [second.email_id]
    ]


async def entered(office, needle):
    parts = [part async for part in office.index.search(office.account.account_id, needle)]
    return {email_id for part in parts for email_id in part}


async def test_what_was_expunged_while_it_was_entered_leaves_the_index(office, monkeypatch):
    first, second = await office.account.fill(2)
    put = office.index.put

    async def put_late(documents):
        await office.account.engine.write(
            lambda tx: expunge(tx, office.account.ref(), [(first.uid, first.uid)], NOW)
        )
        await put(documents)

    monkeypatch.setattr(office.index, "put", put_late)
    assert await office.indexer.step() == 2
    assert await office.indexer.step() == 1
    assert await entered(office, "LETTER") == {second.email_id}
    assert await office.indexer.waiting() == 0


async def test_what_cannot_be_read_holds_nothing_up(office):
    ids = [one.email_id for one in await office.account.fill(5)]
    office.lost = set(ids[:3])
    for _ in range(4):
        try:
            await office.indexer.step(2)
        except TryLater:
            continue
    assert await entered(office, "LETTER") == set(ids[3:])
    with pytest.raises(TryLater):
        await office.indexer.step()
    office.lost.clear()
    while await office.indexer.step(2):
        pass
    assert await entered(office, "LETTER") == set(ids)


async def test_a_body_whose_file_is_lost_waits_and_is_no_fault(office):
    ids = [one.email_id for one in await office.account.fill(2)]
    office.lost, office.why = {ids[0]}, FileLost()
    assert [await office.indexer.step() for _ in range(2)] == [1, 0]
    assert await office.found("letter") == {ids[1]}
    office.lost.clear()
    assert await office.indexer.step() == 1


async def test_a_lost_index_is_built_again(office):
    ids = {one.email_id for one in await office.account.fill(3)}
    await office.indexer.step()
    await office.index.clear()
    assert await office.found("letter") == set()
    await office.indexer.rebuild()
    assert await office.indexer.step() == 3
    assert await office.found("letter") == ids


async def test_entering_twice_does_no_harm(office):
    (one,) = await office.account.fill(1)
    await office.indexer.step()
    await office.indexer.rebuild()
    await office.indexer.rebuild()
    await office.indexer.step()
    assert await office.found("letter") == {one.email_id}


async def test_an_index_that_was_lost_is_filled_again(office):
    ids = {one.email_id for one in await office.account.fill(3)}
    while await office.indexer.step():
        pass
    assert office.index.complete
    await office.index.clear()
    lost = not office.index.complete  # the table of PostgreSQL is not lost by itself
    while await office.indexer.step():
        pass
    assert office.index.complete
    assert await office.found("letter") == (ids if lost else set())
