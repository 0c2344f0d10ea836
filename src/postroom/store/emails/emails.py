"""Emails as JMAP has them: one message with all its copies in an account, and what changed of them since a state.

RFC 8621 §4.1.1: an Email is in the mailboxes of its copies; a copy with \\Deleted does not exist; its keywords are those of its copies together, but it
is $seen only where all are. A reader of somebody else's account sees the copies in mailboxes that he may read, with a \\Seen of his own. Not here:
changing anything (`flagging`, `copying`, `expunge`, `delivery`), properties (`serve.jmap`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes.flags import Flag, split_keywords
from postroom.store.mailboxes.messages import Email

MOST_CHANGES: Final = 20_000  # rows of copies that one look at changes reads

# RFC 8621 §4.1.1: the system flags as keywords; \Deleted has none.
KEYWORDS: Final[Mapping[Flag, str]] = {
    Flag.SEEN: "$seen",
    Flag.ANSWERED: "$answered",
    Flag.FLAGGED: "$flagged",
    Flag.DRAFT: "$draft",
}

_COMBINATIONS: Final = 32  # as many values as the system flags have together
# The keywords but $seen of each of them.
_OF_FLAGS: Final = tuple(
    tuple(name for flag, name in KEYWORDS.items() if bits & flag and flag is not Flag.SEEN)
    for bits in range(_COMBINATIONS)
)
_SEEN_BIT: Final = Flag.SEEN.value  # an IntFlag's operators take their time

_COPY: Final = "m.email_id, m.thread_id, m.mailbox_id, m.uid, m.modseq, m.flags, m.keywords, m.internaldate, m.savedate, m.size"
COPIES: Final = (
    f"SELECT {_COPY} FROM emails e JOIN messages m ON m.account_id = e.account_id AND m.thread_id = e.thread_id"  # noqa: S608
    f" AND m.email_id = e.email_id WHERE e.account_id = $1 AND e.email_id IN ({placeholders(CHUNK, 2)}) AND (m.flags & 8) = 0"
)
CONTENTS: Final = (
    "SELECT email_id, thread_id, blob_id, size, summary FROM emails WHERE account_id = $1"  # noqa: S608 -- placeholders
    f" AND email_id IN ({placeholders(CHUNK, 2)})"
)
# All copies, those that are \Deleted too.
EVERY_COPY: Final = (
    "SELECT m.email_id, m.mailbox_id, m.uid, m.modseq, m.flags FROM emails e"  # noqa: S608 -- placeholders
    " JOIN messages m ON m.account_id = e.account_id AND m.thread_id = e.thread_id AND m.email_id = e.email_id"
    f" WHERE e.account_id = $1 AND e.email_id IN ({placeholders(CHUNK, 2)})"
)
# The last one behind a uid in a mailbox that was there at a modseq, and has not changed since.
LAST_UNCHANGED: Final = """
SELECT uid FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid > $3 AND modseq <= $4 ORDER BY uid DESC LIMIT 1
"""
THREADS: Final = f"SELECT {_COPY} FROM messages m WHERE m.account_id = $1 AND m.thread_id IN ({placeholders(CHUNK, 2)}) AND (m.flags & 8) = 0"  # noqa: S608
SEEN: Final = (
    "SELECT mailbox_id, uid FROM seen WHERE account_id = $1 AND reader_id = $2 AND mailbox_id = $3"  # noqa: S608
    f" AND uid IN ({placeholders(CHUNK, 4)})"
)
CREATED: Final = f"SELECT email_id, created_modseq, thread_id FROM emails WHERE account_id = $1 AND email_id IN ({placeholders(CHUNK, 2)})"  # noqa: S608
CHANGES: Final = """
SELECT modseq, email_id FROM messages WHERE account_id = $1 AND modseq >= $2 AND (modseq > $2 OR email_id > $3)
UNION ALL
SELECT modseq, email_id FROM vanished WHERE account_id = $1 AND modseq >= $2 AND (modseq > $2 OR email_id > $3)
ORDER BY 1, 2 LIMIT $4
"""
# Emails with a change in one piece, from ($2, $3) to ($4, $5), of which a copy vanished behind it.
LATER: Final = """
SELECT DISTINCT email_id FROM vanished WHERE account_id = $1 AND modseq >= $4 AND (modseq > $4 OR email_id > $5) AND email_id IN (
  SELECT email_id FROM messages WHERE account_id = $1 AND modseq >= $2 AND modseq <= $4
    AND (modseq > $2 OR email_id > $3) AND (modseq < $4 OR email_id <= $5)
  UNION ALL SELECT email_id FROM vanished WHERE account_id = $1 AND modseq >= $2 AND modseq <= $4
    AND (modseq > $2 OR email_id > $3) AND (modseq < $4 OR email_id <= $5))
