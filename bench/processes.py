"""Programs that the bench starts: their processor time and memory with all descendants, and how they are ended.

Numbers come from /proc (Linux). A program that forks is followed by its pid. Not here: what the programs are.
"""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

TICK: Final = os.sysconf("SC_CLK_TCK")
TICK_SECONDS: Final = 1 / TICK
END_SECONDS: Final = 10.0
SETTLE_SECONDS: Final = 15


class BenchError(Exception):
    """Something could not be measured; the text says what and why."""


class Stat(msgspec.Struct, frozen=True):
    """A line of /proc/PID/stat: the parent, and processor seconds with those of children that were waited for."""

    parent: int
    state: str
    seconds: float


def parse_stat(line: str) -> Stat:
    """Reads /proc/PID/stat; the command's name, in parentheses, may hold anything."""
    fields = line[line.rindex(")") + 2 :].split()
    return Stat(int(fields[1]), fields[0], sum(int(field) for field in fields[11:15]) / TICK)


def read_stat(pid: int) -> Stat | None:
    """None when there is no such process."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text("utf-8", "replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(roots: Iterable[int]) -> Iterator[tuple[int, Stat]]:
    """The processes of `roots` and all their descendants that live."""
    stats: dict[int, Stat] = {}
    children = defaultdict[int, list[int]](list)
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and (stat := read_stat(int(entry.name))):
            stats[int(entry.name)] = stat
            children[stat.parent].append(int(entry.name))
    todo = list(roots)
    while todo:
        pid = todo.pop()
        if pid in stats:
            yield pid, stats[pid]
        todo += children[pid]


def processor_seconds(roots: Iterable[int]) -> float:
    """User and system time of the trees so far, in seconds; the resolution is a tick of 10 ms."""
    return sum(stat.seconds for _, stat in tree(roots))


def settled_seconds(roots: Sequence[int]) -> float:
    """The same once nothing more is done for the work before: when a second has passed with less than two hundredths of processor time."""
    now = processor_seconds(roots)
    for _ in range(SETTLE_SECONDS):
        time.sleep(1)
        before, now = now, processor_seconds(roots)
        if now - before < 2 * TICK_SECONDS:
            break
    return now


def proportional_bytes(roots: Iterable[int]) -> int:
    """Memory of the trees, shared pages counted in proportion (PSS)."""
    total = 0
    for pid, _ in tree(roots):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError as error:
            raise BenchError(f"memory of process {pid} may not be read: run as root") from error
        total += parse_pss(rollup)
    return total


def parse_pss(rollup: str) -> int:
    """The Pss line of /proc/PID/smaps_rollup, in octets."""
    return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))


def end(pid: int) -> None:
    """Ends a process and its descendants: a polite signal to it, and after some seconds a hard one to whoever is left."""
    pids = [found for found, _ in tree([pid])]
    send(pid, signal.SIGTERM)
    if not _wait(lambda: not any(map(alive, pids)), END_SECONDS):
        for left in filter(alive, pids):
            send(left, signal.SIGKILL)
        _wait(lambda: not any(map(alive, pids)), END_SECONDS)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    stat = read_stat(pid)
    return stat is not None and stat.state not in "ZX"


def send(pid: int, number: signal.Signals) -> None:
    """Sends a signal; a process that is gone is none the worse."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Polls until the condition holds, each pause longer than the poll took; raises `BenchError` after `seconds`."""
    limit = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        if now > limit:
            raise BenchError(f"{what}: not within {seconds:.0f} s")
        time.sleep(max(0.01, 2 * (now - asked)))
