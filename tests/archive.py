"""A public mailing list's archive: 12,000 letters that real software and real people have written over twenty years."""

from __future__ import annotations

import lzma
import os
import re
from pathlib import Path

import pytest

NAME = "list-mail-12000.mbox.xz"
SEPARATOR = re.compile(rb"^From mboxrd@z [^\n]*\n", re.MULTILINE)


def archived() -> list[bytes]:
    """All letters as they are in the archive, with LF; skips the test where it is not in POSTROOM_DATA or in a directory called data near this checkout."""
    named = os.environ.get("POSTROOM_DATA")
    near = Path(__file__).parents[2].glob(f"*/data/{NAME}")
    for path in [Path(named) / NAME] if named else near:
        if path.is_file():
            return SEPARATOR.split(lzma.decompress(path.read_bytes()))[1:]
    pytest.skip(f"needs {NAME} (POSTROOM_DATA=its directory)")


def as_sent(letter: bytes) -> bytes:
    """With CRLF."""
    return letter.replace(b"\n", b"\r\n")
