"""The operation that makes a backup of a server's data directory, while it runs or not.

Each step runs in a thread of its own, so that the server goes on. Not here: the steps (`app.backup.backing_up`), and restoring, which no server can do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.locate import places_of
from postroom.app.operations.office import Office, Operation

if TYPE_CHECKING:
    from postroom.app.backup.backing_up import Progress


class BackUp(msgspec.Struct, frozen=True):
    """Absolute paths: of the directory to be, and of an earlier backup whose bodies need not be copied again ("" without one)."""

    directory: str
    base: str = ""


class BackupRecord(msgspec.Struct, frozen=True):
    """How far it is, in octets of so many, and when it is `finished`: how many files it has, and how many of them are hard links.

    `missing`: bodies that the store itself has no whole file of.
    """

    directory: str
    done: int
    of: int
    finished: bool = False
    files: int = 0
    linked: int = 0
    missing: list[str] = []


POSTGRESQL = (
    "the mail of this server is in PostgreSQL, which its own tools back up while it runs: pg_dump or pg_basebackup. Copy {keys} too;"
    " after the database was restored, and before a server starts, say postroom restore --mark"
)


async def back_up(office: Office, _: Caller, wanted: BackUp) -> AsyncIterator[BackupRecord]:
    """Makes a backup; nothing stays of it when the caller goes away."""
    import apsw

    from postroom.app.backup.backing_up import Plan, back_up

    places = places_of(office.settings)
    if office.settings.server.database:
        raise OperationError(POSTGRESQL.format(keys=places.keys))
    target, base = Path(wanted.directory), Path(wanted.base) if wanted.base else None
    if not target.is_absolute() or (base is not None and not base.is_absolute()):
        raise OperationError(f"{wanted.directory}: name directories from the root on")
    steps = back_up(Plan(places, office.settings.server.hostname, target, base))
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="backup") as thread:
        try:
            while (told := await loop.run_in_executor(thread, next, steps, None)) is not None:
                yield _record(wanted.directory, told)
        except OSError as error:
            raise OperationError(
                f"{error.filename or target}: {error.strerror}; the backup was not made"
            ) from error
        except apsw.Error as error:
            raise OperationError(
                f"the database cannot be copied ({error}); the backup was not made"
            ) from error
        finally:
            await loop.run_in_executor(thread, steps.close)


def _record(directory: str, told: Progress) -> BackupRecord:
    return BackupRecord(
        directory, told.done, told.of, told.finished, told.files, told.linked, list(told.missing)
    )


BACKUP = Operation("backup", BackUp, BackupRecord, back_up, begins=False)
