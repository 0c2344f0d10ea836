"""Orders and threads of messages, kept: they follow from values that never change, so the same messages are in the same order for ever.

RFC 5256 §3. What is kept is named by the messages themselves: a mailbox that has grown or shrunk asks under another name, and nothing has to be
forgotten but what was not asked for longest. Shared by all sessions of a service, bounded in octets. Not here: how messages are sorted or threaded.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

from postroom.proto.imap.sets import Ranges
from postroom.store.mailboxes.rights import MailboxRef

MAX_ORDERS: Final = 16 << 20  # octets of orders and threads that a service keeps
MAX_RANGES: Final = 10_000  # of uids whose order is kept; to look for more would itself take long
_OVERHEAD: Final = 500  # octets that one costs besides its value and its ranges, about
_RANGE: Final = 150  # octets of a range of uids or numbers, about


class Asked(NamedTuple):
    """What is kept: `how` the messages `found` (uids) are ordered; `numbers` are theirs where the value speaks of numbers."""

    account_id: int
    mailbox_id: int
    how: Hashable
    found: tuple[tuple[int, int], ...]
    numbers: tuple[tuple[int, int], ...]


def asked(mailbox: MailboxRef, how: Hashable, found: Ranges, numbers: Ranges = []) -> Asked | None:  # noqa: B006 -- is not changed
    """The name under which a value is kept; None for messages that are too scattered."""
    if len(found) > MAX_RANGES:
        return None
    return Asked(mailbox.account_id, mailbox.mailbox_id, how, tuple(found), tuple(numbers))


class Orders:
    """All that is kept of a service. `octets`: about how much that is."""

    def __init__(self, most: int = MAX_ORDERS) -> None:
        self._kept: OrderedDict[Asked, bytes] = OrderedDict()
        self._most = most
        self.octets = 0

    def get(self, name: Asked | None) -> bytes | None:
        """What was put there, if it still is."""
        if name is None or name not in self._kept:
            return None
        self._kept.move_to_end(name)
        return self._kept[name]

    def put(self, name: Asked | None, value: bytes) -> None:
        """Keeps a value that has a name and is small enough."""
        if name is None:
            return
        cost = _cost(name, value)
        if cost > self._most // 2 or name in self._kept:
            return
        self._kept[name] = value
        self.octets += cost
        while self.octets > self._most:
            self.octets -= _cost(*self._kept.popitem(last=False))


def packed(uids: Sequence[int]) -> bytes:
    """Uids as they are kept: four octets each."""
    return array("I", uids).tobytes()


def unpacked(value: bytes) -> list[int]:
    """The inverse of `packed`."""
    return memoryview(value).cast("I").tolist()


def _cost(name: Asked, value: bytes) -> int:
    return len(value) + _OVERHEAD + _RANGE * (len(name.found) + len(name.numbers))
