"""Errors of the disk as those of the mail system: a full one is `NoSpace`, all others mean "later"."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import Final

from postroom.message.errors import NoSpace, TryLater

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class FileLost(TryLater):
    """The file of one body is not there any more, or is cut, though the directory is. `check` names it, and a backup may have it."""

    words = "The octets of a message are lost here"


@contextlib.contextmanager
def as_mail_errors(what: str) -> Iterator[None]:
    """Raises `NoSpace` or `TryLater` for an `OSError`; `what` was at hand."""
    try:
        yield
    except OSError as error:
        kind = NoSpace if error.errno in _FULL else TryLater
        raise kind(detail=f"{what}: {error}") from error
