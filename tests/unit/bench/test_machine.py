"""Which file system mail lies on."""

from pathlib import Path

import pytest
from bench.machine import examine, mounted

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
25 22 0:23 / /dev/shm rw,nosuid - tmpfs tmpfs rw
31 22 0:27 / /srv rw - xfs /dev/vdb rw
"""


@pytest.mark.parametrize(("device", "kind"), [("254:0", "ext4"), ("0:23", "tmpfs"), ("9:9", "unknown")])
def test_the_type_by_the_device(device: str, kind: str):
    assert mounted(MOUNTS, device) == kind


def test_facts(tmp_path: Path):
    machine = examine(tmp_path, "no peer")
    assert machine.cores > 0
    assert machine.sync_ms > 0
    assert "sqlite" in machine.versions
    assert "postfix" not in machine.versions
    assert list(tmp_path.iterdir()) == []
