"""The machine and the programs that the numbers hold for."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

import apsw
import msgspec

from bench.peers import dovecot_version, postfix_version

VOLATILE: Final = frozenset({"tmpfs", "ramfs", "devtmpfs"})
SYNCS: Final = 50
WATCH: Final = 1.0  # seconds
QUIET: Final = 0.1


class Machine(msgspec.Struct):
    """Facts for the report; sizes in octets. `sync_ms` is the median of an fdatasync of 4 KiB appended to a file.

    `others_before` and `others_after` are the share of the processors that other programs used, just before and just after.
    """

    processor: str
    cores: int
    memory: int
    kernel: str
    file_system: str
    sync_ms: float
    others_before: float
    versions: dict[str, str]
    others_after: float = 0.0


def examine(directory: Path, no_peer: str) -> Machine:
    """Looks around; `directory` is where mail will lie."""
    versions = {
        "postroom": version("postroom"),
        "python": f"{platform.python_version()} of {sys.base_prefix}",  # whoever built it decides a third of its speed
        "sqlite": apsw.sqlite_lib_version(),
        "uvloop": version("uvloop"),
    }
    if not no_peer:
        versions |= {"postfix": postfix_version(), "dovecot": dovecot_version()}
    return Machine(
        processor=_processor(Path("/proc/cpuinfo").read_text("utf-8")),
        cores=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
        file_system=file_system(directory),
        sync_ms=_sync_ms(directory),
        others_before=busy(),
        versions=versions,
    )


def busy(seconds: float = WATCH) -> float:
    """The share of all processors that is used while this program waits, 0.0 to 1.0."""
    before = busy_ticks(Path("/proc/stat").read_text("ascii"))
    time.sleep(seconds)
    after = busy_ticks(Path("/proc/stat").read_text("ascii"))
    return (after[0] - before[0]) / max(1, after[1] - before[1])


def busy_ticks(stat: str) -> tuple[int, int]:
    """Ticks in use and all ticks, of the first line of /proc/stat."""
    ticks = [int(field) for field in stat.partition("\n")[0].split()[1:9]]
    idle, waiting = ticks[3:5]
    return sum(ticks) - idle - waiting, sum(ticks)


def file_system(directory: Path) -> str:
    """The type of the file system that holds a directory, e.g. `ext4`."""
    device = directory.stat().st_dev
    return mounted(Path("/proc/self/mountinfo").read_text("utf-8"), f"{os.major(device)}:{os.minor(device)}")


def mounted(mountinfo: str, device: str) -> str:
    """The type of a device's file system by /proc/self/mountinfo; "unknown" when it is not there."""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split()[2] == device:
            return rest.split()[0]
    return "unknown"


def _processor(cpuinfo: str) -> str:
    for line in cpuinfo.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _sync_ms(directory: Path) -> float:
    path = directory / "sync"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    times: list[float] = []
    try:
        for _ in range(SYNCS):
            os.write(descriptor, bytes(4096))
            began = time.perf_counter()
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(times) * 1000
