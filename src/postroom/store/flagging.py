"""STORE: flags and keywords of copies are added, removed or replaced.

RFC 9051 §6.4.6, RFC 7162 §3.1.3 (UNCHANGEDSINCE). Copies are few kinds: all that share flags and keywords change alike, so each kind takes one
UPDATE, the counts come from the kinds, and a copy that is so already keeps its modseq. Not here: \\Seen of those who are not the owner of
a shared mailbox, which they share with him for now.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from postroom.store.changes import FlagsChanged
from postroom.store.counts import Tally
from postroom.store.engine import Row, Transaction
from postroom.store.flags import Flag, join_keywords, split_keywords
from postroom.store.mailboxes import bump
from postroom.store.messages import Ranges
from postroom.store.rights import MailboxRef, NoSuchMailbox, Right, require

FOREVER: Final = (1 << 62) - 1  # a modseq that no copy has reached

KINDS: Final = """
SELECT flags, keywords, COUNT(*) FROM messages
WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND modseq <= $5 GROUP BY flags, keywords
ORDER BY flags, keywords
"""
CHANGE: Final = """
UPDATE messages SET flags = $8, keywords = $9, modseq = $10
WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND modseq <= $5 AND flags = $6 AND keywords = $7
RETURNING uid
"""
MODIFIED: Final = """
SELECT uid FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND modseq > $5 AND modseq < $6
ORDER BY uid
"""
STATES: Final = """
SELECT uid, modseq, flags, keywords FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 ORDER BY uid
"""


class Mode(enum.Enum):
    """+FLAGS, -FLAGS and FLAGS of RFC 9051 §6.4.6."""

    ADD = "+"
    REMOVE = "-"
    REPLACE = "="


class FlagChange(msgspec.Struct, frozen=True):
    """What is asked. `unchanged_since`: copies with a higher modseq are left alone and reported."""

    mode: Mode
    flags: int = 0
    keywords: tuple[str, ...] = ()
    unchanged_since: int | None = None

    def of(self, flags: int, keywords: str) -> tuple[int, str]:
        """What becomes of a copy."""
        asked = {keyword.lower() for keyword in self.keywords}
        had = set(split_keywords(keywords))
        if self.mode is Mode.ADD:
            return flags | self.flags, join_keywords(had | asked)
        if self.mode is Mode.REMOVE:
            return flags & ~self.flags, join_keywords(had - asked)
        return self.flags, join_keywords(asked)


class Flagged(msgspec.Struct, frozen=True):
    """What came of it: `modified` are the uids that `unchanged_since` kept from being changed."""

    change: FlagsChanged
    modified: tuple[int, ...] = ()


async def store_flags(tx: Transaction, mailbox: MailboxRef, ranges: Ranges, asked: FlagChange) -> Flagged:
    """Changes the copies in these ranges of uids. Raises `NoSuchMailbox`, `NotPermitted`, ValueError for a bad keyword."""
    await require(tx, mailbox, *_rights(asked))
    account_id, mailbox_id = mailbox.account_id, mailbox.mailbox_id
    modseq = await bump(tx, account_id)
    limit = modseq - 1 if asked.unchanged_since is None else min(asked.unchanged_since, modseq - 1)
    tally = Tally()
    changed: list[int] = []
    modified: list[int] = []
    for first, last in ranges:
        where = (account_id, mailbox_id, first, last, limit)
        for flags, keywords, number in await tx.fetch(KINDS, *where):
            new_flags, new_keywords = asked.of(flags, keywords)
            if (new_flags, new_keywords) == (flags, keywords):
                continue
            rows = await tx.fetch(CHANGE, *where, flags, keywords, new_flags, new_keywords, modseq)
            changed += [row[0] for row in rows]
            tally.state(flags, keywords, -number)
            tally.state(new_flags, new_keywords, number)
        if asked.unchanged_since is not None:
            modified += [row[0] for row in await tx.fetch(MODIFIED, *where, modseq)]
    if not await tally.apply(tx, account_id, mailbox_id, modseq):
        raise NoSuchMailbox
    return Flagged(FlagsChanged(account_id, modseq, mailbox_id, tuple(sorted(changed))), tuple(modified))


async def states(tx: Transaction, mailbox: MailboxRef, ranges: Ranges) -> list[Row]:
    """(uid, modseq, flags, keywords) of the copies in these ranges, by uid. Raises `NoSuchMailbox`, `NotPermitted`."""
    await require(tx, mailbox, Right.READ)
    rows: list[Row] = []
    for first, last in ranges:
        rows += await tx.fetch(STATES, mailbox.account_id, mailbox.mailbox_id, first, last)
    return rows


def _rights(asked: FlagChange) -> set[Right]:
    """RFC 4314 §4: \\Seen and \\Deleted have rights of their own."""
    if asked.mode is Mode.REPLACE:
        return {Right.WRITE_FLAGS, Right.KEEP_SEEN, Right.DELETE_MESSAGE}
    rights = set()
    if asked.flags & Flag.SEEN:
        rights.add(Right.KEEP_SEEN)
    if asked.flags & Flag.DELETED:
        rights.add(Right.DELETE_MESSAGE)
    if asked.flags & ~(Flag.SEEN | Flag.DELETED) or asked.keywords:
        rights.add(Right.WRITE_FLAGS)
    return rights
