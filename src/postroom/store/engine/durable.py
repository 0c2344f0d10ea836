"""Directories whose names survive a power cut: a name is durable only once the directory that it stands in was synced, fsync(2).

All of it blocks. Not here: files, but for whose they are.
"""

from __future__ import annotations

import os
from pathlib import Path


def make_durable(path: Path, mode: int = 0o700) -> None:
    """Makes a directory with what is missing above it, all of that `mode`; that it is there is durable, whoever has made it."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing or [path]):
        one.mkdir(mode=0o700, exist_ok=True)
        if missing:
            one.chmod(mode)  # whatever the umask
            _give_directory_away(one)
        sync_directory(one.parent)


def give_away(descriptor: int, directory: Path) -> None:
    """What root makes in a directory of another user is that user's, as with SQLite's log: else a server that runs as he could not read what a command has made."""
    owner = directory.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _give_directory_away(path: Path) -> None:
    if os.geteuid() == 0:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            give_away(descriptor, path.parent)
        finally:
            os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Makes the names in a directory durable; whoever may not read it cannot open it to say so, and syncs everything."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        os.sync()
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
