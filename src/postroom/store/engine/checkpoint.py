"""Copies SQLite's write-ahead log into the database file, beside the writer and not in its way.

SQLite's automatic checkpoint runs in the middle of somebody's commit and keeps its errors to itself; after a failed fsync it would
simply try again and believe the second answer. Here a thread with its own connection does it, and any error is final. A log starts
anew only when all of it has been copied, which never happens while commits come without pause: so at a hard limit the writer does
the little that is left itself.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import apsw
import msgspec


class LogLimits(msgspec.Struct, frozen=True):
    """Pages of the log: each `soft` of them it is copied beside the writer, from `hard` on by the writer."""

    soft: int = 4000
    hard: int = 16_000


class Checkpointer:
    """The thread. `on_error` is called in it."""

    def __init__(
        self,
        beside: apsw.Connection,
        writer: apsw.Connection,
        limits: LogLimits,
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._beside = beside
        self._writer = writer
        self._limits = limits
        self._on_error = on_error
        self._bell: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._busy = False
        self._copied = 0  # pages of the log that were there when it was last copied
        self._thread = threading.Thread(target=self._main, name="store-checkpoint", daemon=True)
        self._thread.start()

    def after_commit(self, pages: int) -> None:
        """Called by the writer between two transactions with the length of the log."""
        if pages < self._copied:
            self._copied = 0  # it has started anew
        if pages >= self._limits.hard:
            self._copied = pages
            self._copy(self._writer)
        elif pages - self._copied >= self._limits.soft and not self._busy:
            self._copied = pages
            self._busy = True
            self._bell.put(True)

    def close(self) -> None:
        """Waits for the thread's end; its connection is closed."""
        self._bell.put(False)
        self._thread.join()
        self._beside.close()

    def _main(self) -> None:
        while self._bell.get():
            self._copy(self._beside)
            self._busy = False

    def _copy(self, connection: apsw.Connection) -> None:
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except (apsw.BusyError, apsw.FullError):
            pass  # the other one is at it; no room: the log grows meanwhile, and the next commit tries again
        except apsw.Error as error:
            self._on_error(error)
