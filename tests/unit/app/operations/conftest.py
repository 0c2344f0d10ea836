"""An office with a domain, bob and an alias."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from offices import TestOffice


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[TestOffice]:
    """An office with an empty store."""
    office = await TestOffice.open(tmp_path / "store")
    yield office
    await office.store.close()


@pytest.fixture
async def office(bare: TestOffice) -> TestOffice:
    """An office with hamburger.test and bob."""
    await bare.ask("domain.add", name="hamburger.test")
    await bare.ask("account.add", address="bob@hamburger.test", password="ketchup")
    return bare
