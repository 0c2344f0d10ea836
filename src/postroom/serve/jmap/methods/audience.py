"""Who listens: the open push connections of every user, counted and ended together.

One user has so many, of whatever kind. Not here: what they hear (`serve.jmap.push.watching`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol

from postroom.message.errors import EnhancedStatus, MailError

MAX_LISTENERS: Final = 10  # event sources and WebSockets that one user has open at a time


class TooManyListeners(MailError):
    """A user has as many open connections as he may have."""

    status = EnhancedStatus(4, 7, 0)
    words = f"At most {MAX_LISTENERS} connections for push at a time: close one"


class Listener(Protocol):
    """One of them."""

    def end(self) -> None:
        """It hears nothing more, and is to end."""


class Audience:
    """All listeners of one process."""

    def __init__(self) -> None:
        self._open: dict[int, set[Listener]] = {}
        self._closed = False

    def enter(self, account_id: int, listener: Listener) -> None:
        """One more; raises `TooManyListeners`. After `close` it is ended at once."""
        there = self._open.setdefault(account_id, set())
        if len(there) >= MAX_LISTENERS:
            raise TooManyListeners
        there.add(listener)
        if self._closed:
            listener.end()

    def leave(self, account_id: int, listener: Listener) -> None:
        """One less."""
        there = self._open.get(account_id, set())
        there.discard(listener)
        if not there:
            self._open.pop(account_id, None)

    @property
    def accounts(self) -> Collection[int]:
        """Who listens."""
        return self._open.keys()

    def count(self, account_id: int) -> int:
        """How many one user has."""
        return len(self._open.get(account_id, ()))

    def close(self) -> None:
        """The server stops: everybody is told to end."""
        self._closed = True
        for there in tuple(self._open.values()):
            for listener in tuple(there):
                listener.end()
