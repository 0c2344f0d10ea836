"""Saves what is attached to a message, under names that cannot hurt.

RFC 2183 §2.3: a name that came with a message is advice, never a path. Nothing is overwritten. Not here: which names are safe
(`message.mime.file_names`), what is attached (`message.mime.attachment`).
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from postroom.agent.invocation import CommandFailed
from postroom.agent.reading import attachments
from postroom.message.encodings.transfer import decode
from postroom.message.mime.attachment import declared_name
from postroom.message.mime.file_names import safe_filename
from postroom.message.mime.structure import Part

MOST_NAMES = 1000  # tries for a free name


class Saved(msgspec.Struct, frozen=True):
    """A file that was written; `size` in octets."""

    path: str
    type: str
    size: int


def save(raw: bytes, directory: Path) -> list[Saved]:
    """Writes all attachments of a message into a directory, which is made when it is not there; raises `CommandFailed`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        numbers: dict[Path, int] = {}
        return [_save(raw, part, directory, numbers) for part in attachments(raw)]
    except OSError as error:
        raise CommandFailed(f"{error.filename or directory}: {error.strerror}") from error


def _save(raw: bytes, part: Part, directory: Path, numbers: dict[Path, int]) -> Saved:
    kind = f"{part.media_type}/{part.subtype}"
    octets = decode(raw[part.body_start : part.body_end], part.encoding).octets
    path = _written(directory / safe_filename(declared_name(part), kind), octets, numbers)
    return Saved(str(path), kind, len(octets))


def _written(wanted: Path, octets: bytes, numbers: dict[Path, int]) -> Path:
    """Writes under that name, or the nearest free one; never through a link. `numbers`: where to go on, for names that were wanted before."""
    for number in range(numbers.get(wanted, 0), MOST_NAMES):
        path = wanted if not number else wanted.with_name(f"{wanted.stem} ({number}){wanted.suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
        numbers[wanted] = number + 1
        return path
    raise CommandFailed(f"{wanted.parent} has too many files named {wanted.name}: choose another directory")
