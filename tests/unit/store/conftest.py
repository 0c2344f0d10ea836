"""Every test with `engine` runs on both engines; `literal` makes their rows comparable."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mail_account import Account, open_account
from postroom.store.engine.migrations import MigratableEngine, migrate
from postroom.store.engine.postgres import PostgresEngine
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.engine.sqlite import SqliteEngine
from postroom.store.store import Store, StoreSettings

NOW = 1_750_000_000_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be made."""
    return _place(request, tmp_path, "database_url")


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is nothing yet."""
    return _place(request, tmp_path, "bare_database_url")


@pytest.fixture
async def bare_engine(bare_url: str) -> AsyncIterator[MigratableEngine]:
    """An engine on an empty database, without tables."""
    engine = await _open(bare_url)
    yield engine
    await engine.close()


@pytest.fixture
async def engine(store_url: str) -> AsyncIterator[MigratableEngine]:
    """An engine with the whole schema."""
    engine = await _open(store_url)
    await migrate(engine, NOW)
    yield engine
    await engine.close()


@pytest.fixture
async def store(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    """A whole store, with files from 1000 octets on."""
    settings = StoreSettings(
        files=str(tmp_path / "files"), file_from=1000, postgres=PostgresOptions(writers=4, readers=2)
    )
    store = await Store.open(store_url, settings, on_fatal=_unexpected)
    yield store
    await store.close()


@pytest.fixture
async def account(engine: MigratableEngine) -> Account:
    """Account 1 with its first mailboxes, empty."""
    return await open_account(engine)


def _unexpected(error: BaseException) -> None:
    raise AssertionError(f"the store failed: {error!r}")


def literal(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows of either engine as plain tuples."""
    return [tuple(row) for row in rows]


def _place(request: pytest.FixtureRequest, directory: Path, database: str) -> str:
    if request.param == "sqlite":
        return f"sqlite://{directory}/store"
    url: str = request.getfixturevalue(database)
    return url


async def _open(url: str) -> MigratableEngine:
    if url.startswith("sqlite"):
        return await SqliteEngine.open(Path(url.removeprefix("sqlite://")), on_fatal=_unexpected)
    return await PostgresEngine.open(url, PostgresOptions(writers=4, readers=2))
