"""A disk for SQLite that fails when told to: an apsw VFS over the real one."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import apsw

_numbers = itertools.count(1)


class FaultyDisk(apsw.VFS):
    """`fail` sees every operation as (name, file name); what it raises is what the disk says."""

    def __init__(self) -> None:
        self.name = f"faulty-{next(_numbers)}"
        self.fail: Callable[[str, str], None] = lambda operation, file: None
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> "FaultyFile":  # noqa: N802 -- SQLite's name
        return FaultyFile(self, name, flags)

    @contextmanager
    def failing(self, operation: str, suffix: str, error: type[apsw.Error]) -> Iterator[list[str]]:
        """Lets an operation (`read`, `write`, `sync`) fail on files whose name ends so; gives the list of failures."""
        failures: list[str] = []

        def fail(what: str, file: str) -> None:
            if what == operation and file.endswith(suffix):
                failures.append(file)
                raise error(f"injected: {what} {file}")

        self.fail, before = fail, self.fail
        try:
            yield failures
        finally:
            self.fail = before


class FaultyFile(apsw.VFSFile):
    """A file on the faulty disk."""

    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = name if isinstance(name, str) else name.filename() if name else ""
        if flags[0] & apsw.SQLITE_OPEN_WAL:
            self._name = "log-wal"
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.fail("read", self._name)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.fail("write", self._name)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.fail("sync", self._name)
        super().xSync(flags)