"""
THREADS_OF: Final = (
    f"SELECT email_id, thread_id FROM emails WHERE account_id = $1 AND email_id IN ({placeholders(CHUNK, 2)})"  # noqa: S608
)
GONE_THREADS: Final = f"SELECT email_id, thread_id FROM vanished WHERE account_id = $1 AND modseq > $2 AND email_id IN ({placeholders(CHUNK, 3)})"  # noqa: S608
LEFT: Final = """
SELECT email_id, mailbox_id FROM vanished WHERE account_id = $1 AND modseq > $2 ORDER BY modseq DESC LIMIT $3
"""
SOME_THREADS: Final = """
SELECT DISTINCT thread_id FROM messages WHERE account_id = $1 AND (flags & 8) = 0 ORDER BY thread_id DESC LIMIT $2
"""
NEWEST: Final = """
SELECT COALESCE(MAX(modseq), 0) FROM (
  SELECT MAX(modseq) AS modseq FROM messages WHERE account_id = $1
  UNION ALL SELECT MAX(modseq) AS modseq FROM vanished WHERE account_id = $1) AS newest
"""
# The plus signs keep SQLite from walking the whole account in the order of mailboxes.
DELIVERED: Final = """
SELECT +m.mailbox_id, MAX(e.created_modseq) FROM messages m
JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
WHERE m.account_id = $1 AND m.modseq > $2 AND e.created_modseq > $2 GROUP BY +m.mailbox_id
"""


class Reader(msgspec.Struct, frozen=True):
    """Who looks at an account. `mailboxes`: those that he may read, None for the owner, who may read all."""

    account_id: int
    who: int
    mailboxes: Collection[int] | None = None


class Copy(msgspec.Struct, frozen=True):
    """A copy that the reader sees; dates are unix microseconds."""

    email_id: int
    thread_id: int
    mailbox_id: int
    uid: int
    modseq: int
    flags: int
    keywords: str
    internaldate: int
    savedate: int
    size: int


class EmailChange(msgspec.Struct, frozen=True):
    """An email that changed; `created` is the modseq of its making, -1 when that is not known any more. `gone`: the reader sees no copy of it."""

    modseq: int
    email_id: int
    created: int
    gone: bool


async def copies(tx: Transaction, reader: Reader, email_ids: Iterable[int]) -> dict[int, list[Copy]]:
    """The copies of emails by email; emails of which the reader sees none are not among them."""
    rows: list[Row] = []
    for chunk in chunks(email_ids):
        rows += await tx.fetch(COPIES, reader.account_id, *chunk)
    return _by(await _visible(tx, reader, rows), lambda copy: copy.email_id)


async def contents(tx: Transaction, account_id: int, email_ids: Iterable[int]) -> dict[int, Email]:
    """What the copies of emails share, by email; who may see them has been looked at."""
    found: dict[int, Email] = {}
    for chunk in chunks(email_ids):
        found.update((row[0], Email(*row)) for row in await tx.fetch(CONTENTS, account_id, *chunk))
    return found


async def in_threads(tx: Transaction, reader: Reader, thread_ids: Iterable[int]) -> dict[int, list[Copy]]:
    """The copies of all emails of threads, by thread."""
    rows: list[Row] = []
    for chunk in chunks(thread_ids):
        rows += await tx.fetch(THREADS, reader.account_id, *chunk)
    return _by(await _visible(tx, reader, rows), lambda copy: copy.thread_id)


async def newest(tx: Transaction, account_id: int) -> int:
    """The modseq of the newest change of a copy; 0 where there never was one."""
    row = await tx.fetchrow(NEWEST, account_id)
    return int(row[0]) if row is not None else 0


async def delivered(tx: Transaction, account_id: int, since: int) -> dict[int, int]:
    """Of emails that were made after the modseq `since` and are there: the newest making, by mailbox."""
    return {row[0]: int(row[1]) for row in await tx.fetch(DELIVERED, account_id, since)}


async def changes(
    tx: Transaction, reader: Reader, since: tuple[int, int], limit: int
) -> tuple[list[EmailChange], tuple[int, int] | None]:
    """Emails that changed after (modseq, email id), each once, at its latest change, in this order; at most `limit`.

    And where to go on, None at the end. An email that changed again behind what was looked at is left for the next time.
    """
    asked = min(MOST_CHANGES, max(4 * limit, 1_000))
    rows = await tx.fetch(CHANGES, reader.account_id, *since, asked)
    latest = {email_id: modseq for modseq, email_id in rows}
    at = (rows[-1][0], rows[-1][1]) if len(rows) >= asked else None
    if at is not None:
        latest = await _settled(tx, reader.account_id, latest, (since, at))
    ordered = sorted((modseq, email_id) for email_id, modseq in latest.items())
    if len(ordered) > limit:
        ordered = ordered[:limit]
        at = ordered[-1]
    return await _changed(tx, reader, ordered), at


async def made(tx: Transaction, account_id: int, email_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """(modseq of its making, thread id) of emails that are there."""
    found = {}
    for chunk in chunks(email_ids):
        for email_id, created, thread_id in await tx.fetch(CREATED, account_id, *chunk):
            found[email_id] = (created, thread_id)
    return found


async def entered(tx: Transaction, reader: Reader, email_ids: Collection[int], since: int) -> dict[int, int]:
    """Of emails: when (modseq) they came into the reader's sight after `since`, out of a mailbox that he does not see. The newest moves alone are
    looked at, so that a long absence costs no more than others' changes. One that is in such a mailbox, too, may be taken for new when it has changed."""
    if reader.mailboxes is None or not email_ids:
        return {}
    hidden: set[int] = set()
    seen: dict[int, list[Row]] = {}
    for row in await _every_copy(tx, reader.account_id, email_ids):
        if row[1] not in reader.mailboxes:
            hidden.add(row[0])
        elif not row[4] & Flag.DELETED:
            seen.setdefault(row[0], []).append(row)
    new = {key: found for key, found in seen.items() if all(row[3] > since for row in found)}
    if new:
        left = await tx.fetch(LEFT, reader.account_id, since, MOST_CHANGES)
        hidden.update(email_id for email_id, mailbox_id in left if mailbox_id not in reader.mailboxes)
    new = {key: found for key, found in new.items() if key in hidden}
    first: dict[int, int] = {}
    for _, mailbox_id, uid, *_ in chain.from_iterable(new.values()):
        first[mailbox_id] = min(uid, first.get(mailbox_id, uid))
    old: dict[int, int] = {}  # by mailbox, the uid up to which all were there before
    for mailbox_id, uid in sorted(first.items()):
        last = await tx.fetchrow(LAST_UNCHANGED, reader.account_id, mailbox_id, uid, since)
        old[mailbox_id] = last[0] if last is not None else 0
    return {
        email_id: min(row[3] for row in found)
        for email_id, found in new.items()
        if all(row[2] > old[row[1]] for row in found)
    }


