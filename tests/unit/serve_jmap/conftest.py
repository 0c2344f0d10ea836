"""A stage of JMAP and IMAP on both engines, with Bob and Alice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jmap_post import JmapPost
from jmap_stage import ALICE, JmapStage
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.store import Store, StoreSettings


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be made."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/store"
    url: str = request.getfixturevalue("database_url")
    return url


@pytest.fixture
async def stage(store_url: str, tmp_path: Path) -> AsyncIterator[JmapStage]:
    """Letters from 1000 octets on are files."""
    options = PostgresOptions(writers=4, readers=2)
    settings = StoreSettings(files=str(tmp_path / "files"), file_from=1000, postgres=options)
    store = await Store.open(store_url, settings, on_fatal=_unexpected)
    stage = await JmapStage.open(store, ALICE)
    yield stage
    await store.close()
    assert stage.faults == []


def _unexpected(error: BaseException) -> None:
    raise AssertionError(f"the store failed: {error!r}")


@pytest.fixture
async def post(stage: JmapStage) -> AsyncIterator[JmapPost]:
    """The stage with a door for what is sent, and the queue behind it."""
    post = JmapPost(stage)
    yield post
    await post.office.close()
    assert post.office.faults == []
