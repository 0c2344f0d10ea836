"""Whether there is room for another message: in the writer's queue, on the disk, in the spool.

RFC 5321 §4.2.3 (452), §7.8. Asked for each MAIL, so it must cost nothing: the disk is looked at once a second, the spool's size is brought by
housekeeping. Not here: the size of one message, and an account's quota.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from postroom.message.errors import NoSpace, Overloaded

WAITED = 2.0  # seconds that the oldest write may have waited
LOOK_EVERY = 1.0  # seconds


class Room:
    """`waited` gives the age of the oldest queued write in seconds, `monotonic` seconds."""

    def __init__(
        self, data: Path, free_bytes: int, waited: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._data = data
        self._free_bytes = free_bytes
        self._waited = waited
        self._monotonic = monotonic
        self._looked = float("-inf")
        self._enough = True
        self.queue_full = False

    @property
    def overloaded(self) -> bool:
        """Whether the writer cannot keep up."""
        return self._waited() > WAITED

    def check(self) -> None:
        """Raises `Overloaded` or `NoSpace`."""
        if self.overloaded:
            raise Overloaded
        now = self._monotonic()
        if now - self._looked > LOOK_EVERY:
            self._looked = now
            self._enough = self._free() >= self._free_bytes
        if not self._enough:
            raise NoSpace(detail=f"less than {self._free_bytes} octets free at {self._data}")
        if self.queue_full:
            raise NoSpace("The queue is full, try again later")

    def _free(self) -> int:
        status = os.statvfs(self._data)
        return status.f_bavail * status.f_frsize
