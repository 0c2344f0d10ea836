"""The maildrop on both engines: what POP3 promises of numbers, unique-ids, octets and removal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from postroom.message.errors import NotPermitted, TryLater
from postroom.message.journey.events import Handled, Hop, HopKind
from postroom.serve.pop3.maildrop import (
    MOST_AHEAD,
    PIECE,
    REMOVED_AT_ONCE,
    Shelves,
    StoreMaildrop,
    StoreMaildrops,
)
from postroom.serve.pop3.notes import JourneyNotes
from postroom.store import journal
from postroom.store.blobs import blobs
from postroom.store.blobs.blobs import TOGETHER, BlobRef
from postroom.store.changes import MessagesExpunged
from postroom.store.emails.delivery import Delivery, deliver
from postroom.store.engine.ids import Ids
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl, mailboxes
from postroom.store.mailboxes.rights import ANYONE, MailboxRef, visitor_of
from postroom.store.store import Store, StoreSettings

NOW = 1_750_000_000_000_000
BOB = 7


def hop(kind: HopKind = HopKind.READ) -> Hop:
    return Hop(kind, NOW, [Handled(0, "retrieved", "bob@hamburger.test", "INBOX")])


class House:
    """A store with Bob's account, and hands to fill it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.engine = store.engine
        self.ids = Ids(1)
        self.notes = JourneyNotes(store.engine, self.ids)
        self.shelves = Shelves(store, self.ids, self.notes, lambda: NOW)

    async def deliver(self, raw: bytes, *, as_file: bool = False) -> int:
        """Files a letter with a journey; gives the journey's id."""
        email_id, accept_id = self.ids.next(), self.ids.next()
        body: bytes | BlobRef = raw
        if as_file:
            assert self.store.files is not None
            body = self.store.files.write(BOB, email_id, raw)

        async def work(tx) -> None:
            inbox = await mailboxes.inbox_id(tx, BOB)
            await deliver(tx, Delivery(BOB, inbox, email_id, body, len(raw), b"", NOW, NOW))
            await journal.append(tx, accept_id, self.ids.next(), Hop(HopKind.FILED, NOW))
            await journal.link(tx, BOB, email_id, accept_id, 0)

        await self.engine.write(work)
        return accept_id

    async def open(self) -> StoreMaildrop:
        return await StoreMaildrops(self.shelves).open(BOB)

    async def kinds(self, accept_id: int) -> list[str]:
        return [row.kind for row in await journal.read(self.engine.reading(), accept_id)]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """A PostgreSQL URL, "" for SQLite."""
    url: str = request.getfixturevalue("database_url") if request.param == "postgresql" else ""
    return url


@pytest.fixture
async def house(database: str, tmp_path: Path) -> AsyncIterator[House]:
    settings = StoreSettings(str(tmp_path / "files"), postgres=PostgresOptions(writers=4, readers=2))
    store = await Store.open(database or f"sqlite://{tmp_path}/store", settings, on_fatal=pytest.fail)
    made = House(store)
    await store.engine.write(lambda tx: mailboxes.create_account_mailboxes(tx, BOB, made.ids, NOW))
    yield made
    await made.notes.finish()
    await store.close()


async def test_an_inbox_is_numbered_from_one(house: House) -> None:
    await house.deliver(b"Subject: one\r\n\r\n")
    await house.deliver(b"Subject: three\r\n\r\n")
    drop = await house.open()
    assert list(drop.snapshot.scan_lines(1, 3)) == ["1 16", "2 18"]
    assert await drop.read(2) == b"Subject: three\r\n\r\n"


async def test_an_empty_inbox(house: House) -> None:
    assert len((await house.open()).snapshot) == 0


