"""How a process uses PostgreSQL: apart from the engine, so that a server without PostgreSQL does not load asyncpg."""

from __future__ import annotations

import msgspec


class PostgresOptions(msgspec.Struct, frozen=True):
    """Connections for writing and for reading of this process; seconds a statement, and waiting for a connection, may take."""

    writers: int = 12
    readers: int = 4
    statement_seconds: float = 15.0
    acquire_seconds: float = 15.0
