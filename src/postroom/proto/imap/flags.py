"""Flags as a client writes them: system flags become bits, all else are keywords.

RFC 9051 §2.3.2 and §9 (flag, flag-list). \\Recent is nobody's to set (RFC 3501 §9). Not here: how flags are kept, how many there may be.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

from postroom.proto.imap.grammar import ImapCursor, flag, flag_list

BITS: Final = MappingProxyType(
    {"\\SEEN": 1, "\\ANSWERED": 2, "\\FLAGGED": 4, "\\DELETED": 8, "\\DRAFT": 16}
)  # as `store.mailboxes.flags.Flag` has them


class Flags(msgspec.Struct, frozen=True):
    """System flags as bits, and keywords as they were written."""

    bits: int = 0
    keywords: tuple[str, ...] = ()


def flags_in_parentheses(c: ImapCursor) -> Flags:
    """`(\\Seen $Junk)`, perhaps empty."""
    start = c.position
    return _sorted(c, start, flag_list(c))


def flags_in_line(c: ImapCursor) -> Flags:
    """The same without parentheses, at least one (store-att-flags of RFC 9051 §9)."""
    start = c.position
    found = [flag(c)]
    while c.accept(b" "):
        found.append(flag(c))
    return _sorted(c, start, found)


def _sorted(c: ImapCursor, start: int, names: list[str]) -> Flags:
    bits = 0
    keywords = []
    for name in names:
        if not name.startswith("\\"):
            keywords.append(name)
            continue
        bit = BITS.get(name.upper())
        if bit is None:
            c.position = start
            raise c.error("flags that can be set: \\Answered \\Flagged \\Deleted \\Seen \\Draft and keywords")
        bits |= bit
    return Flags(bits, tuple(keywords))
