"""The files that an alias file includes: read here, by whoever calls, and sent along.

A server may run as a user that cannot read them, and must not read files that the caller could not. Not here: what they mean
(`store.administration.aliases_file`).
"""

from __future__ import annotations

from pathlib import Path

from postroom.store.administration.aliases_file import parse_aliases

MAX_OCTETS = 16 << 20  # of all included files


def included_files(text: str, directory: Path) -> dict[str, str]:
    """The texts of included files by the paths that name them; what cannot be read is left out, and the import complains of it."""
    found: dict[str, str] = {}
    room = MAX_OCTETS

    def read(path: str) -> str:
        nonlocal room
        if path not in found:
            file = directory / path  # an absolute path stays as it is
            size = file.stat().st_size
            if size > room:
                raise OSError(f"the included files have more than {MAX_OCTETS >> 20} MiB")
            room -= size
            found[path] = file.read_text("utf-8")
        return found[path]

    parse_aliases(text, read)
    return found
