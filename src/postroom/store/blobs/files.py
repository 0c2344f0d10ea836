"""Large bodies as files: `directory/account/blob`, durable before the row that points at them.

A file is written under another name, made durable (fsync of the file, then of its directory), and only then does a transaction mention it;
on the way out the row goes first. So a crash leaves a file too many, never one too few, and `fsck` finds it. All methods block: `BlobFiles`
is called in a thread (`asyncio.to_thread`), where a slow disk stops nobody else.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from postroom.message.ids import IdKind, id_text, parse_id
from postroom.store.blobs.blobs import BlobRef
from postroom.store.blobs.spilled import Content
from postroom.store.engine.disk_errors import FileLost, as_mail_errors
from postroom.store.engine.durable import give_away, make_durable, sync_directory

CHUNK: Final = 1 << 20  # octets that are read at a time


class BlobFiles:
    """The files of one store. Errors of the disk come out as `TryLater`, a full one as `NoSpace`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._durable: set[Path] = set()  # directories of accounts

    def path(self, account_id: int, blob_id: int) -> Path:
        """Where an object's file is."""
        return self._directory / id_text(IdKind.ACCOUNT, account_id) / id_text(IdKind.BLOB, blob_id)

    def write(self, account_id: int, blob_id: int, content: Content) -> BlobRef:
        """A durable file with these octets; nothing of it stays when that fails."""
        path = self.path(account_id, blob_id)
        digest = hashlib.sha256()
        with as_mail_errors("blob file"):
            self._make_parent(path.parent)
            part = path.with_suffix(".part")
            with part.open("xb") as file:
                try:
                    give_away(file.fileno(), path.parent)
                    for piece in (content,) if isinstance(content, bytes) else content:
                        file.write(piece)
                        digest.update(piece)
                    file.flush()
                    os.fsync(file.fileno())
                except BaseException:
                    part.unlink()
                    raise
            part.rename(path)
            sync_directory(path.parent)
        return BlobRef(blob_id, len(content), digest.digest())

    def bring_back(self, account_id: int, blob_id: int, same: BlobRef) -> None:
        """An object whose file is lost or cut gets that of `same`, which has its octets; one that is whole keeps its own."""
        path, its = self.path(account_id, blob_id), self.path(account_id, same.blob_id)
        found = self.digest(account_id, blob_id, contents=False)
        if found is not None and found[0] == same.size:
            return
        part = its.with_suffix(".part")
        with as_mail_errors("blob file"):
            os.link(its, part)
            part.rename(path)
            sync_directory(path.parent)

    def read(self, account_id: int, blob_id: int, start: int = 0, length: int | None = None) -> bytes:
        """Octets from `start`, fewer than `length` at the end of the file; None reads to the end. Raises `FileLost` where others of the account are there."""
        with as_mail_errors("blob file"):
            descriptor = self._open(self.path(account_id, blob_id))
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

    def _open(self, path: Path) -> int:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            if path.parent.is_dir():  # else it may be a disk that is not there yet
                raise FileLost(detail=f"blob file: {error}") from error
            raise

    def digest(self, account_id: int, blob_id: int, *, contents: bool) -> tuple[int, bytes] | None:
        """(size, SHA-256) of what the file holds; without `contents` the hash is b"". None when there is no file."""
        with as_mail_errors("blob file"):
            try:
                with self.path(account_id, blob_id).open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    return size, hashlib.file_digest(file, "sha256").digest() if contents else b""
            except FileNotFoundError:
                return None

    def remove(self, account_id: int, blob_id: int) -> None:
        """Removes a file, whose row is gone; none there is fine."""
        with as_mail_errors("blob file"):
            self.path(account_id, blob_id).unlink(missing_ok=True)

    def remove_part(self, path: Path) -> None:
        """Removes a file that a crash left half written."""
        with as_mail_errors("blob file"):
            path.unlink(missing_ok=True)

    def listing(self) -> Iterator[tuple[int, int, float]]:
        """(account id, blob id, unix seconds of its last change) of every file that is one of ours."""
        for account, blob, _, changed in self._entries():
            if blob is not None:
                yield account, blob, changed

    def parts(self) -> Iterator[tuple[Path, float]]:
        """Files that were not finished, with the unix seconds of their last change."""
        for _, blob, path, changed in self._entries():
            if blob is None and path.suffix == ".part":
                yield path, changed

    def _entries(self) -> Iterator[tuple[int, int | None, Path, float]]:
        if not self._directory.exists():
            return
        for folder in sorted(self._directory.iterdir()):
            account = parse_id(IdKind.ACCOUNT, folder.name)
            if account is None:
                continue
            for path in sorted(folder.iterdir()):
                try:
                    found = path.lstat()
                except FileNotFoundError:
                    continue  # it has got its name meanwhile, or was removed
                if stat.S_ISREG(found.st_mode):
                    yield account, parse_id(IdKind.BLOB, path.name), path, found.st_mtime

    def _make_parent(self, folder: Path) -> None:
        """Once for each process: that a directory is there does not say that it is durable."""
        if folder not in self._durable:
            if not self._durable:
                make_durable(self._directory)
            make_durable(folder)
            self._durable.add(folder)
