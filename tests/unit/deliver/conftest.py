"""A sorting office on each engine, and one with a next hop that can prove who it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from guarded_hop import ROOT, World
from post import office, store, store_url
from sorting_office import SortingOffice

__all__ = ["office", "store", "store_url"]


@pytest.fixture
async def world(office: SortingOffice, tmp_path: Path) -> AsyncIterator[World]:
    made = World(office, tmp_path, ROOT.trusting(tmp_path))
    await made.open()
    yield made
    await made.sts.close()
    await made.hop.close()
    await made.web.close()
