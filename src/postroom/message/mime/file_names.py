"""Names under which attachments may be saved.

RFC 2183 §2.3: the name that a message gives is advice, and never a path. Not here: kinds of files (`message.mime.media_types`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from postroom.message.mime.media_types import extension

MAX_NAME = 120  # characters
MAX_NAME_OCTETS = 240  # in UTF-8: file systems stop at 255

_SEPARATOR = re.compile(r"[/\\]")
_UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_SPACE = re.compile(r"\s+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\Z)", re.IGNORECASE)
_LAST_EXTENSION = re.compile(r"(?:\.tar)?\.[A-Za-z0-9_-]{1,10}\Z")


def safe_filename(name: str, kind: str = "") -> str:
    """A name to save an attachment under: one path component, nothing invisible or reversed in it, no device, no option, not hidden.

    Never empty: then it is `attachment` with the extension of `kind`.
    """
    name = _SEPARATOR.split(unicodedata.normalize("NFC", name[:4096]))[-1]
    name = "".join(
        char for char in name if char.isprintable() or char.isspace()
    )  # format characters are not printable: bidi, zero-width
    name = _UNSAFE.sub("_", _SPACE.sub(" ", name)).strip(" .")
    name = name.lstrip("-~ .")
    if not name.strip("_ "):
        return "attachment" + extension(kind)
    if _RESERVED.match(name):
        name = "_" + name
    return _shortened(name)


def _shortened(name: str) -> str:
    if len(name) <= MAX_NAME and len(name.encode()) <= MAX_NAME_OCTETS:
        return name
    found = _LAST_EXTENSION.search(name)
    suffix = found.group() if found else ""
    stem = name[: MAX_NAME - len(suffix)] if found else name[:MAX_NAME]
    stem = stem.encode()[: MAX_NAME_OCTETS - len(suffix)].decode("utf-8", "ignore").rstrip(" .")
    return stem.removesuffix(suffix) + suffix


def each_its_own(names: Iterable[str]) -> list[str]:
    """The names so that no two are the same, whatever a file system thinks of capitals: `a.txt`, `a (2).txt`."""
    taken: set[str] = set()
    found = []
    counts: dict[str, int] = {}
    for name in names:
        own = name
        while own.casefold() in taken:
            counts[name] = counts.get(name, 1) + 1
            own = _numbered(name, counts[name])
        taken.add(own.casefold())
        found.append(own)
    return found


def _numbered(name: str, number: int) -> str:
    suffix = match.group() if (match := _LAST_EXTENSION.search(name)) and match.start() else ""
    mark = f" ({number}){suffix}"
    stem = name.removesuffix(suffix)[: MAX_NAME - len(mark)]
    return stem.encode()[: MAX_NAME_OCTETS - len(mark)].decode("utf-8", "ignore").rstrip(" .") + mark
