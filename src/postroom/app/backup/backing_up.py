"""A backup of one server: its database as it is at one moment, the bodies that the database speaks of, its keys, and a list of all that.

First the database; then the files, which never change and outlive the last letter that has them by a day and a half (`store.blobs.blobs.GRACE`), so that none
goes while it is copied. All lies in `.NAME.part` until it is durable, and has its name only then. The search index is not in it, since it is made anew; nor
are certificates that lie elsewhere. All of it blocks: it is run in a thread, step by step. Not here: the way back (`app.backup.restoring`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import msgspec

from postroom import __version__
from postroom.app.backup import manifest
from postroom.app.backup.manifest import BODIES, DATABASE, Head, Item
from postroom.app.control import OperationError
from postroom.app.locate import Places
from postroom.message.ids import IdKind, id_text
from postroom.store.engine.database_copy import CopiedDatabase, LargeBody, copy_database
from postroom.store.engine.durable import sync_directory

TELL_EVERY: Final = 16 << 20  # octets of bodies between two words about how far it is


class Plan(msgspec.Struct, frozen=True):
    """What is to be done. `base` is an earlier backup in the same file system, whose bodies are taken by hard links; None: all are copied."""

    places: Places
    hostname: str
    target: Path
    base: Path | None = None


class Progress(msgspec.Struct):
    """How far a backup is: octets copied of so many. `missing` has the names of bodies whose files were not there, or were damaged."""

    done: int = 0
    of: int = 0
    files: int = 0
    linked: int = 0
    missing: list[str] = []
    finished: bool = False


def back_up(plan: Plan) -> Generator[Progress]:
    """Makes the backup and yields how far it is, again and again, at last `finished`. Raises `OperationError`, `OSError`, `apsw.Error`.

    When it is not run to its end, nothing stays of it.
    """
    begun = time.time_ns() // 1000
    part = plan.target.with_name(f".{plan.target.name}.part")
    _check(plan)
    try:
        part.mkdir(mode=0o700)
    except FileExistsError:
        raise OperationError(
            f"{part} exists: another backup is being made, or one was broken off; then remove it"
        ) from None
    told = Progress()
    try:
        yield from _fill(plan, part, begun, told)
        if plan.target.exists():
            raise OperationError(
                f"{plan.target} has been made meanwhile: name a directory that does not exist"
            )
        part.rename(plan.target)
        sync_directory(plan.target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    told.finished = True
    yield told


def _check(plan: Plan) -> None:
    if plan.target.exists():
        raise OperationError(f"{plan.target} exists: name a directory that does not, the backup makes it")
    if not plan.target.parent.is_dir():
        raise OperationError(f"{plan.target.parent} is not a directory: make it first")
    data = plan.places.data.resolve()
    if data in plan.target.resolve().parents:
        raise OperationError(f"{plan.target} lies in the data directory: a backup is kept elsewhere")
    if plan.base is not None:
        manifest.head_of(plan.base)


def _fill(plan: Plan, part: Path, begun: int, told: Progress) -> Iterator[Progress]:
    (part / "store").mkdir(mode=0o700)
    for done, of in copy_database(plan.places.store / "mail.db", part / DATABASE):
        told.done, told.of = done, of
        yield told
    database = CopiedDatabase(part / DATABASE)
    try:
        head = Head(plan.hostname, __version__, database.schema, begun)
        with manifest.Writing(part, head) as writing:
            writing.add(manifest.measured(part, DATABASE))
            told.done = told.of = writing.octets
            told.of += database.octets
            for name in _keys(plan.places):
                writing.add(manifest.copy(plan.places.keys / name, part, f"keys/{name}"))
            yield from _bodies(plan, part, database, writing, told)
            told.files, told.done, told.of = writing.files, writing.octets, writing.octets
            manifest.sync(part)
            writing.end(time.time_ns() // 1000, len(told.missing))
    finally:
        database.close()
    sync_directory(part)


def _keys(places: Places) -> list[str]:
    return (
        sorted(path.name for path in places.keys.iterdir() if path.is_file()) if places.keys.is_dir() else []
    )


def _bodies(
    plan: Plan, part: Path, database: CopiedDatabase, writing: manifest.Writing, told: Progress
) -> Iterator[Progress]:
    next_word = told.done + TELL_EVERY
    for body in database.large_bodies():
        account, blob = id_text(IdKind.ACCOUNT, body.account_id), id_text(IdKind.BLOB, body.blob_id)
        name = f"{BODIES}/{account}/{blob}"
        item = _linked(plan, part, name, body)
        if item is not None:
            told.linked += 1
        else:
            try:
                item = manifest.copy(plan.places.store / "blobs" / account / blob, part, name)
            except FileNotFoundError:
                told.missing.append(f"{account}/{blob}")
                continue
            if item.sha256 != body.digest.hex():  # what is left of it is in the backup all the same
                told.missing.append(f"{account}/{blob}")
        writing.add(item)
        told.done += item.size
        if told.done >= next_word:
            next_word = told.done + TELL_EVERY
            yield told


def _linked(plan: Plan, part: Path, name: str, body: LargeBody) -> Item | None:
    """The body out of the earlier backup, when it has it whole; its octets are not read again."""
    if plan.base is None:
        return None
    source, target = plan.base / name, part / name
    try:
        if source.stat().st_size != body.size:
            return None
        manifest.make_parent(target.parent)
        os.link(source, target)
    except OSError:  # not there; another file system; too many links: it is copied
        return None
    return Item(name, body.size, body.digest.hex())
