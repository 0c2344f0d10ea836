"""What only the embedded engine promises: failures of the disk, one process, and what survives a kill."""

import asyncio
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from faulty_disk import FaultyDisk
from postroom.message.errors import NoSpace, TryLater
from postroom.store.blobs import blobs
from postroom.store.engine.checkpoint import LogLimits
from postroom.store.engine.migrations import create_schema
from postroom.store.engine.refused import StoreDamaged, StoreRefused
from postroom.store.engine.sqlite import SqliteEngine, SqliteOptions
from postroom.store.search.sqlite import SqliteSearch

INSERT = "INSERT INTO t (k, v) VALUES ($1, $2)"


class Disk:
    """An engine on a faulty disk, with a table, and what it said was fatal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.disk = FaultyDisk()
        self.fatal: list[BaseException] = []
        self.engine: SqliteEngine

    async def open(self, **options: object) -> "Disk":
        self.engine = await SqliteEngine.open(
            self.directory, self.fatal.append, SqliteOptions(vfs=self.disk.name, **options)
        )
        await self.engine.write(
            lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS t (k INTEGER PRIMARY KEY, v BLOB)")
        )
        return self

    async def put(self, key: int, size: int = 10) -> int:
        return await self.engine.write(lambda tx: tx.execute(INSERT, key, b"x" * size))

    async def keys(self) -> list[int]:
        return [row[0] for row in await self.engine.reading().fetch("SELECT k FROM t ORDER BY k")]


@pytest.fixture
async def disk(tmp_path):
    found = await Disk(tmp_path).open()
    yield found
    found.disk.fail = lambda operation, file: None
    await found.engine.close()


@pytest.mark.parametrize(("operation", "error"), [("sync", apsw.IOError), ("write", apsw.IOError)])
async def test_a_commit_that_fails_is_never_tried_again(disk, operation, error):
    await disk.put(1)
    with disk.disk.failing(operation, "-wal", error) as failures:
        results = await asyncio.gather(*(disk.put(n) for n in range(2, 6)), return_exceptions=True)
    assert all(isinstance(result, TryLater) for result in results)
    assert len(failures) == 1
    with pytest.raises(TryLater):  # the disk is well again; nobody believes it
        await disk.put(9)
    assert [type(one) for one in disk.fatal] == [error]
    assert 1 in await disk.keys()


async def test_a_full_disk_is_waited_for(disk):
    await disk.put(1)
    with disk.disk.failing("write", "-wal", apsw.FullError):
        results = await asyncio.gather(*(disk.put(n) for n in (2, 3)), return_exceptions=True)
        assert [type(result) for result in results] == [NoSpace, NoSpace]
        assert await disk.keys() == [1]
    await disk.put(4)
    assert await disk.keys() == [1, 4]
    assert disk.fatal == []


async def test_a_statement_is_prepared_once_whatever_its_values(disk):
    await disk.engine.write(lambda tx: create_schema(tx, disk.engine.dialect))
    connection, tx = disk.engine._files.reading, disk.engine.reading()
    prepared = []
    connection.authorizer = lambda *what: prepared.append(what) or apsw.SQLITE_OK
    await blobs.of_emails(tx, 1, [1])
    assert prepared
    prepared.clear()
    for key in range(3):
        await blobs.of_emails(tx, 1, range(key + 1))
    connection.authorizer = None
    assert prepared == []


async def test_a_page_that_cannot_be_read(tmp_path):
    disk = await Disk(tmp_path).open(write_cache=40)
    for key in range(50):
        await disk.put(key, 4000)
    await disk.engine.close()
    disk = await Disk(tmp_path).open(write_cache=40)
    with disk.disk.failing("read", "mail.db", apsw.IOError), pytest.raises(TryLater):
        await disk.engine.write(lambda tx: tx.fetch("SELECT SUM(LENGTH(v)) FROM t"))
    with pytest.raises(TryLater):
        await disk.put(99)
    assert len(disk.fatal) == 1
    await disk.engine.close()


async def test_a_page_that_cannot_be_read_beside_the_writer(tmp_path):
    disk = await Disk(tmp_path).open()
    for key in range(50):
        await disk.put(key, 4000)
    await disk.engine.close()
    disk = await Disk(tmp_path).open(read_cache=40)
    long = "SELECT SUM(LENGTH(v)) FROM t"

    async def work(tx):
        return await tx.fetchrow(long)

    reading = disk.engine.reading()
    with disk.disk.failing("read", "mail.db", apsw.IOError):
        for read in (reading.fetch(long), reading.fetchrow(long), disk.engine.snapshot(work)):
            with pytest.raises(TryLater):
                await read
    assert tuple(await disk.engine.snapshot(work)) == (200_000,)
    assert disk.fatal == []
    await disk.engine.close()


async def test_a_checkpoint_that_fails_is_fatal(tmp_path):
    disk = await Disk(tmp_path).open(log=LogLimits(soft=1, hard=10_000))
    done = 0
    with disk.disk.failing("sync", "mail.db", apsw.IOError):
        try:
            while done < 10_000:
                await disk.put(done + 1)
                done += 1
        except TryLater:
            pass
    await disk.engine.close()
    assert len(disk.fatal) == 1
    again = await Disk(tmp_path).open()
    assert (await again.keys())[:done] == list(range(1, done + 1))
    await again.engine.close()


async def test_a_foreign_lock_is_waited_for_a_while(tmp_path):
    disk = await Disk(tmp_path).open(busy_ms=20)
    foreign = apsw.Connection(str(tmp_path / "mail.db"))
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryLater, match="Busy"):
        await disk.put(1)
    foreign.execute("ROLLBACK")
    await disk.put(2)
    foreign.close()
    assert await disk.keys() == [2]
    await disk.engine.close()


async def test_the_log_does_not_grow_without_end(tmp_path):
    disk = await Disk(tmp_path).open(log=LogLimits(soft=20, hard=60))
    for key in range(300):
        await disk.put(key, 4000)
    assert (tmp_path / "mail.db-wal").stat().st_size < 200 * 4096
    await disk.engine.close()
    assert not (tmp_path / "mail.db-wal").exists()


async def test_a_read_sees_what_was_committed_and_nothing_else(disk):
    seen = []

    async def work(tx):
        await tx.execute(INSERT, 1, b"")
        seen.append(await disk.keys())

    await disk.engine.write(work)
    assert seen == [[]]
    assert await disk.keys() == [1]


WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from mail_account import open_account
from postroom.store.store import Store

async def main():
    store = await Store.open("sqlite://" + sys.argv[1])
    account = await open_account(store.engine, int(sys.argv[3]))

    async def client(number):
        while True:
            delivered = await account.deliver(b"x" * 3000)
            sys.stdout.write(f"{delivered.account_id} {delivered.uid} {delivered.email_id}\\n")
            sys.stdout.flush()

    await asyncio.gather(*(client(number) for number in range(20)))

asyncio.run(main())
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(tmp_path):
    ledger = []
    tests = Path(__file__).parents[3]
    for account_id, acknowledged in ((1, 30), (2, 400), (3, 1100)):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, tests, str(account_id)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            ledger += [writer.stdout.readline() for _ in range(acknowledged)]
            writer.send_signal(signal.SIGKILL)
            ledger += [
                line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")
            ]
    connection = apsw.Connection(str(tmp_path / "mail.db"))
    assert connection.pragma("integrity_check") == "ok"
    kept = set(
        connection.execute(
            "SELECT account_id, uid, email_id FROM messages JOIN blobs USING (account_id)"
            " WHERE blob_id = email_id AND LENGTH(data) = 3000"
        )
    )
    assert len(ledger) >= 1530
    assert {tuple(int(word) for word in line.split()) for line in ledger} <= kept
    for (account_id,) in connection.execute("SELECT account_id FROM accounts").fetchall():
        counted = "SELECT COUNT(*), MAX(uid) FROM messages WHERE account_id = ?"
        counts = "SELECT n_total, uidnext - 1 FROM mailboxes WHERE account_id = ? AND role = 'inbox'"
        assert connection.execute(counted, (account_id,)).get == connection.execute(counts, (account_id,)).get


@pytest.mark.parametrize("name", ["search.db", "blobs"])
async def test_a_database_that_is_gone_is_not_begun_anew_beside_what_belonged_to_it(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    for _ in range(2):  # the lock is given back
        with pytest.raises(
            StoreDamaged, match=f"mail.db is gone, though there is {name} .* `postroom restore`"
        ):
            await SqliteEngine.open(tmp_path, lambda _: None)
    assert not (tmp_path / "mail.db").exists()


async def test_who_only_looks_makes_no_database(tmp_path: Path) -> None:
    looking = SqliteOptions(create=False)
    with pytest.raises(StoreRefused, match=f"there is no mail in {tmp_path / 'typo'}"):
        await SqliteEngine.open(tmp_path / "typo", lambda _: None, looking)
    assert not list(tmp_path.iterdir())
    await (await SqliteEngine.open(tmp_path / "real", lambda _: None)).close()
    await (await SqliteEngine.open(tmp_path / "real", lambda _: None, looking)).close()


@pytest.mark.parametrize(("free", "words"), [(1 << 30, "unable to open"), (0, "the disk is full")])
async def test_a_full_disk_is_said_at_the_start(tmp_path, monkeypatch, free, words):
    """SQLite has nowhere to put the index of its log then, and says "disk I/O error"."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=free))
    openings = {"mail.db": SqliteEngine.open(tmp_path, print), "search.db": _search(tmp_path)}
    for name, opening in openings.items():
        (tmp_path / name).mkdir()
        with pytest.raises(StoreRefused, match=f"{name} cannot be opened: {words}"):
            await opening


async def _search(directory):
    SqliteSearch.open(directory)
