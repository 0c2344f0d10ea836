"""Large bodies as files: `directory/account/blob`, durable before the row that points at them.

A file is written under another name, made durable (fsync of the file, then of its directory), and only then does a transaction mention it;
on the way out the row goes first. So a crash leaves a file too many, never one too few, and `fsck` finds it. All methods block: `BlobFiles`
is called in a thread (`asyncio.to_thread`), where a slow disk stops nobody else.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from postroom.message.errors import NoSpace, TryLater
from postroom.message.ids import IdKind, id_text, parse_id
from postroom.store.blobs import BlobRef

CHUNK: Final = 1 << 20  # octets that are read at a time
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class BlobFiles:
    """The files of one store. Errors of the disk come out as `TryLater`, a full one as `NoSpace`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, account_id: int, blob_id: int) -> Path:
        """Where an object's file is."""
        return self._directory / id_text(IdKind.ACCOUNT, account_id) / id_text(IdKind.BLOB, blob_id)

    def write(self, account_id: int, blob_id: int, octets: bytes) -> BlobRef:
        """A durable file with these octets."""
        path = self.path(account_id, blob_id)
        with _as_mail_errors():
            self._make_parent(path)
            part = path.with_suffix(".part")
            with part.open("xb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            _sync_directory(path.parent)
        return BlobRef(blob_id, len(octets), hashlib.sha256(octets).digest())

    def adopt(self, account_id: int, blob_id: int, spilled: Path) -> BlobRef:
        """A durable file made of one that was written elsewhere, on the same file system; that one stays, for other accounts to adopt."""
        path = self.path(account_id, blob_id)
        with _as_mail_errors():
            self._make_parent(path)
            with spilled.open("rb") as file:
                os.fsync(file.fileno())
                digest = hashlib.file_digest(file, "sha256").digest()
                size = os.fstat(file.fileno()).st_size
            path.hardlink_to(spilled)
            _sync_directory(path.parent)
        return BlobRef(blob_id, size, digest)

    def read(self, account_id: int, blob_id: int, start: int = 0, length: int | None = None) -> bytes:
        """Octets from `start`, fewer than `length` at the end of the file; None reads to the end."""
        with _as_mail_errors():
            descriptor = os.open(self.path(account_id, blob_id), os.O_RDONLY | os.O_CLOEXEC)
            try:
                size = os.fstat(descriptor).st_size
                wanted = max(0, min(size - start, size if length is None else length))
                parts = []
                while wanted and (part := os.pread(descriptor, min(wanted, CHUNK), start)):
                    parts.append(part)
                    start += len(part)
                    wanted -= len(part)
            finally:
                os.close(descriptor)
        return b"".join(parts)

    def digest(self, account_id: int, blob_id: int, *, contents: bool) -> tuple[int, bytes] | None:
        """(size, SHA-256) of what the file holds; without `contents` the hash is b"". None when there is no file."""
        try:
            with self.path(account_id, blob_id).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                return size, hashlib.file_digest(file, "sha256").digest() if contents else b""
        except FileNotFoundError:
            return None

    def remove(self, account_id: int, blob_id: int) -> None:
        """Removes a file, whose row is gone; none there is fine."""
        with _as_mail_errors():
            self.path(account_id, blob_id).unlink(missing_ok=True)

    def remove_part(self, path: Path) -> None:
        """Removes a file that a crash left half written."""
        with _as_mail_errors():
            path.unlink(missing_ok=True)

    def listing(self) -> Iterator[tuple[int, int, float]]:
        """(account id, blob id, unix seconds of its last change) of every file that is one of ours."""
        for account, blob, path in self._entries():
            if blob is not None:
                yield account, blob, path.stat().st_mtime

    def parts(self) -> Iterator[tuple[Path, float]]:
        """Files that were not finished, with the unix seconds of their last change."""
        for _, blob, path in self._entries():
            if blob is None and path.suffix == ".part":
                yield path, path.stat().st_mtime

    def _entries(self) -> Iterator[tuple[int, int | None, Path]]:
        if not self._directory.exists():
            return
        for folder in sorted(self._directory.iterdir()):
            account = parse_id(IdKind.ACCOUNT, folder.name)
            if account is None:
                continue
            for path in sorted(folder.iterdir()):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield account, parse_id(IdKind.BLOB, path.name), path

    def _make_parent(self, path: Path) -> None:
        if not path.parent.exists():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            _sync_directory(self._directory)


def _sync_directory(path: Path) -> None:
    """A name in a directory survives a power cut only when the directory is synced too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _as_mail_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = NoSpace if error.errno in _FULL else TryLater
        raise kind(detail=f"blob file: {error}") from error
