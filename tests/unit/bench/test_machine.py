"""Which file system mail lies on."""

import time
from pathlib import Path

import pytest
from bench.machine import busy_ticks, examine, mounted

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
25 22 0:23 / /dev/shm rw,nosuid - tmpfs tmpfs rw
31 22 0:27 / /srv rw - xfs /dev/vdb rw
"""


@pytest.mark.parametrize(("device", "kind"), [("254:0", "ext4"), ("0:23", "tmpfs"), ("9:9", "unknown")])
def test_the_type_by_the_device(device: str, kind: str):
    assert mounted(MOUNTS, device) == kind


def test_waiting_for_the_disk_is_not_busy():
    assert busy_ticks("cpu  10 1 20 500 50 2 3 4 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n") == (40, 590)


def test_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    machine = examine(tmp_path, "no peer")
    assert machine.cores > 0
    assert 0 <= machine.others_before <= 1
    assert machine.sync_ms > 0
    assert "sqlite" in machine.versions
    assert "postfix" not in machine.versions
    assert list(tmp_path.iterdir()) == []
