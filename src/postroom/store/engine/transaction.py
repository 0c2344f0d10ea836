"""What the store's logic asks of a database engine, and nothing more.

Every store function is `async` and written once against `Transaction`; SQLite and PostgreSQL each give an `Engine`. SQL runs on both:
`$1` placeholders, RETURNING, ON CONFLICT, and the tokens {BYTES}, {SKIP} and {LOCK}. No SQL function of time or chance is used: times
(unix microseconds) and ids are arguments. Not here: any statement, any table.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from postroom.message.errors import MailError, NoSpace, Overloaded, TryLater

T = TypeVar("T")
Value = int | str | bytes | None
Row = Sequence[Any]


class Transaction(Protocol):
    """One transaction. On SQLite no method ever suspends; on PostgreSQL each is one round trip."""

    async def execute(self, sql: str, *args: Value) -> int:
        """Runs a statement and gives the number of rows it touched."""

    async def fetch(self, sql: str, *args: Value) -> Sequence[Row]:
        """All rows, whole: no cursor outlives an await."""

    async def fetchrow(self, sql: str, *args: Value) -> Row | None:
        """The first row, or None."""

    async def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Runs a statement once for each row of arguments."""


def is_undone(error: MailError) -> bool:
    """Whether a `write` that raised this has surely committed nothing; a `TryLater` of another kind may have lost the answer alone."""
    return not isinstance(error, TryLater) or isinstance(error, (NoSpace, Overloaded))


class Urgency(enum.IntEnum):
    """Commits are admitted in this order."""

    INBOUND = 0
    CLIENT = 1
    HOUSEKEEPING = 2


class Engine(Protocol):
    """A database: durable writes, consistent reads."""

    async def write(
        self, work: Callable[[Transaction], Awaitable[T]], urgency: Urgency = Urgency.INBOUND
    ) -> T:
        """Runs `work` in a transaction and returns its value after the commit is durable.

        `work` may be run again (a serialisation failure): it has no effect outside the transaction. An exception of `work` rolls it
        back and comes out here; a failure of the engine comes out as `TryLater`: `is_undone` tells whether it may be committed.
        """

    def reading(self) -> Transaction:
        """Reads, each statement on its own; on SQLite inline, without suspending. Writing through it is an error."""

    async def snapshot(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Runs the reads of `work` on one unchanging view."""

    async def aside(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """As `snapshot`, for few reads that take long: nobody waits for them."""

    def waited(self) -> float:
        """Seconds that the oldest write in the queue has waited; 0.0 when none waits."""

    async def now(self) -> int | None:
        """What the clock of the database's machine says, unix microseconds; None where it is this one. To compare: times are arguments."""

    async def close(self) -> None:
        """Finishes what is queued and lets go of the files or connections."""
