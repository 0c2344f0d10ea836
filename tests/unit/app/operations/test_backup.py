"""The backup as an operation: it tells how far it is, and nothing stays when the caller goes away or the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from offices import ALICE, ROOT, TestOffice
from postroom.app.backup import backing_up
from postroom.app.operations.backup import BackUp, back_up


@pytest.fixture
async def home(tmp_path: Path) -> TestOffice:
    """An office whose store lies where its settings say."""
    office = await TestOffice.open(tmp_path / "data/store")
    server = msgspec.structs.replace(office.settings.server, data=str(tmp_path / "data"))
    office.settings = msgspec.structs.replace(office.settings, server=server)
    yield office
    await office.store.close()


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is never copied to its end."""

    def copy_database(_source: Path, target: Path) -> Iterator[tuple[int, int]]:
        target.write_bytes(b"begun")
        while True:
            yield 1, 2

    monkeypatch.setattr(backing_up, "copy_database", copy_database)


async def test_records(home: TestOffice, tmp_path: Path) -> None:
    *_, last = await home.ask("backup", directory=str(tmp_path / "backup"))
    assert (last["finished"], last["files"], last["missing"]) == (True, 1, [])
    assert sorted(path.name for path in (tmp_path / "backup").rglob("*")) == [
        "mail.db",
        "manifest.jsonl",
        "store",
    ]


async def test_who_may_and_where(home: TestOffice, tmp_path: Path) -> None:
    assert "become root" in await home.refusal("backup", ALICE, directory=str(tmp_path / "backup"))
    assert "from the root on" in await home.refusal("backup", directory="backup")


async def test_a_caller_who_goes_away(home: TestOffice, tmp_path: Path, endless: None) -> None:
    records = back_up(home, ROOT, BackUp(str(tmp_path / "backup")))
    assert not (await anext(records)).finished
    assert (tmp_path / ".backup.part").is_dir()
    await records.aclose()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


async def test_a_server_that_stops(home: TestOffice, tmp_path: Path, endless: None) -> None:
    begun = asyncio.Event()

    async def ask() -> None:
        async for _ in back_up(home, ROOT, BackUp(str(tmp_path / "backup"))):
            begun.set()

    task = asyncio.create_task(ask())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
