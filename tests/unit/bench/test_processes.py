"""Processor time and memory out of /proc, and the end of what was started."""

import os
import subprocess
import sys

import pytest
from bench.processes import (
    TICK,
    BenchError,
    alive,
    end,
    parse_pss,
    parse_stat,
    processor_seconds,
    proportional_bytes,
    settled_seconds,
    tree,
    wait_until,
)


@pytest.mark.parametrize("name", ["postroom", "a b", "x) R 1 (y", "(((", ""])
def test_the_name_of_a_program_may_be_anything(name: str):
    stat = parse_stat(f"42 ({name}) S 7 42 42 0 -1 4194560 100 0 0 0 10 20 30 40 20 0 1 0 100 1000 10\n")
    assert (stat.parent, stat.state, stat.seconds) == (7, "S", 100 / TICK)


def test_pss_of_a_rollup():
    assert (
        parse_pss("55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\nPss: 12 kB\nPss_Anon: 5 kB\n")
        == 12 * 1024
    )


def test_this_process_is_the_root_of_its_tree():
    assert os.getpid() in dict(tree([os.getpid()]))
    assert processor_seconds([os.getpid()]) > 0
    assert proportional_bytes([os.getpid()]) > 1 << 20


def test_processor_time_settles_when_the_work_is_done(monkeypatch: pytest.MonkeyPatch):
    spent = iter([1.0, 1.5, 2.0, 2.01, 9.0])
    monkeypatch.setattr("bench.processes.processor_seconds", lambda roots: next(spent))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert settled_seconds([1]) == 2.01


def test_a_process_ends_with_its_children():
    script = (
        "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('up', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        (child,) = {pid for pid, _ in tree([parent.pid])} - {parent.pid}
        os.kill(child, 15)
        end(parent.pid)
        assert not alive(parent.pid)
        assert not alive(child)


def test_the_end_of_nobody_is_no_error():
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    end(gone.pid)


def test_waiting_has_an_end():
    with pytest.raises(BenchError, match="rain: not within 0 s"):
        wait_until(lambda: False, 0, "rain")
