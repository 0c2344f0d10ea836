"""Where tests put their files: in memory where there is room. They wait for no disk, and what is lost with power they ask by other means."""

import os
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
