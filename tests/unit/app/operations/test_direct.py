"""The first command before any server: what it makes, the server and everybody else must be able to use."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.app.locate import places_of
from postroom.app.operations.direct import DirectOffice
from postroom.app.settings.file import ServerSettings, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(server=ServerSettings(hostname="mail.l.test", data=str(tmp_path / "srv" / "data")))


async def test_anybody_may_pass_through_the_data_directory_to_drop_mail(settings: Settings) -> None:
    office = await DirectOffice.open(settings)
    _ = office.vault
    await office.close()
    places = places_of(settings)
    modes = [
        one.stat().st_mode & 0o777 for one in (places.data.parent, places.data, places.store, places.keys)
    ]
    assert modes == [0o711, 0o711, 0o700, 0o700]