async def threads_of(
    tx: Transaction, account_id: int, email_ids: Iterable[int], since: int = 0
) -> dict[int, int]:
    """The threads of emails by email, of those too that went after the modseq `since`."""
    found: dict[int, int] = {}
    for chunk in chunks(email_ids):
        found.update((row[0], row[1]) for row in await tx.fetch(THREADS_OF, account_id, *chunk))
        if not found.keys() >= set(chunk):
            found.update((row[0], row[1]) for row in await tx.fetch(GONE_THREADS, account_id, since, *chunk))
    return found


async def some_threads(tx: Transaction, reader: Reader, most: int) -> list[int]:
    """The newest threads, at most `most`."""
    return [row[0] for row in await tx.fetch(SOME_THREADS, reader.account_id, most)]


def keywords_of(found: Sequence[Copy]) -> list[str]:
    """The keywords of an email with these copies, sorted."""
    names: set[str] = set()
    seen = True
    for copy in found:
        if copy.keywords:
            names.update(split_keywords(copy.keywords))
        names.update(_OF_FLAGS[copy.flags & _COMBINATIONS - 1])
        seen = seen and bool(copy.flags & _SEEN_BIT)
    if seen and found:
        names.add(KEYWORDS[Flag.SEEN])
    return sorted(names)


