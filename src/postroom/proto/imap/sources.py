"""Which mailboxes a command means: those of a kind, or by their names.

RFC 5465 §6 (NOTIFY), RFC 7377 §2.2 (ESEARCH); each has kinds of its own. Not here: which mailboxes these are.
"""

from __future__ import annotations

import msgspec

from postroom.proto.imap.grammar import ImapCursor, keyword, mailbox, parenthesized


class Source(msgspec.Struct, frozen=True):
    """Mailboxes: `kind` in upper case (RFC 5465 §6, RFC 7377 §2.2), and the names that belong to it."""

    kind: str
    names: tuple[str, ...] = ()


def mailbox_source(c: ImapCursor, unnamed: tuple[str, ...], named: tuple[str, ...]) -> Source:
    """A kind out of `unnamed`, or one out of `named` with a name or a list of names."""
    start = c.position
    kind = keyword(c, "which mailboxes").decode()
    if kind in unnamed:
        return Source(kind)
    if kind not in named:
        c.position = start
        *kinds, last = (*unnamed, *named)
        raise c.error(f"{', '.join(kinds)} or {last}".lower())
    c.sp()
    names = parenthesized(c, mailbox, least=1) if c.peek(b"(") else [mailbox(c)]
    return Source(kind, tuple(names))
