"""Flags of a copy: the system flags as bits, keywords as one sorted text.

RFC 9051 §2.3.2. Keywords compare without regard to case and are kept in lower case, as JMAP wants them (RFC 8621 §4.1.1). \\Recent is
not kept: it is a matter of `mailboxes.first_recent`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from postroom.message.errors import NotPermitted

MAX_KEYWORDS: Final = 128  # on one copy
MAX_KEYWORD: Final = 255  # octets of one, RFC 8621 §4.1.1


class Flag(enum.IntFlag):
    """The system flags of RFC 9051 §2.3.2, as bits of `messages.flags`."""

    SEEN = 1
    ANSWERED = 2
    FLAGGED = 4
    DELETED = 8
    DRAFT = 16


class BadKeywords(NotPermitted, ValueError):
    """What no keyword is, or too many for one message."""


def join_keywords(keywords: Iterable[str]) -> str:
    """The form in a row: lower case, sorted, without repeats, spaces between. Raises `BadKeywords`."""
    names = sorted({keyword.lower() for keyword in keywords})
    if len(names) > MAX_KEYWORDS:
        raise BadKeywords(f"A message has at most {MAX_KEYWORDS} keywords")
    for name in names:
        if not is_keyword(name):
            raise BadKeywords(f"{name!r} is not a keyword")
    return " ".join(names)


def split_keywords(text: str) -> list[str]:
    """The inverse of `join_keywords`."""
    return text.split(" ") if text else []


_NOT_IN_KEYWORDS: Final = frozenset('(){]%*"\\')


def is_keyword(name: str) -> bool:
    """1 to 255 printable ASCII octets other than `( ) { ] % * " \\` (RFC 8621 §4.1.1)."""
    return (
        0 < len(name) <= MAX_KEYWORD
        and all("!" <= char <= "~" for char in name)
        and _NOT_IN_KEYWORDS.isdisjoint(name)
    )
