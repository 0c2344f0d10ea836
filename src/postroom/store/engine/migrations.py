"""The schema and its history: ordered, named steps, each one transaction with the row that records it.

A store says from which schema number on a program may open it: `opens_from` of its steps. So a store that was only added to can still be
opened by the version before, and one that was changed in a way that it would misread is refused with words. Step 1 is the whole schema,
from the files in `schema/`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from importlib import resources
from typing import Final, Protocol

import msgspec

from postroom.store.engine.dialect import Dialect
from postroom.store.engine.refused import StoreTooNew
from postroom.store.engine.transaction import Engine, Transaction


class MigratableEngine(Engine, Protocol):
    """An engine that says which dialect it speaks."""

    dialect: Dialect


class Migration(msgspec.Struct, frozen=True):
    """One step: `apply` runs in one transaction. Programs whose newest step is below `opens_from` must not open the store any more."""

    number: int
    name: str
    apply: Callable[[Transaction, Dialect], Awaitable[None]]
    opens_from: int


async def create_schema(tx: Transaction, dialect: Dialect) -> None:
    """All tables, from every file in `schema/`."""
    folder = resources.files("postroom.store") / "schema"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            for statement in dialect.statements(file.read_text(encoding="utf-8")):
                await tx.execute(statement)


MIGRATIONS: Final[tuple[Migration, ...]] = (Migration(1, "create schema", create_schema, opens_from=1),)

RECORDS: Final = """
CREATE TABLE IF NOT EXISTS migrations (
  number INTEGER NOT NULL PRIMARY KEY, name {TEXT} NOT NULL, applied BIGINT NOT NULL, opens_from INTEGER NOT NULL)
"""
APPLIED: Final = "SELECT number, opens_from FROM migrations ORDER BY number"
RECORD: Final = "INSERT INTO migrations (number, name, applied, opens_from) VALUES ($1, $2, $3, $4)"
# Several processes may open a new database at the same moment; the lock ends with the transaction.
ALONE: Final = "SELECT pg_advisory_xact_lock(7309453)"


async def migrate(
    engine: MigratableEngine, now: int, migrations: Sequence[Migration] = MIGRATIONS
) -> list[str]:
    """Brings a store up to date and gives the names of the steps taken. `now`: unix microseconds. Raises `StoreTooNew`."""

    async def prepare(tx: Transaction) -> list[Sequence[int]]:
        await _alone(tx, engine.dialect)
        await tx.execute(RECORDS)
        return [(row[0], row[1]) for row in await tx.fetch(APPLIED)]

    applied = await engine.write(prepare)
    newest = migrations[-1].number
    needed = max((opens_from for _, opens_from in applied), default=0)
    if needed > newest:
        raise StoreTooNew(
            f"the store has schema {applied[-1][0]} and needs a program with schema {needed} or newer; this one has {newest}:"
            " install a newer version, or restore a backup made with this one"
        )
    taken = []
    for migration in migrations:
        done = migration.number in {number for number, _ in applied}
        if not done and await engine.write(_step(engine.dialect, migration, now)):
            taken.append(migration.name)
    return taken


def _step(dialect: Dialect, migration: Migration, now: int) -> Callable[[Transaction], Awaitable[bool]]:
    async def step(tx: Transaction) -> bool:
        await _alone(tx, dialect)
        if any(row[0] == migration.number for row in await tx.fetch(APPLIED)):
            return False  # another process was faster
        await migration.apply(tx, dialect)
        await tx.execute(RECORD, migration.number, migration.name, now, migration.opens_from)
        return True

    return step


async def _alone(tx: Transaction, dialect: Dialect) -> None:
    if dialect.name == "postgresql":
        await tx.fetch(ALONE)