async def _settled(
    tx: Transaction, account_id: int, latest: dict[int, int], piece: tuple[tuple[int, int], tuple[int, int]]
) -> dict[int, int]:
    """Those of the emails with a change in a piece whose latest change is not behind it."""
    since, last = piece
    later: set[int] = {row[0] for row in await tx.fetch(LATER, account_id, *since, *last)}
    every = await _every_copy(tx, account_id, latest)
    later.update(email_id for email_id, _, _, modseq, _ in every if (modseq, email_id) > last)
    return {email_id: modseq for email_id, modseq in latest.items() if email_id not in later}


async def _changed(tx: Transaction, reader: Reader, part: Sequence[tuple[int, int]]) -> list[EmailChange]:
    email_ids = [email_id for _, email_id in part]
    there = await copies(tx, reader, email_ids)
    created = {key: one[0] for key, one in (await made(tx, reader.account_id, email_ids)).items()}
    for row in await _every_copy(tx, reader.account_id, created.keys() - there.keys()):
        if reader.mailboxes is None or row[1] in reader.mailboxes:
            created[row[0]] = -1  # \Deleted; it may have been so before, and there again between
    return [
        EmailChange(modseq, email_id, created.get(email_id, -1), email_id not in there)
        for modseq, email_id in part
    ]


async def _every_copy(tx: Transaction, account_id: int, email_ids: Iterable[int]) -> list[Row]:
    rows: list[Row] = []
    for chunk in chunks(email_ids):
        rows += await tx.fetch(EVERY_COPY, account_id, *chunk)
    return rows


async def _visible(tx: Transaction, reader: Reader, rows: Sequence[Row]) -> list[Copy]:
    """What the reader sees of these copies, with his \\Seen."""
    found = [Copy(*row) for row in rows]
    if reader.mailboxes is not None:
        found = [copy for copy in found if copy.mailbox_id in reader.mailboxes]
    if reader.who in (0, reader.account_id):
        return found
    seen = await _seen(tx, reader, found)
    return [
        msgspec.structs.replace(copy, flags=copy.flags & ~Flag.SEEN | ((copy.mailbox_id, copy.uid) in seen))
        for copy in found
    ]


async def _seen(tx: Transaction, reader: Reader, found: Sequence[Copy]) -> set[tuple[int, int]]:
    by_mailbox: dict[int, list[int]] = {}
    for copy in found:
        by_mailbox.setdefault(copy.mailbox_id, []).append(copy.uid)
    seen: set[tuple[int, int]] = set()
    for mailbox_id, uids in by_mailbox.items():
        for chunk in chunks(uids):
            rows = await tx.fetch(SEEN, reader.account_id, reader.who, mailbox_id, *chunk)
            seen.update((row[0], row[1]) for row in rows)
    return seen


def _by(found: Sequence[Copy], key: Callable[[Copy], int]) -> dict[int, list[Copy]]:
    grouped: dict[int, list[Copy]] = {}
    for copy in found:
        grouped.setdefault(key(copy), []).append(copy)
    return grouped
