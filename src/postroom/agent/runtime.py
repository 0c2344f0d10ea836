"""Where a running lab leaves word for the commands of the same user: which accounts and which servers there are.

`$XDG_RUNTIME_DIR/postroom-lab/`, or `/tmp/postroom-lab-UID/` without one: a directory of mode 0700 with `mail.toml` (accounts with their
passwords, see `agent.accounts`) and `servers.toml` (a table `servers."DOMAIN"` with the path of each control socket). Anybody may make a
name in /tmp, so that a directory which is not the user's own, or open to others, is not believed. Not here: the lab.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

NAME = "postroom-lab"
ACCOUNTS = "mail.toml"
SERVERS = "servers.toml"


class NotOurs(Exception):
    """The directory is somebody else's, or cannot be written; the text has the remedy."""


def lab_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """The path, whether a lab runs or not."""
    runtime = environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / NAME if runtime else Path(f"/tmp/{NAME}-{os.getuid()}")  # noqa: S108 -- its owner is checked


def is_ours(directory: Path) -> bool:
    """Whether the directory exists, is no link, and belongs to this user alone."""
    try:
        facts = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o077


def publish(files: Mapping[str, str], directory: Path) -> None:
    """Writes a lab's files (mode 0600), each whole or not at all; raises `NotOurs`."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_ours(directory):
            raise NotOurs(
                f"{directory} is not this user's alone: remove it, or set XDG_RUNTIME_DIR to another place"
            )
        for name, text in files.items():
            draft = directory / f".{name}.{os.getpid()}"
            draft.touch(0o600)
            draft.write_text(text, "utf-8")
            draft.replace(directory / name)
    except OSError as error:
        raise NotOurs(
            f"{directory}: {error.strerror}; set XDG_RUNTIME_DIR to a directory of yours"
        ) from error


def retract(directory: Path) -> None:
    """Removes what `publish` wrote."""
    if is_ours(directory):
        shutil.rmtree(directory, ignore_errors=True)


def find(name: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """A running lab's file; None without one that can be believed."""
    directory = lab_directory(environ)
    path = directory / name
    return path if is_ours(directory) and path.is_file() else None
