"""Mail that lies in files: mbox files, Maildirs, single messages, and directories of these, read one message after the other.

What a path is, its contents say. A file that ends in .gz or .xz is unpacked on the way. Not here: what an mbox file's lines (`message.mbox_reading`) and a
Maildir's names (`message.maildir`) mean, and where the messages go (`app.cli.moving`).
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

import msgspec

from postroom.message import maildir
from postroom.message.mbox_reading import Marked, MboxReader, separator, unmarked

PIECE: Final = 1 << 20  # octets of a file that are read at once
_ENDINGS: Final = (".mbox", ".mbx", ".mbs", ".eml", ".txt", ".gz", ".xz")
_MESSAGE: Final = ".eml"


class BadSource(Exception):
    """A path that has no mail, or cannot be read; the text names it and why."""


class Source(msgspec.Struct, frozen=True):
    """A file or a Maildir's folder, and the folder that its messages are for (a path; empty: where nothing says)."""

    place: Path
    folder: tuple[str, ...]
    maildir: bool = False


class Sources:
    """`most`: octets of the longest message that is taken; longer ones are counted in `too_long`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.too_long = 0

    def find(self, place: Path) -> list[Source]:
        """What there is at a path, in an order that is the same each time. Raises `BadSource`."""
        if not place.exists():
            raise BadSource(f"{place} does not exist")
        if not place.is_dir():
            return [Source(place, ())]
        found = list(_below(place, ()))
        if not found:
            raise BadSource(
                f"{place} has no mail: it is no Maildir (cur, new), and has no mbox or .eml files"
            )
        return found

    def mails(self, source: Source) -> Iterator[Marked]:
        """Its messages. Raises `BadSource`."""
        try:
            if source.maildir:
                yield from self._maildir(source.place)
                return
            with _opened(source.place) as file:
                yield from self._file(source.place, file)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise BadSource(f"{source.place}: {getattr(error, 'strerror', None) or error}") from error

    def _file(self, place: Path, file: IO[bytes]) -> Iterator[Marked]:
        first = file.read(PIECE)
        line = first.lstrip(b"\r\n")[:600].partition(b"\n")[0] + b"\n"
        if separator(line) is None:
            octets = first + file.read(max(0, self._most - len(first) + 1))
            if first.strip():
                yield from self._one(octets, int(place.stat().st_mtime))
            return
        reader = MboxReader(self._most)
        while first:
            yield from reader.feed(first)
            first = file.read(PIECE)
        yield from reader.end()
        self.too_long += reader.cut

    def _maildir(self, place: Path) -> Iterator[Marked]:
        keywords = {}
        file = place / maildir.KEYWORDS_FILE
        if file.is_file():
            keywords = maildir.read_keywords(file.read_text("utf-8", "replace"))
        for directory in (place / "cur", place / "new"):
            for one in sorted(directory.iterdir()) if directory.is_dir() else ():
                if not one.is_file() or one.name.startswith("."):
                    continue
                flags, names = maildir.read_info(one.name, keywords)
                # a copied message has a new name, a copied file a new time: the earlier one is when it came
                changed = int(one.stat().st_mtime)
                at = min(changed, maildir.read_time(one.name) or changed)
                with one.open("rb") as opened:
                    octets = opened.read(self._most + 1)
                for mail in self._one(octets, at):
                    yield msgspec.structs.replace(mail, flags=flags, keywords=names)

    def _one(self, octets: bytes, at: int) -> Iterator[Marked]:
        """A message that is a file."""
        canonical = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if len(canonical) > self._most:
            self.too_long += 1
            return
        mail = unmarked(canonical, at)
        if mail is not None:
            yield mail


def _opened(place: Path) -> IO[bytes]:
    match place.suffix.lower():
        case ".gz":
            return cast("IO[bytes]", gzip.open(place, "rb"))
        case ".xz":
            return lzma.open(place, "rb")
    return place.open("rb")


def _is_maildir(place: Path) -> bool:
    return (place / "cur").is_dir() or (place / "new").is_dir()


def _below(place: Path, folder: tuple[str, ...]) -> Iterator[Source]:
    """Maildir++ and Maildirs within Maildirs, and trees of files; links are not followed."""
    is_maildir = _is_maildir(place)
    if is_maildir:
        yield Source(place, folder, maildir=True)
    loose = False
    for one in sorted(place.iterdir()):
        if one.is_symlink():
            continue
        if one.is_dir():
            if is_maildir and one.name in ("cur", "new", "tmp"):
                continue
            below = maildir.folder_path(one.name) or (one.name,)
            yield from _below(one, (*folder, *below))
        elif not is_maildir and one.suffix.lower() == _MESSAGE:
            loose = True
        elif not is_maildir and _looks_like_mbox(one):
            yield Source(one, (*folder, *_folder_of(one.name)))
    if loose:
        yield from (Source(one, folder) for one in sorted(place.iterdir()) if one.suffix.lower() == _MESSAGE)


def _folder_of(name: str) -> tuple[str, ...]:
    """The folder that a file's name means: its name without endings."""
    while name.lower().endswith(_ENDINGS):
        name = name.rpartition(".")[0]
    return () if name.lower() == "inbox" else (name,)


def _looks_like_mbox(place: Path) -> bool:
    try:
        with _opened(place) as file:
            line = file.read(600).lstrip(b"\r\n").partition(b"\n")[0] + b"\n"
    except (OSError, EOFError, lzma.LZMAError):
        return False
    return separator(line) is not None
