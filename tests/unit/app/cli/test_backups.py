"""`postroom backup` and `postroom restore` as they are typed, without a server and with one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import Run, Served


@pytest.fixture
def made(run: Run, tmp_path: Path) -> Path:
    """A backup of a store with a domain."""
    run("domain add hamburger.test")
    ran = run("backup", str(tmp_path / "backup"))
    assert (ran.code, ran.err) == (0, "")
    assert f"{tmp_path / 'backup'}: " in ran.out
    return tmp_path / "backup"


def test_there_and_back(run: Run, made: Path, tmp_path: Path) -> None:
    assert "is not empty" in run("restore", str(made)).err
    shutil.move(tmp_path / "data", tmp_path / "old")
    ran = run("restore", str(made))
    assert (ran.code, ran.err) == (0, "")
    assert "Next: postroom check" in ran.out
    assert run("domain list --json").records[0]["domain"] == "hamburger.test"
    assert run("check").out == "the store is whole\n"


def test_records(run: Run, tmp_path: Path) -> None:
    run("domain add hamburger.test")
    ran = run("backup", str(tmp_path / "backup"), "--json")
    assert [one["finished"] for one in ran.records][-2:] == [False, True]
    shutil.rmtree(tmp_path / "data")
    (record,) = run("restore", str(tmp_path / "backup"), "--json").records
    assert record == {"mailboxes": 0, "messages": 0, "waiting": 0, "held": True}


def test_beside_a_server(run: Run, config: Path, served: Served, tmp_path: Path) -> None:
    config.write_text(config.read_text().replace('"data"', f'"{tmp_path / "data"}"'))
    served.office.settings = served.office.settings.__class__(
        server=served.office.settings.server.__class__(
            hostname="mail.hamburger.test", data=str(tmp_path / "data")
        )
    )
    assert run("backup", str(tmp_path / "backup")).code == 0
    assert "stop it first" in run("restore", str(tmp_path / "backup")).err


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("restore", 2, "name a backup"),
        ("restore x --mark", 2, "name a backup"),
        ("restore --mark", 1, "postroom restore DIR"),
        ("restore none", 1, "is no backup"),
        ("backup none", 1, "there is no mail in"),
    ],
)
def test_what_is_missing(run: Run, line: str, code: int, words: str) -> None:
    ran = run(line)
    assert ran.code == code
    assert words in ran.err


def test_a_backup_is_made_in_a_directory_that_is_there(run: Run) -> None:
    run("domain add hamburger.test")
    ran = run("backup none/none")
    assert ran.code == 1
    assert "make it first" in ran.err


def test_postgresql_has_its_own_tools(run: Run, config: Path, database_url: str, tmp_path: Path) -> None:
    config.write_text(
        config.read_text() + f'database = "{database_url}"\n',
    )
    run("domain add hamburger.test")
    assert "pg_dump" in run("backup", str(tmp_path / "backup")).err
    assert "pg_restore" in run("restore", str(tmp_path / "backup")).err
    assert run("restore --mark").code == 0
    assert run("check").code == 0


def test_a_disk_that_says_no(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "x"))

    run("domain add hamburger.test")
    monkeypatch.setattr("postroom.app.backup.manifest.copy", full)
    (tmp_path / "data/keys").mkdir(exist_ok=True)
    (tmp_path / "data/keys/a.key").write_bytes(b"x")
    ran = run("backup", str(tmp_path / "backup"))
    assert (ran.code, "No space left on device; the backup was not made" in ran.err) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []
