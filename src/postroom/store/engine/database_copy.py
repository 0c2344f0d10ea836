"""A copy of the embedded database as it is at one moment, made while others write.

SQLite's backup interface, in steps, on a connection of its own that has a read transaction open all the while: so no commit begins the copy anew, no
commit waits for it, and the write-ahead log keeps what the copy has still to read. Blocks: it is run in a thread. The database's file is never opened in
another way in this process, since closing that would take SQLite's locks away (fcntl(2)). Not here: large bodies (`blob_files`), where the copy goes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw
import msgspec

STEP_PAGES: Final = 2000  # that are copied between two looks at whether to go on

# Bodies that nobody refers to may be swept while files are copied; the copy does without them.
FORGET: Final = "DELETE FROM blobs WHERE refs = 0"
LARGE: Final = (
    "SELECT account_id, blob_id, size, hash FROM blobs WHERE place = 1 ORDER BY account_id, blob_id"
)
OCTETS: Final = "SELECT COALESCE(SUM(size), 0) FROM blobs WHERE place = 1"
SCHEMA: Final = "SELECT MAX(number) FROM migrations"


class LargeBody(msgspec.Struct, frozen=True):
    """A body that is in a file; `digest` is SHA-256 of its octets."""

    account_id: int
    blob_id: int
    size: int
    digest: bytes


def copy_database(source: Path, target: Path) -> Iterator[tuple[int, int]]:
    """Copies to a new file and yields (octets done, octets of all). What was committed before the first step is in it. Raises `apsw.Error`."""
    with (
        contextlib.closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)) as reading,
        contextlib.closing(apsw.Connection(str(target))) as writing,
    ):
        writing.pragma("synchronous", "off")  # whoever calls makes the file durable
        reading.execute("BEGIN")
        reading.execute("SELECT COUNT(*) FROM sqlite_schema").fetchall()  # from here on one view
        size = int(reading.pragma("page_size"))
        with writing.backup("main", reading, "main") as backup:
            while not backup.done:
                backup.step(STEP_PAGES)
                yield (backup.page_count - backup.remaining) * size, backup.page_count * size
        reading.execute("COMMIT")
        writing.pragma("journal_mode", "delete")  # one file, without a log beside it
        writing.execute(FORGET)


class CopiedDatabase:
    """What a copy says about itself. To be closed."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self.schema = self._number(SCHEMA)
        self.octets = self._number(OCTETS)  # of large bodies

    def _number(self, sql: str) -> int:
        ((number,),) = self._connection.execute(sql).fetchall()
        assert isinstance(number, int)
        return number

    def large_bodies(self) -> Iterator[LargeBody]:
        """Bodies that are in files."""
        for row in self._connection.execute(LARGE):
            yield LargeBody(*row)

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()
