"""A lab's word is believed only when it is the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.agent.runtime import ACCOUNTS, NotOurs, find, is_ours, lab_directory, publish, retract


def test_what_is_published_is_found_until_it_is_retracted(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    directory = lab_directory(environ)
    assert find(ACCOUNTS, environ) is None
    publish({ACCOUNTS: "old"}, directory)
    publish({ACCOUNTS: "x = 1\n"}, directory)
    path = find(ACCOUNTS, environ)
    assert path is not None
    assert path.read_text() == "x = 1\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in directory.iterdir()) == [ACCOUNTS]
    retract(directory)
    assert not directory.exists()


def test_a_directory_open_to_others_is_not_believed(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    directory = lab_directory(environ)
    directory.mkdir()
    (directory / ACCOUNTS).write_text("")
    directory.chmod(0o755)
    assert not is_ours(directory)
    assert find(ACCOUNTS, environ) is None
    with pytest.raises(NotOurs, match="XDG_RUNTIME_DIR"):
        publish({}, directory)
    retract(directory)
    assert directory.exists()


def test_a_link_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "postroom-lab").symlink_to(tmp_path / "real")
    assert not is_ours(tmp_path / "postroom-lab")


def test_without_a_runtime_directory_it_is_the_users_in_tmp() -> None:
    assert str(lab_directory({})).startswith("/tmp/postroom-lab-")
