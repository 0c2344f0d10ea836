"""Turns: a method that changes an account has it to itself, so that what it says of states holds (RFC 8620 §5.3).

Between the check of `ifInState` and the change lies no other call of this process, nor between `oldState` and `newState`. Who changes an account in other ways (IMAP,
a delivery, another process) does not wait: the first write sees whether the account is as it was (`serve.jmap.batch`). Not here: that a change is of what is there when it is written, which each method's transaction sees to.
"""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakValueDictionary

CHANGING: Final = frozenset(("set", "import", "copy", "send"))


def is_changing(method: str) -> bool:
    """Whether a method changes an account, by what its name says behind that of its type."""
    return method.rpartition("/")[2] in CHANGING


class Turns:
    """Of one process's accounts, as long as somebody has one or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, account_id: str) -> asyncio.Lock:
        """Whoever holds it has his turn; others wait, in the order in which they came."""
        return self._locks.setdefault(account_id, asyncio.Lock())
