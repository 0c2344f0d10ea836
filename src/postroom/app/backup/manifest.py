"""The list of a backup's files, by which it is seen to be whole: `manifest.jsonl`, one JSON object a line.

The first line says what the backup is of, each other one names a file with its size and SHA-256, and the last one counts them, so that a list that was cut
is noticed. A directory without a list is no backup. All of it blocks. Not here: what is copied (`app.backup.backing_up`, `app.backup.restoring`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import Final, Self

import msgspec

from postroom.app.control import OperationError
from postroom.store.engine.durable import make_durable, sync_directory

NAME: Final = "manifest.jsonl"
FORMAT: Final = 1
CHUNK: Final = 1 << 20  # octets that are read at a time
FOLDERS: Final = ("store", "keys")  # below the data directory, and so in a backup
DATABASE: Final = "store/mail.db"
BODIES: Final = "store/blobs"


class Head(msgspec.Struct, frozen=True, tag="backup", tag_field="kind"):
    """What the backup is of. `begun` is unix microseconds: what was acknowledged before is in it; `version` made it, `schema` is the store's."""

    hostname: str
    version: str
    schema: int
    begun: int
    format: int = FORMAT


class Item(msgspec.Struct, frozen=True, tag="file", tag_field="kind"):
    """A file below the backup's directory; `sha256` is in hexadecimal."""

    path: str
    size: int
    sha256: str


class End(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """The list is complete. `missing`: bodies that the store had no whole file of any more."""

    files: int
    octets: int
    ended: int
    missing: int = 0


Line = Head | Item | End


class Writing(AbstractContextManager["Writing"]):
    """A list in the making."""

    def __init__(self, directory: Path, head: Head) -> None:
        self._path = directory / NAME
        self._file = self._path.open("xb")
        self.files = self.octets = 0
        self._line(head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, item: Item) -> None:
        """One more file."""
        self._line(item)
        self.files += 1
        self.octets += item.size

    def end(self, ended: int, missing: int) -> End:
        """The last line; the list is durable then, its name is once its directory is."""
        end = End(self.files, self.octets, ended, missing)
        self._line(end)
        self._file.flush()
        os.fsync(self._file.fileno())
        return end

    def _line(self, line: Line) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")


def read(directory: Path) -> Iterator[Line]:
    """The lines of a backup's list: `Head`, `Item`s, `End`. Raises `OperationError` for one that is none, or not whole."""
    path = directory / NAME
    decode = msgspec.json.Decoder(Line).decode
    files = octets = 0
    last: Line | None = None
    try:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                line = decode(text)
                if isinstance(line, Head) != (number == 1) or isinstance(last, End):
                    raise OperationError(f"{path} is damaged: line {number} does not belong there")
                if isinstance(line, Item):
                    _check_path(path, line)
                    files, octets = files + 1, octets + line.size
                last = line
                yield line
    except FileNotFoundError as error:
        raise OperationError(
            f"{directory} is no backup (it has no {NAME}): name a directory that postroom backup made"
        ) from error
    except msgspec.MsgspecError as error:
        raise OperationError(f"{path} is damaged ({error}): use another backup") from error
    if not isinstance(last, End) or (last.files, last.octets) != (files, octets):
        raise OperationError(f"{path} is not whole: use another backup")


def head_of(directory: Path) -> Head:
    """The first line; raises `OperationError`, for a backup of a later version too."""
    for line in read(directory):
        if isinstance(line, Head):
            if line.format > FORMAT:
                raise OperationError(
                    f"{directory} was made by Postroom {line.version}, whose backups this version cannot read: install that one"
                )
            return line
    raise OperationError(f"{directory / NAME} is empty: use another backup")


def items(directory: Path) -> Iterator[Item]:
    """The files of a backup; raises `OperationError`."""
    for line in read(directory):
        if isinstance(line, Item):
            yield line


def wrong(directory: Path, item: Item) -> str:
    """What is wrong with a file of a backup; "" is nothing."""
    path = directory / item.path
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe, or what a link leads to, may never end
            return f"{path} is no file"
        size = found.st_size
        if size != item.size:
            return f"{path} has {size} octets instead of {item.size}"
        with path.open("rb") as file:
            return (
                "" if hashlib.file_digest(file, "sha256").hexdigest() == item.sha256 else f"{path} is altered"
            )
    except (FileNotFoundError, NotADirectoryError):
        return f"{path} is missing"


def measured(directory: Path, name: str) -> Item:
    """A file that is there already, made durable."""
    with (directory / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        return Item(name, file.tell(), digest)


def copy(source: Path, directory: Path, name: str) -> Item:
    """A durable copy of a file as `directory/name` (mode 0600); names are durable once their directories are (`sync`)."""
    target = directory / name
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading:
        make_parent(target.parent)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as writing:
            while piece := reading.read(CHUNK):
                writing.write(piece)
                digest.update(piece)
                size += len(piece)
            writing.flush()
            os.fsync(writing.fileno())
    return Item(name, size, digest.hexdigest())


def make_parent(folder: Path) -> None:
    """A directory for files, durable when it is new."""
    if not folder.is_dir():
        make_durable(folder)


def sync(directory: Path) -> None:
    """Makes all names below a directory durable."""
    for folder, _, _ in os.walk(directory):
        sync_directory(Path(folder))


def _check_path(manifest: Path, item: Item) -> None:
    parts = PurePosixPath(item.path).parts
    if not parts or parts[0] not in FOLDERS or ".." in parts or "\0" in item.path:
        raise OperationError(f"{manifest} names {item.path!r}, which cannot be in a backup")
