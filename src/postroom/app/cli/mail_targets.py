"""Mail written into files: an mbox file or a Maildir for each folder, or a file for each message.

RFC 4155 (mbox, with Status, X-Status and X-Keywords for marks), Maildir++ (`.A.B`, `dovecot-keywords`). A file that is there already is not written over. Not here: where the
messages come from (`app.cli.moving`).
"""

from __future__ import annotations

import enum
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Protocol

from postroom.app.operations.moving import Given
from postroom.message.files import maildir, mbox

LONGEST_NAME: Final = 240  # octets of a folder's name in the name of a file
_STATUS: Final = {"S": "R"}
_X_STATUS: Final = {"R": "A", "F": "F", "T": "D", "D": "T"}


class Form(enum.StrEnum):
    """How messages are written."""

    MAILDIR = "maildir"
    MBOX = "mbox"
    EML = "eml"


class Target(Protocol):
    """Where an account's folders are written to."""

    def folder(self, path: Sequence[str]) -> None:
        """A folder begins."""

    def begin(self, marks: Given) -> None:
        """A message begins; the one before is whole."""

    def piece(self, octets: bytes) -> None:
        """More of it."""

    def close(self) -> None:
        """All is written."""


class MaildirTarget:
    """Maildir++ in a directory: INBOX is itself, other folders lie in it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._place = directory
        self._file: IO[bytes] | None = None
        self._ready = directory
        self._name = ""
        self._letters: dict[str, str] = {}
        self._at = 0
        self._kept = b""

    def folder(self, path: Sequence[str]) -> None:
        """Makes cur, new and tmp."""
        self.close()
        top = list(path) == ["INBOX"]
        self._place = self._directory if top else self._directory / _short(maildir.folder_name(path))
        while (self._place / "cur").exists():  # two names that are one in a directory
            self._place = self._place.with_name(self._place.name + "_")
        self._letters = {}
        for name in ("cur", "new", "tmp"):
            (self._place / name).mkdir(parents=True)

    def begin(self, marks: Given) -> None:
        """Written in tmp, then moved: a reader sees whole messages only."""
        self._finish()
        for one in marks.keywords:
            if one not in self._letters and len(self._letters) < maildir.MOST_KEYWORDS:
                self._letters[one] = chr(ord("a") + len(self._letters))
        self._name = f"{marks.at}.P{marks.uid}.postroom" + maildir.written_info(
            marks.flags, marks.keywords, self._letters
        )
        self._at = marks.at
        self._ready = self._place / "cur" / self._name
        self._file = (self._place / "tmp" / self._name).open("xb")

    def piece(self, octets: bytes) -> None:
        """CRLF becomes LF, also where a piece ends between them."""
        assert self._file is not None
        octets, self._kept = self._kept + octets, b""
        if octets.endswith(b"\r"):
            octets, self._kept = octets[:-1], b"\r"
        self._file.write(octets.replace(b"\r\n", b"\n"))

    def close(self) -> None:
        """With the file of keywords."""
        self._finish()
        if self._letters:
            (self._place / maildir.KEYWORDS_FILE).write_text(maildir.written_keywords(self._letters), "utf-8")
            self._letters = {}

    def _finish(self) -> None:
        if self._file is not None:
            self._file.write(self._kept)
            self._kept = b""
            self._file.close()
            written = self._place / "tmp" / self._name
            os.utime(written, (self._at, self._at))
            written.rename(self._ready)
            self._file = None


class MboxTarget:
    """A file for each folder: `A/B.mbox`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: IO[bytes] | None = None
        self._quoting: mbox.Quoting | None = None
        self._marks: Given | None = None

    def folder(self, path: Sequence[str]) -> None:
        """Opens its file."""
        self.close()
        names = [_file_name(part) for part in path]
        file = self._directory.joinpath(*names[:-1], f"{names[-1]}.mbox")
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("xb")

    def begin(self, marks: Given) -> None:
        """The line before it comes with its first piece, which has the sender."""
        self._finish()
        self._marks = marks

    def piece(self, octets: bytes) -> None:
        """Quoted."""
        assert self._file is not None
        if self._quoting is None:
            assert self._marks is not None
            self._file.write(mbox.head(octets, self._marks.at) + _fields(self._marks))
            self._quoting = mbox.Quoting()
        self._file.write(self._quoting.piece(octets))

    def close(self) -> None:
        """The folder's file is whole."""
        self._finish()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _finish(self) -> None:
        if self._quoting is not None and self._file is not None:
            self._file.write(self._quoting.end())
        self._quoting = self._marks = None


class EmlTarget:
    """A directory for each folder, a file for each message, named by its uid; marks are not kept."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._place = directory
        self._file: IO[bytes] | None = None
        self._at = 0

    def folder(self, path: Sequence[str]) -> None:
        """Makes its directory."""
        self.close()
        self._place = self._directory.joinpath(*(_file_name(part) for part in path))
        self._place.mkdir(parents=True, exist_ok=True)

    def begin(self, marks: Given) -> None:
        """A new file."""
        self.close()
        self._at = marks.at
        self._file = (self._place / f"{marks.uid}.eml").open("xb")

    def piece(self, octets: bytes) -> None:
        """As it is."""
        assert self._file is not None
        self._file.write(octets)

    def close(self) -> None:
        """The message's file has the time when it came."""
        if self._file is not None:
            name = self._file.name
            self._file.close()
            os.utime(name, (self._at, self._at))
            self._file = None


TARGETS: Final[Mapping[Form, Callable[[Path], Target]]] = {
    Form.MAILDIR: MaildirTarget,
    Form.MBOX: MboxTarget,
    Form.EML: EmlTarget,
}


def _file_name(part: str) -> str:
    """What one level of a path is called among files, so that no directory has the name of another folder's file, or of a message's."""
    plain = part.replace("/", "_")
    return _own(plain) if plain.lower().endswith((".mbox", ".eml")) else _short(plain)


def _short(name: str) -> str:
    return name if len(name.encode()) <= LONGEST_NAME else _own(name)


def _own(name: str) -> str:
    cut = name.encode()[: LONGEST_NAME - 9].decode("utf-8", "ignore")
    return f"{cut}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _fields(marks: Given) -> bytes:
    """The marks, as mail programs write them into an mbox file."""
    status = "".join(_STATUS[one] for one in marks.flags if one in _STATUS) + "O"
    more = "".join(_X_STATUS[one] for one in marks.flags if one in _X_STATUS)
    lines = [f"Status: {status}"]
    if more:
        lines.append(f"X-Status: {more}")
    if marks.keywords:
        lines.append(f"X-Keywords: {' '.join(marks.keywords)}")
    return "".join(f"{line}\n" for line in lines).encode()
