"""The way back: a data directory out of a backup, marked so that no client and no peer takes it for what it was last.

First every file of the backup is looked at; then all is copied beside the places where it belongs, marked there (`store.restored`), and gets its name last: what
was broken off is never a store that a server could start with. Not here: the backup (`app.backup.backing_up`), a database of PostgreSQL, which its own tools
restore and which is only marked here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from postroom.app.backup import manifest
from postroom.app.control import OperationError
from postroom.app.locate import Places, make_data, sqlite_url
from postroom.message.printable import printable
from postroom.store import restored
from postroom.store.engine.durable import sync_directory
from postroom.store.engine.lockfile import LockFile
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.engine.sqlite import RESTORING
from postroom.store.restored import Marked, Marking
from postroom.store.store import Store, StoreSettings

MOST_NAMED: Final = 100  # files of a damaged backup that are named
LOCK: Final = "lock"
# Every message is changed by one statement: a server's patience would end at a million.
PATIENT: Final = StoreSettings(postgres=PostgresOptions(statement_seconds=24 * 3600.0))

Tell = Callable[[str, int, int], None]  # what is done, and octets done of so many


class Way(msgspec.Struct, frozen=True):
    """From which backup to which places."""

    backup: Path
    places: Places


async def restore(way: Way, tell: Tell, *, send_queue: bool) -> Marked:
    """Restores a backup into a data directory that has no mail. Raises `OperationError`, `StoreRefused`, `OSError`; nothing was changed then."""
    head = manifest.head_of(way.backup)
    with _alone(way.places):
        _check_empty(way)
        _verify(way.backup, tell)
        try:
            _copy(way, tell)
            store = await Store.open(sqlite_url(_beside(way.places.store)))
            try:
                how = Marking(time.time_ns() // 1000, head.begun, send_queue)
                marked = await restored.mark(store.engine, how)
            finally:
                await store.close()
            _put_in_place(way.places)
        except BaseException:
            for folder in _folders(way.places):
                shutil.rmtree(_beside(folder), ignore_errors=True)
            raise
    return marked


async def mark(url: str, *, send_queue: bool) -> Marked:
    """Marks a database that other programs have restored; raises `StoreRefused`."""
    store = await Store.open(url, PATIENT)
    try:
        return await restored.mark(store.engine, Marking(time.time_ns() // 1000, send_queue=send_queue))
    finally:
        await store.close()


def _folders(places: Places) -> tuple[Path, ...]:
    return tuple(places.data / name for name in reversed(manifest.FOLDERS))  # the store last


def _beside(folder: Path) -> Path:
    return folder.with_name(folder.name + RESTORING)


@contextlib.contextmanager
def _alone(places: Places) -> Iterator[None]:
    """No server has the store meanwhile, and none begins one; raises `StoreInUse`."""
    make_data(places)
    new = not places.store.exists()
    places.store.mkdir(mode=0o700, exist_ok=True)
    lock = LockFile(places.store)
    try:
        yield
    except BaseException:
        if new:
            shutil.rmtree(places.store, ignore_errors=True)
        raise
    finally:
        lock.release()


def _check_empty(way: Way) -> None:
    """A command that was killed may have left its lock, and keys that had their name already: those of the backup."""
    places = way.places
    ours = {places.data / item.path: item for item in manifest.items(way.backup)}
    for folder in _folders(places):
        files = (
            path
            for path in folder.rglob("*")
            if not path.is_dir()
            and path != places.store / LOCK
            and (path not in ours or manifest.wrong(places.data, ours[path]))
        )
        there = next(files, None)
        if there is not None:
            raise OperationError(
                f"{places.data} is not empty (there is {there}): a backup is restored into a new directory;"
                f" move the old one away (mv {places.data} {places.data}.old) and try again"
            )
        shutil.rmtree(_beside(folder), ignore_errors=True)  # of a command that was killed


def _verify(backup: Path, tell: Tell) -> None:
    """Looks at every file. Raises `OperationError` with the names of those that are missing or altered."""
    whole = sum(item.size for item in manifest.items(backup))
    done, found = 0, []
    for item in manifest.items(backup):
        if words := manifest.wrong(backup, item):
            found.append(words)
        done += item.size
        tell("verified", done, whole)
    if found:
        more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
        lines = [printable(words) for words in found[:MOST_NAMED]]
        raise OperationError("\n".join([f"{backup} is damaged; nothing was restored:", *lines, *more]))


def _copy(way: Way, tell: Tell) -> None:
    data = way.places.data
    whole, done = sum(item.size for item in manifest.items(way.backup)), 0
    for folder in _folders(way.places):
        _beside(folder).mkdir(mode=0o700)
    for item in manifest.items(way.backup):
        first, _, rest = item.path.partition("/")
        copied = manifest.copy(way.backup / item.path, data, f"{first}{RESTORING}/{rest}")
        if copied.sha256 != item.sha256:
            raise OperationError(f"{way.backup / item.path} has changed while it was copied: try again")
        done += item.size
        tell("copied", done, whole)


def _put_in_place(places: Places) -> None:
    """The directories get their names; they belong to whom the data directory belongs to."""
    owner = places.data.stat()
    for folder in _folders(places):
        beside = _beside(folder)
        if os.geteuid() == 0 and owner.st_uid != 0:
            for top, folders, files in os.walk(beside):
                for name in (".", *folders, *files):
                    os.chown(Path(top) / name, owner.st_uid, owner.st_gid, follow_symlinks=False)
        manifest.sync(beside)
        if folder.exists():
            shutil.rmtree(folder)  # empty directories, and the lock that is held
        beside.rename(folder)
    sync_directory(places.data)
