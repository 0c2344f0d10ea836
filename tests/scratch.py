"""Where tests put their files: in memory where there is room. They wait for no disk, and what is lost with power they ask by other means."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # octets; a whole run leaves less than one gigabyte


def in_memory(directory: Path = MEMORY, room: int = ROOM) -> bool:
    """Whether the directory has room, and lets programs be run."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return False
    free = found.f_bavail * found.f_frsize
    return free >= room and not found.f_flag & os.ST_NOEXEC and os.access(directory, os.W_OK)


def use_memory() -> None:
    """Has this process and those it starts put temporary files into memory, unless TMPDIR says where."""
    if "TMPDIR" not in os.environ and in_memory():
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


class CompiledOnce:
    """Where compiled modules may not be written beside their sources, the hundreds of programs that tests start share a directory of their own."""

    def __init__(self) -> None:
        self.directory = ""
        if sys.dont_write_bytecode and sys.pycache_prefix is None:
            self.directory = tempfile.mkdtemp(prefix="postroom-compiled-")
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            os.environ["PYTHONPYCACHEPREFIX"] = self.directory

    def close(self) -> None:
        """Removes it."""
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)
