"""Errors of the disk as those of the mail system: a full one is `NoSpace`, all others mean "later"."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import Final

from postroom.message.errors import NoSpace, TryLater

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def as_mail_errors(what: str) -> Iterator[None]:
    """Raises `NoSpace` or `TryLater` for an `OSError`; `what` was at hand."""
    try:
        yield
    except OSError as error:
        kind = NoSpace if error.errno in _FULL else TryLater
        raise kind(detail=f"{what}: {error}") from error
