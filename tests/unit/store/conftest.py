"""Every test with `engine` runs on both engines; `literal` makes their rows comparable."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mail_account import Account, open_account
from postroom.store.migrations import MigratableEngine, migrate
from postroom.store.postgres import PostgresEngine
from postroom.store.postgres_options import PostgresOptions
from postroom.store.sqlite import SqliteEngine
from postroom.store.store import Store, StoreSettings

NOW = 1_750_000_000_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be made."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/store"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture
async def bare_engine(store_url: str) -> AsyncIterator[MigratableEngine]:
    """An engine on an empty database, without tables."""
    if store_url.startswith("sqlite"):
        directory = Path(store_url.removeprefix("sqlite://"))
        engine: MigratableEngine = await SqliteEngine.open(directory, on_fatal=_unexpected)
    else:
        engine = await PostgresEngine.open(store_url, PostgresOptions(writers=4, readers=2))
    yield engine
    await engine.close()


@pytest.fixture
async def engine(bare_engine: MigratableEngine) -> MigratableEngine:
    """An engine with the whole schema."""
    await migrate(bare_engine, NOW)
    return bare_engine


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
