"""A lab's capture as a file that is written while the lab runs: `postroom lab --pcap FILE`.

Not here: what is captured (`lab.heard.capture`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from postroom.app.control import OperationError

if TYPE_CHECKING:  # the command line knows the wish, and starts faster without the rest
    from postroom.lab.heard.capture import Captures, Recording

_OWN_ONLY = 0o600  # messages are in it


class Captured(msgspec.Struct, frozen=True):
    """A file that takes a capture."""

    file: Path
    show_secrets: bool = False


class CannotCapture(Exception):
    """The file cannot be written; the text names it."""


@asynccontextmanager
async def written(captures: Captures, wanted: Captured | None) -> AsyncIterator[None]:
    """Writes what goes over the connections into a file while the lab runs, if that is wanted. Raises `CannotCapture`."""
    if wanted is None:
        yield
        return
    try:
        file = own_file(wanted.file)
    except OSError as error:
        raise CannotCapture(f"--pcap {wanted.file}: {error.strerror}") from error
    with file:
        recording = captures.begin(show_secrets=wanted.show_secrets)
        writing = asyncio.create_task(_write(recording, file))
        try:
            yield
        finally:
            captures.end(recording)
            try:
                await writing
            except OSError as error:
                raise CannotCapture(f"--pcap {wanted.file}: {error.strerror}") from error
            except OperationError as error:
                raise CannotCapture(f"--pcap {wanted.file}: {error}") from error


async def _write(recording: Recording, file: BinaryIO) -> None:
    try:
        async for octets in recording.pieces():
            await asyncio.to_thread(_put, file, octets)
    finally:
        recording.stop()


def _put(file: BinaryIO, octets: bytes) -> None:
    file.write(octets)
    file.flush()


def own_file(path: Path) -> BinaryIO:
    """Opened to be written anew, for this user alone if it was not there."""
    path.touch(_OWN_ONLY)
    return path.open("wb")
