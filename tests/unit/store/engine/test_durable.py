import os
from pathlib import Path

import pytest

from postroom.store.engine.durable import make_durable, sync_directory
from postroom.store.store import Store
from postroom.store.vault import Vault


@pytest.fixture
def synced(monkeypatch):
    """Directories in the order in which they were synced."""
    found, fsync = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda fd: (found.append(Path(f"/proc/self/fd/{fd}").readlink()), fsync(fd))
    )
    return found


def test_each_directory_that_is_made_is_durable_in_the_one_above(tmp_path, synced):
    path = tmp_path / "a" / "b" / "c"
    make_durable(path)
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
    assert path.stat().st_mode & 0o777 == 0o700


def test_one_that_others_pass_through_has_its_mode_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        make_durable(tmp_path / "a" / "b", 0o711)
    finally:
        os.umask(before)
    assert [one.stat().st_mode & 0o777 for one in (tmp_path / "a", tmp_path / "a" / "b")] == [0o711] * 2


def test_one_that_somebody_else_has_made_may_not_be_durable_yet(tmp_path, synced):
    (tmp_path / "a").mkdir()
    make_durable(tmp_path / "a")
    assert synced == [tmp_path]


def test_whoever_may_not_read_a_directory_syncs_everything(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError

    done = []
    monkeypatch.setattr(os, "open", refused)
    monkeypatch.setattr(os, "sync", lambda: done.append("all"))
    sync_directory(tmp_path)
    assert done == ["all"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_what_root_makes_in_the_directory_of_a_server_is_the_server_s(tmp_path):
    """A command that root gives while the server does not run must not keep the server from its mail afterwards."""
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 4242, 4243)
    store = await Store.open(f"sqlite://{data}/store")
    await store.durable(1, 2, b"x" * 300_000)
    make_durable(data / "keys")
    Vault.open(data / "keys/vault.key")
    try:
        owners = {str(path.relative_to(data)): path.stat().st_uid for path in data.rglob("*")}
    finally:
        await store.close()
    assert {
        "store/mail.db",
        "store/mail.db-wal",
        "store/lock",
        "store/blobs",
        "keys/vault.key",
    } <= owners.keys()
    assert set(owners.values()) == {4242}
