"""The drop directory: mail from this machine's users while the server is down.

`DATA/drop` has mode 1733: anybody may put a file there, nobody but the server sees which there are. A message is one file:

    {"postroom-drop":1,"size":4096,"sender":"","recipients":["bob@hamburger.test"],...}\n     one line of JSON: `operations.submission.Submit`
    <the message: 4096 octets, CRLF line ends>                                              without its content, and the content's size

It is written under a name that begins with a dot, made durable, and renamed to `<16 random octets in hex>.mail`: what has such a name is whole.
Its mode is 0644, so that a server which is not root can read it; its name cannot be guessed. Who wrote it is its owner, by the
kernel. A crash leaves a dot file, which the server removes after a day. The server takes a file away after it has accepted the message: at
worst one is accepted twice, none is lost. Not here: acceptance, sendmail's options.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from postroom.store.engine.durable import sync_directory

MODE = 0o1733
SUFFIX = ".mail"
MAX_FACTS = 1 << 20  # octets of the first line
MAX_MESSAGE = 64 << 20  # octets of a message
STALE_SECONDS = 86_400.0  # of a file that nobody finished
_FILE_MODE = 0o644
_VERSION = 1
# What this process or its disk is short of, which says nothing of a file
_SHORTAGES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO))


class DropRefused(Exception):
    """Nothing was dropped; the text says why. `missing` tells that there is no such directory."""

    def __init__(self, text: str, *, missing: bool = False) -> None:
        super().__init__(text)
        self.missing = missing


class NotMail(Exception):
    """A file that is no dropped message; the text says why."""


class Dropped(msgspec.Struct, frozen=True):
    """A dropped message. `facts` are the fields of `Submit`, its content included; `user` is the login name of who dropped it."""

    path: Path
    user: str
    uid: int
    facts: dict[str, Any]

    def taken(self) -> None:
        """The message is accepted, or its writer has a report: the file goes."""
        self.path.unlink(missing_ok=True)

    def rejected(self, directory: Path, why: str) -> Path:
        """Nothing can be done with it: the file goes to `directory`, where an administrator finds it, and why."""
        return reject(self.path, directory, why)


def make_directory(path: Path) -> None:
    """Makes the drop directory, or gives an existing one its mode."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(MODE)


def drop(directory: Path, facts: dict[str, Any], content: bytes) -> str:
    """Drops a message durably; gives the name it waits under. Raises `DropRefused`."""
    first = msgspec.json.encode({"postroom-drop": _VERSION, "size": len(content), **facts}) + b"\n"
    name = secrets.token_hex(16)
    draft = directory / f".{name}"
    try:
        _write(draft, first + content)
        draft.rename(directory / (name + SUFFIX))
        sync_directory(directory)
    except OSError as error:
        with contextlib.suppress(OSError):  # whoever may not write here may not remove either
            draft.unlink()
        missing = isinstance(error, FileNotFoundError)
        raise DropRefused(f"{directory}: {error.strerror or error}", missing=missing) from error
    return name


def collect(directory: Path, bad: Path) -> Iterator[Dropped]:
    """The messages that wait, oldest first; what is no message is moved to `bad`. Meant for one caller at a time."""
    for path in _waiting(directory):
        try:
            found = _read(path)
        except FileNotFoundError:
            continue  # its owner may take it back
        except (NotMail, OSError) as error:
            if isinstance(error, OSError) and error.errno in _SHORTAGES:
                raise  # all of them wait
            reject(path, bad, str(error))
        else:
            yield found


def tidy(directory: Path, now: float | None = None) -> int:
    """Removes what a crash left half written more than a day ago; gives the number. `now` is unix seconds."""
    before = (time.time() if now is None else now) - STALE_SECONDS
    removed = 0
    for path in directory.glob(".*"):
        try:
            if path.lstat().st_mtime < before:
                path.unlink()
                removed += 1
        except OSError:
            continue
    return removed


def reject(path: Path, directory: Path, why: str) -> Path:
    """Moves a file out of the way, and writes beside it why."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = directory / f"{secrets.token_hex(4)}-{path.name.lstrip('.')[:100]}"
    path.rename(place)
    place.with_name(place.name + ".why").write_text(why + "\n", "utf-8", "backslashreplace")
    return place


def _write(path: Path, octets: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fchmod(file.fileno(), _FILE_MODE)
        os.fsync(file.fileno())


def _waiting(directory: Path) -> list[Path]:
    found: list[tuple[float, Path]] = []
    if not directory.is_dir():
        return []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                found.append((entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)))
            except FileNotFoundError:
                continue
    return [path for _, path in sorted(found)]


def _read(path: Path) -> Dropped:
    if path.suffix != SUFFIX:
        raise NotMail(f"its name does not end with {SUFFIX}")
    # neither a link nor a pipe may make the server read, or wait for, something else
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
            raise NotMail("it is not a file of its own")
        first = file.readline(MAX_FACTS)
        described, size = _facts(first)
        if not 0 <= size <= MAX_MESSAGE:
            raise NotMail(f"its message has {size} octets; at most {MAX_MESSAGE} are taken")
        content = file.read(size + 1)
    if len(content) != size:
        raise NotMail(f"its message should have {size} octets")
    return Dropped(path, _name(facts.st_uid), facts.st_uid, {**described, "content": content})


def _facts(line: bytes) -> tuple[dict[str, Any], int]:
    try:
        facts = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotMail(f"its first line does not describe a message: {error}") from error
    version, size = facts.pop("postroom-drop", None), facts.pop("size", None)
    if version != _VERSION or not isinstance(size, int) or "content" in facts:
        raise NotMail(f"its first line does not describe a message of version {_VERSION}")
    return facts, size


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
