"""Keys in files: made once, private, and never quietly replaced."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from postroom.app.keys import OCTETS, secret_key
from postroom.app.settings import SettingsError


def test_a_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "srs.key"
    key = secret_key(path)
    assert (len(key), secret_key(path)) == (OCTETS, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_key_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "srs.key"
    path.write_bytes(b"short")
    with pytest.raises(SettingsError, match="restore it"):
        secret_key(path)
