"""Fixtures of the tests of delivery: a whole store on each engine, with files from 20,000 octets on, and a sorting office over it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.store import Store, StoreSettings
from sorting_office import SortingOffice


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be made."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/store"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture
async def store(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    """A whole store."""
    options = PostgresOptions(writers=4, readers=2)
    settings = StoreSettings(files=str(tmp_path / "files"), file_from=20_000, postgres=options)
    store = await Store.open(store_url, settings, on_fatal=_unexpected)
    yield store
    await store.close()


@pytest.fixture
async def office(store: Store) -> AsyncIterator[SortingOffice]:
    """An office for hamburger.test, where bob lives."""
    office = SortingOffice(store)
    await office.add_domain()
    office.bob = await office.add_account("bob@hamburger.test")
    yield office
    await office.close()


def _unexpected(error: BaseException) -> None:
    raise AssertionError(f"the store failed: {error!r}")
