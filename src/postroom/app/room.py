"""Whether there is room for another message: in the writer's queue, in memory, on the disk, in the spool.

RFC 5321 §4.2.3 (452), §7.8; RFC 1870 §6.1 (the declared size counts). Asked for each MAIL, so it must cost nothing: the disk is looked at
once a second, the spool's size is brought by housekeeping. What users put into their mailboxes themselves (APPEND, JMAP) needs the disk alone.
Not here: the largest message that is ever taken, and an account's quota.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from postroom.message.errors import NoSpace, Overloaded

WAITED = 2.0  # seconds that the oldest write may have waited
LOOK_EVERY = 1.0  # seconds
COPIES = 2  # of one message on the disk for a moment: as it came, and as it stays


def free_octets(data: Path) -> int:
    """What the disk of a directory has room for."""
    status = os.statvfs(data)
    return status.f_bavail * status.f_frsize


class Gauges(msgspec.Struct, frozen=True):
    """What is read anew for each message: the age of the oldest queued write in seconds, the octets of messages that are coming in; `free` once a second."""

    waited: Callable[[], float]
    coming: Callable[[], int]
    free: Callable[[Path], int] = free_octets


class Room:
    """`free_bytes` of the disk stay free; `at_once` octets of messages may come in at the same time. `monotonic` gives seconds."""

    def __init__(
        self, data: Path, free_bytes: int, at_once: int, gauges: Gauges, monotonic: Callable[[], float]
    ) -> None:
        self._data = data
        self._free_bytes = free_bytes
        self._at_once = at_once
        self._gauges = gauges
        self._monotonic = monotonic
        self._looked = float("-inf")
        self._seen = 0  # octets that were free at the last look
        self.queue_full = False

    @property
    def overloaded(self) -> bool:
        """Whether the writer cannot keep up."""
        return self._gauges.waited() > WAITED

    def check(self, size: int = 0) -> None:
        """Raises `Overloaded`, or `NoSpace` when a message of `size` octets (0: unknown) cannot be taken beside those that are coming."""
        if self.overloaded:
            raise Overloaded
        left = self._left()
        if size > self._at_once or (size and COPIES * (size + self._gauges.coming()) > left):
            raise NoSpace(f"No room for a message of {size} octets now, try again later")
        if self.queue_full:
            raise NoSpace("The queue is full, try again later")

    def check_disk(self, size: int) -> None:
        """Raises `NoSpace` when the disk has no room for `size` octets that a user keeps here, beside what stays free."""
        if COPIES * size > self._left():
            raise NoSpace

    def _left(self) -> int:
        """What the disk has room for beside what stays free; raises `NoSpace` when that is there no more."""
        now = self._monotonic()
        if now - self._looked > LOOK_EVERY:
            self._looked = now
            self._seen = self._gauges.free(self._data)
        left = self._seen - self._free_bytes
        if left < 0:
            raise NoSpace(detail=f"less than {self._free_bytes} octets free at {self._data}")
        return left

    def forget(self) -> None:
        """Looks at the disk the next time, however lately it was looked at."""
        self._looked = float("-inf")
