import os
import subprocess
import sys

import pytest

from postroom.store.engine.lockfile import LockFile
from postroom.store.engine.refused import StoreInUse

HOLDER = """
import sys
from pathlib import Path
from postroom.store.engine.lockfile import LockFile
lock = LockFile(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused(tmp_path):
    first = LockFile(tmp_path)
    with pytest.raises(StoreInUse, match=rf"in use by process {os.getpid()} since 20"):
        LockFile(tmp_path)
    first.release()
    LockFile(tmp_path).release()


def test_another_process_is_named_and_leaves_the_lock_when_it_is_killed(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreInUse, match=f"process {holder.pid} since"):
            LockFile(tmp_path)
        holder.kill()
        holder.wait()
    LockFile(tmp_path).release()
