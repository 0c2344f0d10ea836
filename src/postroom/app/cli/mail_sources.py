"""Mail that lies in files: mbox files, Maildirs, single messages, and directories of these, read one message after the other.

What a path is, its contents say. Single messages are named .eml, or have numbers for names, as MH and Cyrus give them; those of a directory are one source. A file that ends in .gz or .xz is unpacked on the way. Below a directory that is named, files alone are read: it may be
one of somebody who would like to know what whoever imports can read, so links lead nowhere, and pipes are not waited for. Not here: what an mbox file's lines (`message.files.mbox_reading`) and a
Maildir's names (`message.files.maildir`) mean, and where the messages go (`app.cli.moving`).
"""

from __future__ import annotations

import gzip
import lzma
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

import msgspec

from postroom.message.files import maildir
from postroom.message.files.mbox_reading import Marked, MboxReader, separator, unmarked

PASSES: Final = 5  # over a Maildir that changes meanwhile
PIECE: Final = 1 << 20  # octets of a file that are read at once
_ENDINGS: Final = (".mbox", ".mbx", ".mbs", ".eml", ".txt", ".gz", ".xz")
_MESSAGE: Final = ".eml"
_NUMBERED: Final = re.compile(r"[0-9]+\.?")
_FIELD: Final = re.compile(rb"[!-9;-~]{1,76}[ \t]*:")  # RFC 5322 §3.6.8, §4.5
_BELOW: Final = ".sbd"  # of the directory that Thunderbird has beside an mbox file, for the folders below it
_UNREADABLE: Final = (OSError, EOFError, lzma.LZMAError, zlib.error)


class BadSource(Exception):
    """A path that has no mail, or cannot be read; the text names it and why."""


class Source(msgspec.Struct, frozen=True):
    """A file, a Maildir's folder, or the `singles` (single messages) of a directory, and the folder that its messages are for (a path; empty: where
    nothing says). `named`: by whoever imports."""

    place: Path
    folder: tuple[str, ...]
    maildir: bool = False
    named: bool = False
    singles: bool = False


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
            return [Source(place, (), named=True)]
        found = list(_below(place, ()))
        if not found:
            raise BadSource(
                f"{place} has no mail: it is no Maildir (cur, new), and has no mbox files, .eml files or numbered messages"
            )
        return found

    def mails(self, source: Source) -> Iterator[Marked]:
        """Its messages. Raises `BadSource`."""
        try:
            if source.maildir:
                yield from self._maildir(source.place)
                return
            for place in _singles(source.place) if source.singles else [source.place]:
                with _opened(place, named=source.named) as file:
                    yield from self._file(place, file)
        except _UNREADABLE as error:
            place = getattr(error, "filename", None) or source.place
            raise BadSource(f"{place}: {getattr(error, 'strerror', None) or error}") from error

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
        """Each message once, also where a mail program moves and marks them meanwhile, which gives files other names."""
        keywords = _keywords(place / maildir.KEYWORDS_FILE)
        read = set[str]()
        for _ in range(PASSES):
            before, gone = len(read), False
            for one in _files(place / "cur", place / "new"):
                unique = maildir.unique_part(one.name)
                if unique in read:
                    continue
                try:
                    octets, changed = self._read(one)
                except FileNotFoundError:
                    gone = True
                    continue
                read.add(unique)
                flags, names = maildir.read_info(one.name, keywords)
                # a copied message has a new name, a copied file a new time: the earlier one is when it came
                for mail in self._one(octets, min(changed, maildir.read_time(one.name) or changed)):
                    yield msgspec.structs.replace(mail, flags=flags, keywords=names)
            if len(read) == before and not gone:
                return

    def _read(self, one: Path) -> tuple[bytes, int]:
        """A file, and when it was changed."""
        with _plain(one) as opened:
            return opened.read(self._most + 1), int(os.fstat(opened.fileno()).st_mtime)

    def _one(self, octets: bytes, at: int) -> Iterator[Marked]:
        """A message that is a file."""
        canonical = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if len(canonical) > self._most:
            self.too_long += 1
            return
        mail = unmarked(canonical, at)
        if mail is not None:
            yield mail


@contextmanager
def _opened(place: Path, *, named: bool) -> Iterator[IO[bytes]]:
    with place.open("rb") if named else _plain(place) as file:
        match place.suffix.lower():
            case ".gz":
                with gzip.open(file) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            case ".xz":
                with lzma.open(file) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            case _:
                yield file


def _plain(place: Path) -> IO[bytes]:
    """Opens a file that is one, and no link to one."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError("is no file")
    return file


def _is_file(place: Path) -> bool:
    return place.is_file() and not place.is_symlink()


def _is_directory(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()


def _is_maildir(place: Path) -> bool:
    return _is_directory(place / "cur") or _is_directory(place / "new")


def _files(*directories: Path) -> Iterator[Path]:
    """Also what has another name by now: whoever opens it will see."""
    for directory in directories:
        if _is_directory(directory):
            yield from (
                one
                for one in sorted(directory.iterdir())
                if not one.name.startswith(".") and not _is_odd(one)
            )


def _is_odd(place: Path) -> bool:
    try:
        return not stat.S_ISREG(place.lstat().st_mode)
    except FileNotFoundError:
        return False


def _keywords(place: Path) -> dict[str, str]:
    if not _is_file(place):
        return {}
    with _plain(place) as file:
        return maildir.read_keywords(file.read(PIECE).decode("utf-8", "replace"))


def _below(place: Path, folder: tuple[str, ...]) -> Iterator[Source]:
    """Maildir++ and Maildirs within Maildirs, and trees of files; links are not followed."""
    is_maildir = _is_maildir(place)
    if is_maildir:
        yield Source(place, folder, maildir=True)
    for one in sorted(place.iterdir()):
        if _is_directory(one):
            if is_maildir and one.name in ("cur", "new", "tmp"):
                continue
            own = maildir.level(one.name) if _is_maildir(one) else one.name.removesuffix(_BELOW)
            below = maildir.folder_path(one.name) or (own,)
            yield from _below(one, (*folder, *below))
        elif is_maildir or not _is_file(one):
            continue
        elif one.suffix.lower() != _MESSAGE and separator(_first_line(one)) is not None:
            yield Source(one, (*folder, *_folder_of(one.name)))
    if not is_maildir and _singles(place):
        yield Source(place, folder, singles=True)


def _singles(place: Path) -> list[Path]:
    """The single messages of a directory, by their numbers and names."""
    found = [one for one in place.iterdir() if _is_file(one) and _is_single(one)]
    return sorted(found, key=lambda one: (len(one.name) if _NUMBERED.fullmatch(one.name) else 0, one.name))


def _is_single(place: Path) -> bool:
    if place.suffix.lower() == _MESSAGE:
        return True
    return _NUMBERED.fullmatch(place.name) is not None and _FIELD.match(_first_line(place)) is not None


def _folder_of(name: str) -> tuple[str, ...]:
    """The folder that a file's name means: its name without endings."""
    while name.lower().endswith(_ENDINGS):
        name = name.rpartition(".")[0]
    return () if name.lower() == "inbox" else (name,)


def _first_line(place: Path) -> bytes:
    try:
        with _opened(place, named=False) as file:
            return file.read(600).lstrip(b"\r\n").partition(b"\n")[0] + b"\n"
    except _UNREADABLE:
        return b""
