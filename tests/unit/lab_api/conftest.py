"""A lab, and somebody who asks its interface over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api_client import Client
from laboratory import LabThread


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    lab = LabThread(tmp_path_factory.mktemp("lab"))
    yield Client(lab)
    lab.close()
