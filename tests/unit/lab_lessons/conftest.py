"""One lab for all lessons: a lesson must stand what others have left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laboratory import LabThread
from running import at_home


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    """A running lab that commands find."""
    lab = LabThread(tmp_path_factory.mktemp("lessons"))
    yield lab
    lab.close()


@pytest.fixture
def home(lab: LabThread, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment of its own in which the lab is found."""
    return {**at_home(tmp_path_factory.mktemp("home")), "XDG_RUNTIME_DIR": str(lab.runtime)}
