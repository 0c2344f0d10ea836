"""A backup is whole or not there, and only a whole one is restored, into a place where nothing is."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from postroom.app.backup import manifest, restoring
from postroom.app.backup.backing_up import Plan, Progress, back_up
from postroom.app.control import OperationError
from postroom.app.locate import Places, store_url
from postroom.app.settings.file import ServerSettings, Settings
from postroom.store.emails.delivery import Delivery, deliver
from postroom.store.engine import database_copy
from postroom.store.engine.ids import Ids
from postroom.store.engine.refused import StoreInUse, StoreRefused
from postroom.store.fsck import fsck
from postroom.store.mailboxes import mailboxes
from postroom.store.store import Store

NOW = 1_750_000_000_000_000
LARGE = b"ketchup " * 40_000  # becomes a file


class Mail:
    """A data directory with an account, a small letter and a large one."""

    def __init__(self, data: Path) -> None:
        self.places = Places(data)
        self.ids = Ids(1)
        self.account = self.inbox = 0

    async def open(self) -> Store:
        self.places.keys.mkdir(parents=True, exist_ok=True)
        (self.places.keys / "vault.key").write_bytes(bytes(32))
        store = await Store.open(f"sqlite://{self.places.store}")
        if not self.account:
            self.account = self.ids.next()
            await store.engine.write(
                lambda tx: mailboxes.create_account_mailboxes(tx, self.account, self.ids, NOW)
            )
            self.inbox = await mailboxes.inbox_id(store.engine.reading(), self.account)
        return store

    async def put(self, store: Store, raw: bytes) -> int:
        email_id = self.ids.next()
        body = await store.durable(self.account, email_id, raw)
        letter = Delivery(self.account, self.inbox, email_id, body, len(raw), b"", NOW, NOW)
        assert await store.engine.write(lambda tx: deliver(tx, letter)) is not None
        return email_id

    def back_up(self, target: Path, base: Path | None = None) -> Progress:
        *_, last = back_up(Plan(self.places, "mail.l.test", target, base))
        return last


@pytest.fixture
async def mail(tmp_path: Path) -> Mail:
    made = Mail(tmp_path / "data")
    store = await made.open()
    await made.put(store, b"small")
    await made.put(store, LARGE)
    await store.close()
    return made


def tell(_what: str, _done: int, _of: int) -> None:
    """Nobody listens."""


def there(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


async def restored(backup: Path, data: Path) -> Store:
    await restoring.restore(restoring.Way(backup, Places(data)), tell, send_queue=False)
    return await Store.open(f"sqlite://{data / 'store'}")


async def test_there_and_back(mail: Mail, tmp_path: Path) -> None:
    told = mail.back_up(tmp_path / "backup")
    assert (told.finished, told.files, told.missing) == (True, 3, [])
    assert told.done == told.of
    store = await restored(tmp_path / "backup", tmp_path / "new")
    try:
        rows = await store.engine.reading().fetch("SELECT email_id FROM emails ORDER BY email_id")
        bodies = [await store.read_email(mail.account, row[0]) for row in rows]
        assert bodies == [b"small", LARGE]
        wrong = {one.wrong.value async for one in fsck.check(store, NOW, octets=True)}
        assert wrong <= {"summary"}  # the test's letters have none
    finally:
        await store.close()
    assert (tmp_path / "new/keys/vault.key").read_bytes() == bytes(32)
    assert [path.name for path in (tmp_path / "new").iterdir() if path.suffix] == []


async def test_in_a_directory_with_any_name(mail: Mail, tmp_path: Path) -> None:
    mail.back_up(tmp_path / "backup")
    data = tmp_path / "100%25 mail #1?"
    await restoring.restore(restoring.Way(tmp_path / "backup", Places(data)), tell, send_queue=False)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("100")] == [data.name]
    store = await Store.open(store_url(Settings(server=ServerSettings(data=str(data)))))
    try:
        assert len(await store.engine.reading().fetch("SELECT email_id FROM emails")) == 2
    finally:
        await store.close()


async def test_what_comes_meanwhile_is_not_half_in_it(
    mail: Mail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_copy, "STEP_PAGES", 1)
    store = await mail.open()
    try:
        steps = back_up(Plan(mail.places, "mail.l.test", tmp_path / "backup"))
        copied = [next(steps).done]
        late = await mail.put(store, LARGE + b"late")
        await store.engine.write(lambda tx: tx.execute("DELETE FROM mailboxes WHERE role = 'junk'"))
        for told in steps:
            copied.append(told.done)
            await mail.put(store, b"small, and later still")
        assert told.finished
        assert len(copied) > 20
        assert copied == sorted(copied)  # it is never begun anew
    finally:
        await store.close()
    copy = await restored(tmp_path / "backup", tmp_path / "new")
    try:
        assert await copy.read_email(mail.account, late) is None
        assert (await mailboxes.by_role(copy.engine.reading(), mail.account, "junk")).name == "Junk"
    finally:
        await copy.close()


async def test_bodies_of_an_earlier_backup_are_linked(mail: Mail, tmp_path: Path) -> None:
    mail.back_up(tmp_path / "one")
    store = await mail.open()
    await mail.put(store, LARGE + b"more")
    await store.close()
    told = mail.back_up(tmp_path / "two", tmp_path / "one")
    assert (told.files, told.linked) == (4, 1)
    (first,) = (tmp_path / "one/store/blobs").glob("*/*")
    assert first.stat().st_nlink == 2
    assert [manifest.wrong(tmp_path / "two", item) for item in manifest.items(tmp_path / "two")] == [""] * 4


async def test_a_body_that_is_missing_is_said(mail: Mail, tmp_path: Path) -> None:
    (file,) = (mail.places.store / "blobs").glob("*/*")
    file.unlink()
    told = mail.back_up(tmp_path / "backup")
    assert (told.finished, told.missing) == (True, [f"{file.parent.name}/{file.name}"])


async def test_a_body_that_is_damaged_is_said(mail: Mail, tmp_path: Path) -> None:
    """Else the copy would be what is restored one day, and be taken for the letter."""
    (body,) = (tmp_path / "data/store/blobs").glob("*/*")
    body.write_bytes(LARGE[:-1] + b"x")
    last = mail.back_up(tmp_path / "backup")
    assert last.missing == [f"{body.parent.name}/{body.name}"]


async def test_what_is_broken_off_leaves_nothing(mail: Mail, tmp_path: Path) -> None:
    steps = back_up(Plan(mail.places, "mail.l.test", tmp_path / "backup"))
    next(steps)
    with pytest.raises(OperationError, match="another backup is being made"):
        mail.back_up(tmp_path / "backup")
    steps.close()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


async def test_where_a_backup_cannot_be(mail: Mail, tmp_path: Path) -> None:
    mail.back_up(tmp_path / "backup")
    for target, words in (
        (tmp_path / "backup", "exists"),
        (tmp_path / "none" / "backup", "not a directory"),
        (mail.places.data / "backup", "lies in the data directory"),
    ):
        with pytest.raises(OperationError, match=words):
            mail.back_up(target)
    with pytest.raises(OperationError, match="is no backup"):
        mail.back_up(tmp_path / "other", tmp_path / "data")


async def test_every_damaged_file_is_named(mail: Mail, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    mail.back_up(backup)
    (backup / "keys/vault.key").write_bytes(bytes(31) + b"x")
    (body,) = (backup / "store/blobs").glob("*/*")
    body.unlink()
    with (backup / "store/mail.db").open("ab") as file:
        file.write(b"x")
    with pytest.raises(OperationError) as refused:
        await restored(backup, tmp_path / "new")
    said = str(refused.value)
    assert f"{body} is missing" in said
    assert "vault.key is altered" in said
    assert "mail.db has" in said
    assert there(tmp_path / "new") == []


@pytest.mark.parametrize("what", ["device", "pipe", "folder"])
async def test_what_is_no_file_is_not_read(mail: Mail, tmp_path: Path, what: str) -> None:
    """It says that it has no octets, and gives them without end, or none and waits."""
    backup = tmp_path / "backup"
    (tmp_path / "data/keys/empty").write_bytes(b"")
    mail.back_up(backup)
    (backup / "keys/empty").unlink()
    if what == "device":
        (backup / "keys/empty").symlink_to("/dev/zero")
    elif what == "pipe":
        os.mkfifo(backup / "keys/empty")
    else:
        (backup / "keys/empty").mkdir()
    with pytest.raises(OperationError, match="empty is no file"):
        await asyncio.wait_for(asyncio.to_thread(lambda: asyncio.run(restored(backup, tmp_path / "new"))), 60)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: b"", "is not whole"),
        (lambda text: text[: text.rindex(b"\n", 0, -1) + 1], "is not whole"),
        (lambda text: text[:-30], "is damaged"),
        (lambda text: text.replace(b"keys/vault.key", b"keys/../../etc"), "cannot be in a backup"),
        (lambda text: text.replace(b"keys/vault.key", b"keys/vault\\u0000"), "cannot be in a backup"),
        (lambda text: text + text, "does not belong there"),
        (lambda text: text.replace(b'"format":1', b'"format":2'), "install that one"),
    ],
)
async def test_a_damaged_list(mail: Mail, tmp_path: Path, change, words: str) -> None:
    mail.back_up(tmp_path / "backup")
    path = tmp_path / "backup" / manifest.NAME
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(OperationError, match=words):
        await restored(tmp_path / "backup", tmp_path / "new")


async def test_only_where_nothing_is(mail: Mail, tmp_path: Path) -> None:
    mail.back_up(tmp_path / "backup")
    before = there(tmp_path / "data")
    with pytest.raises(OperationError, match="is not empty"):
        await restored(tmp_path / "backup", tmp_path / "data")
    assert there(tmp_path / "data") == before


async def test_not_beside_a_server(mail: Mail, tmp_path: Path) -> None:
    mail.back_up(tmp_path / "backup")
    store = await mail.open()
    try:
        with pytest.raises(StoreInUse, match="is in use"):
            await restored(tmp_path / "backup", tmp_path / "data")
    finally:
        await store.close()


async def test_what_was_killed_is_begun_anew(mail: Mail, tmp_path: Path) -> None:
    mail.back_up(tmp_path / "backup")
    left = tmp_path / "new/store.restoring"
    left.mkdir(parents=True)
    shutil.copy(tmp_path / "backup/store/mail.db", left)
    await (await restored(tmp_path / "backup", tmp_path / "new")).close()
    assert not left.exists()


@pytest.fixture
async def killed(mail: Mail, tmp_path: Path) -> Path:
    """A data directory whose keys have got their name when the power failed, the store has not."""
    mail.back_up(tmp_path / "backup")
    await (await restored(tmp_path / "backup", tmp_path / "new")).close()
    (tmp_path / "new/store").rename(tmp_path / "new/store.restoring")
    return tmp_path / "new"


async def test_what_was_killed_between_its_two_names_is_begun_anew(killed: Path, tmp_path: Path) -> None:
    await (await restored(tmp_path / "backup", killed)).close()
    assert sorted(path.name for path in killed.iterdir()) == ["keys", "store"]
    assert (killed / "keys/vault.key").read_bytes() == bytes(32)


async def test_no_server_begins_where_a_restore_was_killed(killed: Path) -> None:
    """It would know no address, and refuse for good what comes for all."""
    with pytest.raises(StoreRefused, match="restore was broken off"):
        await Store.open(f"sqlite://{killed / 'store'}")
    assert not (killed / "store").exists()


async def test_keys_that_are_not_of_the_backup_stay(killed: Path, tmp_path: Path) -> None:
    (killed / "keys/vault.key").write_bytes(b"another")
    with pytest.raises(OperationError, match=r"is not empty .*vault\.key"):
        await restored(tmp_path / "backup", killed)
    assert (killed / "keys/vault.key").read_bytes() == b"another"


@pytest.mark.parametrize("number", [restoring.MOST_NAMED, restoring.MOST_NAMED + 1])
async def test_so_many_damaged_files_are_named(tmp_path: Path, number: int) -> None:
    with manifest.Writing(tmp_path, manifest.Head("mail.l.test", "0", 1, NOW)) as writing:
        for n in range(number):
            writing.add(manifest.Item(f"keys/{n}", 1, ""))
        writing.end(NOW, 0)
    with pytest.raises(OperationError) as refused:
        await restored(tmp_path, tmp_path / "new")
    said = str(refused.value)
    assert said.count("is missing") == restoring.MOST_NAMED
    assert ("and 1 more" in said) is (number > restoring.MOST_NAMED)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_what_root_restores_belongs_to_the_server(mail: Mail, tmp_path: Path) -> None:
    mail.back_up(tmp_path / "backup")
    (tmp_path / "new").mkdir()
    os.chown(tmp_path / "new", 4242, 4243)
    await restoring.restore(
        restoring.Way(tmp_path / "backup", Places(tmp_path / "new")), tell, send_queue=False
    )
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (tmp_path / "new").rglob("*")}
    assert owners == {(4242, 4243)}


async def test_a_large_database_has_its_time_to_be_marked(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every message is changed by one statement; a server gives one fifteen seconds."""

    async def patience(engine: Any, _how: object) -> float:
        return engine._options.statement_seconds  # type: ignore[no-any-return]

    monkeypatch.setattr(restoring.restored, "mark", patience)
    assert await restoring.mark(database_url, send_queue=False) >= 3600
