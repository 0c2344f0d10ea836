"""STORE: flags and keywords of copies are added, removed or replaced.

RFC 9051 §6.4.6, RFC 7162 §3.1.3 (UNCHANGEDSINCE). Copies are few kinds: all that share flags and keywords change alike, so each kind takes one
UPDATE, the counts come from the kinds, and a copy that is so already keeps its modseq. Who is not the owner has a \\Seen of his own (`seen`), and
changes what his rights allow of what he asks (RFC 4314 §4).
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from postroom.message.errors import NotPermitted
from postroom.store.changes import FlagsChanged
from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes import seen
from postroom.store.mailboxes.counts import Tally, check_keywords
from postroom.store.mailboxes.flags import Flag, join_keywords, split_keywords
from postroom.store.mailboxes.mailboxes import bump, unbump
from postroom.store.mailboxes.messages import Ranges
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require, rights_in

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
# Emails with one of these copies, and no other that was there before (RFC 8621 §4.1.1): they are made anew for JMAP.
REVIVE: Final = (
    "UPDATE emails SET created_modseq = $2 WHERE account_id = $1 AND email_id IN ("  # noqa: S608 -- placeholders
    f"SELECT email_id FROM messages WHERE account_id = $1 AND mailbox_id = $3 AND uid IN ({placeholders(CHUNK, 4)}))"
    " AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.account_id = $1 AND m.thread_id = emails.thread_id"
    " AND m.email_id = emails.email_id AND (m.flags & 8) = 0 AND m.modseq < $2)"
)
THERE: Final = "SELECT 1 FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2"
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
    """What came of it: `modified` are the uids that `unchanged_since` kept from being changed. A change without uids is none, and has no modseq of its own."""

    change: FlagsChanged
    modified: tuple[int, ...] = ()


async def store_flags(tx: Transaction, mailbox: MailboxRef, ranges: Ranges, asked: FlagChange) -> Flagged:
    """Changes the copies in these ranges of uids. Raises `NoSuchMailbox`, `NotPermitted`, ValueError for a bad keyword.

    What rights do not allow is left out; `NotPermitted` says that nothing would be left.
    """
    mask = _allowed(await rights_in(tx, mailbox), asked)
    mark = _mark(asked, mask) if seen.apart(mailbox) else None
    shared = mask & ~Flag.SEEN if seen.apart(mailbox) else mask
    account_id, mailbox_id = mailbox.account_id, mailbox.mailbox_id
    modseq = await bump(tx, account_id)
    if mask & _KEYWORDS and asked.mode is not Mode.REMOVE:
        await check_keywords(tx, account_id, mailbox_id, asked.keywords)
    limit = modseq - 1 if asked.unchanged_since is None else min(asked.unchanged_since, modseq - 1)
    tally = Tally()
    changed: list[int] = []
    modified: list[int] = []
    for first, last in ranges:
        where = (account_id, mailbox_id, first, last, limit)
        for flags, keywords, number in await tx.fetch(KINDS, *where):
            new_flags, new_keywords = asked.of(flags, keywords)
            new_flags = new_flags & shared | flags & ~shared
            new_keywords = new_keywords if mask & _KEYWORDS else keywords
            if (new_flags, new_keywords) == (flags, keywords):
                continue
            rows = await tx.fetch(CHANGE, *where, flags, keywords, new_flags, new_keywords, modseq)
            changed += [row[0] for row in rows]
            if flags & ~new_flags & Flag.DELETED:
                for chunk in chunks(row[0] for row in rows):
                    await tx.execute(REVIVE, account_id, modseq, mailbox_id, *chunk)
            tally.state(flags, keywords, -number)
            tally.state(new_flags, new_keywords, number)
        if mark is not None:
            changed += await seen.change(tx, mailbox, (first, last), (limit, modseq), seen=mark)
        if asked.unchanged_since is not None:
            modified += [row[0] for row in await tx.fetch(MODIFIED, *where, modseq)]
    if not changed:  # nobody needs to look: neither the mailbox nor the account has a new modseq
        await unbump(tx, account_id)
        if await tx.fetchrow(THERE, account_id, mailbox_id) is None:
            raise NoSuchMailbox
        return Flagged(FlagsChanged(account_id, modseq - 1, mailbox_id, ()), tuple(modified))
    if not await tally.apply(tx, account_id, mailbox_id, modseq):
        raise NoSuchMailbox
    return Flagged(FlagsChanged(account_id, modseq, mailbox_id, tuple(sorted(set(changed)))), tuple(modified))


async def states(tx: Transaction, mailbox: MailboxRef, ranges: Ranges) -> list[Row]:
    """(uid, modseq, flags, keywords) of the copies in these ranges, by uid. Raises `NoSuchMailbox`, `NotPermitted`."""
    await require(tx, mailbox, Right.READ)
    rows: list[Row] = []
    for first, last in ranges:
        found = await tx.fetch(STATES, mailbox.account_id, mailbox.mailbox_id, first, last)
        rows += await seen.overlay(tx, mailbox, found)
    return rows


_KEYWORDS: Final = 1 << 8  # a bit for them beside those of `Flag`
_OTHERS: Final = (Flag.ANSWERED | Flag.FLAGGED | Flag.DRAFT) | _KEYWORDS
_BY_RIGHT: Final = (
    (Right.KEEP_SEEN, int(Flag.SEEN)),
    (Right.DELETE_MESSAGE, int(Flag.DELETED)),
    (Right.WRITE_FLAGS, int(_OTHERS)),
)  # RFC 4314 §4: \Seen and \Deleted have rights of their own


def _allowed(given: str, asked: FlagChange) -> int:
    """The bits that somebody with these rights may change. Raises `NotPermitted` when all that is asked is others."""
    mask = sum(bits for right, bits in _BY_RIGHT if right in given)
    wanted = asked.flags | (_KEYWORDS if asked.keywords else 0)
    if asked.mode is Mode.REPLACE:
        wanted = sum(bits for _, bits in _BY_RIGHT)
    if wanted and not wanted & mask:
        raise NotPermitted
    return mask


def _mark(asked: FlagChange, mask: int) -> bool | None:
    """What becomes of a reader's own \\Seen; None: nothing."""
    if not mask & Flag.SEEN:
        return None
    if asked.mode is Mode.REPLACE:
        return bool(asked.flags & Flag.SEEN)
    return asked.mode is Mode.ADD if asked.flags & Flag.SEEN else None
