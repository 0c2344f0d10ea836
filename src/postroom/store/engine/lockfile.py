"""A directory belongs to one process: an flock that ends with the process, and words about who has it.

The lock is the kernel's, the text in the file is for people. Not for directories on NFS shared by machines: several machines
use PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from pathlib import Path

from postroom.store.engine.durable import give_away
from postroom.store.engine.refused import StoreInUse


class LockFile:
    """Holds `directory/lock` until `release`."""

    def __init__(self, directory: Path) -> None:
        """Raises `StoreInUse`, naming the holder, when another process (or another store of this one) has it."""
        path = directory / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
            os.close(descriptor)
            message = (
                f"{directory} is in use by {holder}: stop it first, or talk to it through its control socket"
            )
            raise StoreInUse(message) from error
        give_away(descriptor, directory)
        since = dt.datetime.now(dt.UTC).isoformat(sep=" ", timespec="seconds")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} since {since}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Lets another process in. The file stays: removing it would race with one who is opening it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