async def test_unique_ids_outlive_sessions_and_neighbours(house: House) -> None:
    for number in range(3):
        await house.deliver(b"Subject: %d\r\n\r\n" % number)
    first = await house.open()
    ids = [first.snapshot.unique_id(number) for number in (1, 2, 3)]
    await first.remove([2], hop(HopKind.DELETED))
    await house.deliver(b"Subject: new\r\n\r\n")
    second = await house.open()
    again = [second.snapshot.unique_id(number) for number in (1, 2, 3)]
    assert again[:2] == [ids[0], ids[2]]
    assert again[2] not in ids


async def test_what_another_session_removed_is_gone_and_no_error(house: House) -> None:
    await house.deliver(b"Subject: one\r\n\r\n")
    first, second = await house.open(), await house.open()
    await first.remove([1], hop(HopKind.DELETED))
    assert await second.read(1) is None
    await second.remove([1], hop(HopKind.DELETED))
    assert len((await house.open()).snapshot) == 0


class Statements:
    """An engine's reads, counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        read = blobs.of_emails

        async def counted(
            tx: Transaction, account_id: int, email_ids: Sequence[int]
        ) -> dict[int, blobs.Blob]:
            self.sizes.append(len(email_ids))
            return await read(tx, account_id, email_ids)

        monkeypatch.setattr(blobs, "of_emails", counted)


async def fill(house: House, sizes: Sequence[int]) -> list[bytes]:
    letters = [b"%02d" % number + b"x" * (size - 4) + b"\r\n" for number, size in enumerate(sizes)]
    for letter in letters:
        await house.deliver(letter)
    return letters


async def test_small_messages_in_their_order_are_read_together(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = await fill(house, [100] * (TOGETHER + 3))
    drop, statements = await house.open(), Statements(monkeypatch)
    assert [await drop.read(number) for number in range(1, len(letters) + 1)] == letters
    assert statements.sizes == [1, TOGETHER, 2]


async def test_what_is_read_ahead_is_bounded_in_octets(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    half = MOST_AHEAD // 2
    letters = await fill(house, [100, half, half, half, half + 1, MOST_AHEAD + 1, 100])
    drop, statements = await house.open(), Statements(monkeypatch)
    assert [await drop.read(number) for number in range(1, len(letters) + 1)] == letters
    assert statements.sizes == [1, 2, 1, 1, 1, 1]


async def test_messages_in_any_order_are_read_one_by_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = await fill(house, [100] * 6)
    drop, statements = await house.open(), Statements(monkeypatch)
    order = [6, 5, 2, 2, 4, 1, 3]
    assert [await drop.read(number) for number in order] == [letters[number - 1] for number in order]
    assert statements.sizes == [1] * len(order)
    assert [await drop.read(number) for number in (4, 6, 5, 4)] == [letters[n - 1] for n in (4, 6, 5, 4)]


async def test_what_was_read_ahead_is_kept_when_one_is_read_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As clients do that look at the top of each message before they fetch it."""
    for _ in range(TOGETHER + 1):
        await house.deliver(b"Subject: small\r\n\r\nx\r\n")
    drop, statements = await house.open(), Statements(monkeypatch)
    for number in range(1, TOGETHER + 2):
        assert await drop.read(number) == await drop.read(number)
    assert sorted(statements.sizes) == [*[1] * (TOGETHER + 2), TOGETHER]


async def test_one_that_is_gone_among_those_read_ahead(house: House) -> None:
    letters = await fill(house, [100] * 4)
    drop, other = await house.open(), await house.open()
    await other.remove([3], hop(HopKind.DELETED))
    assert [await drop.read(number) for number in (1, 2, 3, 4)] == [letters[0], letters[1], None, letters[3]]


async def test_a_file_comes_in_pieces(house: House) -> None:
    letter = b"Subject: large\r\n\r\n" + b"x" * PIECE + b"\r\n"
    await house.deliver(letter, as_file=True)
    drop = await house.open()
    content = await drop.read(1)
    assert content is not None
    assert not isinstance(content, bytes)
    pieces = [piece async for piece in content]
    assert len(pieces) == 2
    assert b"".join(pieces) == letter


