"""The tests' files lie in memory where there is room for them."""

import os
from pathlib import Path

import pytest

import scratch


def test_a_directory_has_room(tmp_path: Path) -> None:
    assert scratch.in_memory(tmp_path, room=1)


def test_too_little_room(tmp_path: Path) -> None:
    assert not scratch.in_memory(tmp_path, room=1 << 60)


def test_a_machine_without_one(tmp_path: Path) -> None:
    assert not scratch.in_memory(tmp_path / "none", room=1)


def test_one_that_runs_no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((*found[:8], os.ST_NOEXEC, found[9])))
    assert not scratch.in_memory(tmp_path, room=1)
