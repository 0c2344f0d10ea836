"""The files that an alias file includes: read here, by whoever calls, and sent along.

A server may run as a user that cannot read them, and must not read files that the caller could not. Not here: what they mean
(`store.administration.aliases_file`).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from postroom.store.administration.aliases_file import parse_aliases

MAX_OCTETS = 16 << 20  # of all included files


class Included(msgspec.Struct, frozen=True):
    """By the paths that name them: the texts of included files, and why others cannot be read."""

    texts: dict[str, str]
    unread: dict[str, str]


def included_files(text: str, directory: Path) -> Included:
    """Reads the files that an alias file includes; the import complains of those that cannot be read."""
    found: dict[str, str] = {}
    unread: dict[str, str] = {}
    room = MAX_OCTETS

    def read(path: str) -> str:
        nonlocal room
        if path not in found:
            try:
                found[path] = _text(directory / path, room)  # an absolute path stays as it is
            except OSError as error:
                unread[path] = error.strerror or str(error)
                raise
            except UnicodeDecodeError as error:
                unread[path] = f"it is not UTF-8 ({error.reason} at octet {error.start})"
                raise
            room -= len(found[path].encode())
        return found[path]

    parse_aliases(text, read)
    return Included(found, unread)


def _text(file: Path, room: int) -> str:
    if file.stat().st_size > room:
        raise OSError(f"the included files have more than {MAX_OCTETS >> 20} MiB")
    return file.read_text("utf-8")