async def test_a_file_that_is_missing_says_try_later(house: House) -> None:
    await house.deliver(b"x" * 100, as_file=True)
    drop = await house.open()
    assert house.store.files is not None
    for _, blob_id, _ in list(house.store.files.listing()):
        house.store.files.remove(BOB, blob_id)
    content = await drop.read(1)
    assert content is not None
    assert not isinstance(content, bytes)
    with pytest.raises(TryLater):
        [piece async for piece in content]


async def test_journeys_hear_of_reading_and_removal_in_their_order(house: House) -> None:
    accept_id = await house.deliver(b"Subject: one\r\n\r\n")
    other = await house.deliver(b"Subject: two\r\n\r\n")
    drop = await house.open()
    drop.retrieved(1, hop())
    drop.retrieved(2, hop())
    await drop.remove([1], hop(HopKind.DELETED))
    assert await house.kinds(accept_id) == ["filed", "read", "deleted"]
    await house.notes.finish()
    assert await house.kinds(other) == ["filed", "read"]


async def test_removal_is_published_after_its_commit(house: House) -> None:
    for _ in range(3):
        await house.deliver(b"Subject: x\r\n\r\n")
    drop = await house.open()
    subscription = house.store.changes.subscribe(BOB)
    await drop.remove([1, 3], hop(HopKind.DELETED))
    (change,) = subscription.take()
    assert isinstance(change, MessagesExpunged)
    assert change.uids == (1, 3)


async def test_many_are_removed_in_slices(house: House) -> None:
    for _ in range(5):
        await house.deliver(b"Subject: x\r\n\r\n")
    drop = await house.open()
    subscription = house.store.changes.subscribe(BOB)
    await drop.remove([1, 2, 3, 4, 5], hop(HopKind.DELETED))
    assert len(subscription.take()) == -(-5 // REMOVED_AT_ONCE)
    assert len((await house.open()).snapshot) == 0


async def test_an_engine_that_refuses_removes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.deliver(b"Subject: x\r\n\r\n")

    class Refusing:
        def __getattr__(self, name: str) -> object:
            return getattr(house.engine, name)

        async def write(self, work: object, urgency: object = None) -> None:
            raise TryLater

    drop = await house.open()
    with monkeypatch.context() as patched:
        patched.setattr(house.store, "engine", Refusing())
        with pytest.raises(TryLater):
            await drop.remove([1], hop(HopKind.DELETED))
    assert len((await house.open()).snapshot) == 1


async def test_notes_write_themselves(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.serve.pop3.notes.AFTER_SESSION", 0)
    accept_id = await house.deliver(b"Subject: x\r\n\r\n")
    drop = await house.open()
    drop.retrieved(1, hop())
    drop.close()
    while await house.kinds(accept_id) != ["filed", "read"]:
        await asyncio.sleep(0.001)


async def share(house: House, rights: str) -> None:
    inbox = await mailboxes.by_role(house.engine.reading(), BOB, "inbox")
    asked = acl.Change(ANYONE, rights)
    await house.engine.write(lambda tx: acl.change(tx, MailboxRef(BOB, inbox.mailbox_id), asked))


async def test_a_visitor_reads_what_is_shown_to_anyone_and_leaves_no_trace(house: House) -> None:
    accept_id = await house.deliver(b"Subject: one\r\n\r\n")
    with pytest.raises(NotPermitted):
        await StoreMaildrops(house.shelves).open(visitor_of(BOB))
    await share(house, "lrswipkxtea")
    drop = await StoreMaildrops(house.shelves).open(visitor_of(BOB))
    assert await drop.read(1) == b"Subject: one\r\n\r\n"
    drop.retrieved(1, hop())
    drop.close()
    await house.notes.finish()
    with pytest.raises(NotPermitted):
        await drop.remove([1], hop(HopKind.DELETED))
    assert await house.kinds(accept_id) == ["filed"]
    assert len((await house.open()).snapshot) == 1
    await share(house, "l")
    with pytest.raises(NotPermitted):
        await StoreMaildrops(house.shelves).open(visitor_of(BOB))
