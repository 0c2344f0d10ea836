"""Messages that are too long to be kept in memory: the header as octets, the rest in a file.

While such a message comes, it is spilled into a file that has no name, so that nothing is left of it when it comes to nothing, not even by a
crash. What stands in the header may be changed and added to without touching the file. Not here: how it becomes a blob (`blob_files`), and
when a message is long.
"""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from postroom.message.envelope import BodyKind
from postroom.message.errors import TryLater
from postroom.message.headers.trace import MAX_HEADER
from postroom.store.engine.disk_errors import as_mail_errors

PIECE: Final = 1 << 18  # octets that are read at a time
_HEADER_END: Final = b"\r\n\r\n"

ReadAt = Callable[[int, int], bytes]  # from which offset, how many octets at most; blocks


class Spilled(msgspec.Struct, frozen=True):
    """A long message: `head`, then what `read_at` gives from offset `rest` on.

    `head` holds the whole header, or of a header without end more than is ever looked at, so that it is seen to go on. `size` is of the whole.
    """

    head: bytes
    read_at: ReadAt
    rest: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """The message in pieces; reads from the disk."""
        yield self.head
        at, left = self.rest, self.size - len(self.head)
        while left:
            piece = self.read_at(at, min(left, PIECE))
            if not piece:
                raise TryLater(detail="the file of a long message has become shorter")
            yield piece
            at += len(piece)
            left -= len(piece)

    def headed(self, head: bytes) -> Spilled:
        """The same with another head."""
        return Spilled(head, self.read_at, self.rest, self.size - len(self.head) + len(head))

    def whole(self) -> bytes:
        """All octets, once in memory; blocks."""
        gathered = io.BytesIO()
        for piece in self:
            gathered.write(piece)
        return gathered.getvalue()  # the buffer itself, not a copy

    def kind(self, declared: BodyKind) -> BodyKind:
        """What a transport must be able to carry (RFC 6152 §2); `declared` holds for binary messages. Reads all; blocks."""
        if declared is BodyKind.BINARY:
            return declared
        plain = True
        for piece in self:
            if b"\0" in piece:
                return BodyKind.BINARY
            plain = plain and piece.isascii()
        return BodyKind.SEVEN_BIT if plain else BodyKind.EIGHT_BIT


Content = bytes | Spilled


def head_of(content: Content) -> bytes:
    """All of a message that is in memory; of a long one its head, in which the whole header is."""
    return content if isinstance(content, bytes) else content.head


def with_head(content: Content, head: bytes) -> Content:
    """The message with another head; of one that is in memory the head is all."""
    return head if isinstance(content, bytes) else content.headed(head)


def spilled_blob(read_at: ReadAt, size: int) -> Spilled:
    """A long message that lies in a file; blocks. Raises what `read_at` raises."""
    head = read_at(0, PIECE)
    if len(head) < size and not _has_header(head):
        head = read_at(0, MAX_HEADER + 1)
    return Spilled(head, read_at, len(head), size)


class Spill:
    """A long message while it comes. The file is closed with the last that refers to it: this, or a `Spilled` made of it."""

    __slots__ = ("_directory", "_file", "_gathered", "_head")

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._gathered: list[bytes] = []
        self._head: bytes | None = None
        self._file: _Unnamed | None = None

    async def add(self, piece: bytes) -> None:
        """More of it. Raises `NoSpace` and `TryLater`."""
        if self._head is None:
            self._gathered.append(piece)
            head = b"".join(self._gathered)
            if len(head) > MAX_HEADER or _has_header(head):
                self._head, self._gathered = head, []
        elif self._file is None:
            self._file = await asyncio.to_thread(_begin, self._directory, piece)
        else:
            await asyncio.to_thread(self._file.write, piece)

    def message(self) -> Content:
        """What has come."""
        if self._head is None:
            return b"".join(self._gathered)
        if self._file is None:
            return self._head
        return Spilled(self._head, self._file.read_at, 0, len(self._head) + self._file.size)


def discard_leftovers(directory: Path) -> None:
    """Removes files that a crash left between their making and the taking away of their names; blocks."""
    if directory.exists():
        for path in directory.iterdir():
            path.unlink(missing_ok=True)


def _has_header(head: bytes) -> bool:
    return head.startswith(b"\r\n") or _HEADER_END in head


def _begin(directory: Path, piece: bytes) -> _Unnamed:
    file = _Unnamed(directory)
    file.write(piece)
    return file


class _Unnamed:
    """A file without a name. Closed by the last reference, since a thread may still be at work in it when its message is given up."""

    __slots__ = ("_descriptor", "size")

    def __init__(self, directory: Path) -> None:
        self._descriptor = -1
        self.size = 0
        with as_mail_errors("incoming message"):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor, name = tempfile.mkstemp(dir=directory)
            Path(name).unlink(missing_ok=True)  # another process that starts may have been quicker

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def write(self, piece: bytes) -> None:
        """Appends."""
        with as_mail_errors("incoming message"):
            left = memoryview(piece)
            while left:
                written = os.pwrite(self._descriptor, left, self.size)
                self.size += written
                left = left[written:]

    def read_at(self, start: int, length: int) -> bytes:
        """Octets from `start`, fewer than `length` at the end."""
        with as_mail_errors("incoming message"):
            return os.pread(self._descriptor, length, start)
