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

from postroom.message.files import maildir, mh
from postroom.message.files.mbox_reading import FIELD, Marked, MboxReader, begins, unmarked
from postroom.wire.numbers import decimal

PASSES: Final = 5  # over a Maildir that changes meanwhile
HEAD: Final = 1_000  # octets that say what a file is
PIECE: Final = 1 << 20  # octets of a file that are read at once
_ENDINGS: Final = (".mbox", ".mbx", ".mbs", ".eml", ".txt", ".gz", ".xz")
_MESSAGE: Final = ".eml"
_NUMBERED: Final = re.compile(r"[0-9]+\.?")
_BELOW: Final = ".sbd"  # of the directory that Thunderbird has beside an mbox file, for the folders below it
_UNREADABLE: Final = (OSError, EOFError, lzma.LZMAError, zlib.error)


class BadSource(Exception):
    """A path that has no mail, or cannot be read; the text names it and why."""


class Source(msgspec.Struct, frozen=True):
    """A file, a Maildir's folder, or the `singles` (single messages) of a directory, and the folder that its messages are for (a path; empty: where
    nothing says). `named`: by whoever imports. `subscribed`: what is kept beside it does not say otherwise."""

    place: Path
    folder: tuple[str, ...]
    maildir: bool = False
    named: bool = False
    singles: bool = False
    subscribed: bool = True


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
        subscriptions = _subscriptions(place)
        found = [_as_subscribed(one, subscriptions) for one in _below(place, ())]
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
            if source.singles:
                yield from self._numbered(source.place)
                return
            with _opened(source.place, named=source.named) as file:
                yield from self._file(source.place, file)
        except _UNREADABLE as error:
            place = getattr(error, "filename", None) or source.place
            raise BadSource(f"{place}: {getattr(error, 'strerror', None) or error}") from error

    def _numbered(self, directory: Path) -> Iterator[Marked]:
        """Single messages, with the marks that MH keeps."""
        said = _text(directory / mh.SEQUENCES_FILE)
        sequences = mh.read_sequences(said)
        for place in _singles(directory):
            with _opened(place, named=False) as file:
                for mail in self._file(place, file):
                    number = decimal(place.name, 9) if said else None
                    flags = "" if number is None else mh.flags_of(number, sequences)
                    yield mail if number is None else msgspec.structs.replace(mail, flags=flags)

    def _file(self, place: Path, file: IO[bytes]) -> Iterator[Marked]:
        first = file.read(PIECE)
        if not begins(first[:HEAD]):
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
        keywords = maildir.read_keywords(_text(place / maildir.KEYWORDS_FILE))
        couriers = _couriers_keywords(place / maildir.COURIER_KEYWORDS)
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
                    yield msgspec.structs.replace(mail, flags=flags, keywords=couriers.get(unique, names))
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


def _text(place: Path) -> str:
    """The beginning of a file; nothing where there is none."""
    if not _is_file(place):
        return ""
    with _plain(place) as file:
        return file.read(PIECE).decode("utf-8", "replace")


def _couriers_keywords(directory: Path) -> dict[str, tuple[str, ...]]:
    """What Courier's list says, and of newer files of a message the newest."""
    if not _is_directory(directory):
        return {}
    found = maildir.read_courier_list(_text(directory / maildir.COURIER_LIST))
    newest: dict[str, tuple[int, Path]] = {}
    for one in directory.iterdir():
        about = maildir.courier_newer(one.name)
        if about is not None:
            newest[about[0]] = max(newest.get(about[0], (-1, one)), (about[1], one))
    return found | {unique: tuple(_text(one).split()) for unique, (_, one) in newest.items()}


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
        elif one.suffix.lower() != _MESSAGE and begins(_head(one)):
            yield Source(one, (*folder, *_folder_of(one.name)))
    if not is_maildir and any(map(_is_single, place.iterdir())):
        yield Source(place, folder, singles=True)


def _subscriptions(place: Path) -> set[tuple[str, ...]] | None:
    """The folders that the owner of a Maildir is subscribed to; None where nothing says."""
    for name in maildir.SUBSCRIPTIONS if _is_maildir(place) else ():
        if _is_file(place / name):
            return maildir.read_subscriptions(_text(place / name))
    return None


def _as_subscribed(source: Source, to: set[tuple[str, ...]] | None) -> Source:
    return msgspec.structs.replace(source, subscribed=to is None or not source.folder or source.folder in to)


def _singles(place: Path) -> list[Path]:
    """The single messages of a directory, by their numbers and names."""
    found = [one for one in place.iterdir() if _is_single(one)]
    return sorted(found, key=lambda one: (len(one.name) if _NUMBERED.fullmatch(one.name) else 0, one.name))


def _is_single(place: Path) -> bool:
    if not _is_file(place):
        return False
    if place.suffix.lower() == _MESSAGE:
        return True
    return _NUMBERED.fullmatch(place.name) is not None and FIELD.match(_head(place)) is not None


def _folder_of(name: str) -> tuple[str, ...]:
    """The folder that a file's name means: its name without endings."""
    while name.lower().endswith(_ENDINGS):
        name = name.rpartition(".")[0]
    return () if name.lower() == "inbox" else (name,)


def _head(place: Path) -> bytes:
    try:
        with _opened(place, named=False) as file:
            return file.read(HEAD).lstrip(b"\r\n")
    except _UNREADABLE:
        return b""
