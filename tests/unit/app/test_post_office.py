"""The way to the server, and the way round it."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.app.locate import Server
from postroom.app.post_office import Posted, PostOffice, Unreachable
from postroom.app.settings.file import ServerSettings, Settings


def test_a_lab_that_is_gone_has_no_drop_directory(tmp_path: Path) -> None:
    office = PostOffice(Server("crepes.test", tmp_path / "control"))
    with pytest.raises(Unreachable, match=r"crepes\.test: no server listens"):
        office.submit({"recipients": ["bob"]}, b"")
    assert office.verify("bob") is None


def test_no_drop_directory_is_said_with_the_reason(tmp_path: Path) -> None:
    settings = Settings(server=ServerSettings(data=str(tmp_path)))
    with pytest.raises(Unreachable, match="cannot be dropped"):
        PostOffice(Server("x", tmp_path / "control", settings)).submit({"recipients": []}, b"")


@pytest.mark.parametrize(("posted", "name"), [(Posted(journey="J1"), "J1"), (Posted(dropped="0a"), "0a")])
def test_the_message_has_a_name(posted: Posted, name: str) -> None:
    assert posted.id == name
