"""The tests' files lie in memory where there is room for them."""

import os
import sys
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


@pytest.mark.parametrize(
    ("forbidden", "prefix", "own"), [(True, None, True), (False, None, False), (True, "/x", False)]
)
def test_programs_are_compiled_once_where_nothing_may_be_written(
    monkeypatch: pytest.MonkeyPatch, forbidden: bool, prefix: str | None, own: bool
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", forbidden)
    monkeypatch.setattr(sys, "pycache_prefix", prefix)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", "")  # so that it is put back
    monkeypatch.delenv("PYTHONPYCACHEPREFIX")
    compiled = scratch.CompiledOnce()
    assert os.environ.get("PYTHONPYCACHEPREFIX", "") == compiled.directory
    assert bool(compiled.directory) is own
    assert Path(compiled.directory).is_dir()
    compiled.close()
    assert not (own and Path(compiled.directory).exists())
