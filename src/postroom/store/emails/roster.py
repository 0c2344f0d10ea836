"""The emails of an account in the order in which they came, kept in memory and up with the account's changes: what lists and queries look at.

RFC 8621 §4.4. The first look reads the narrow rows of the account in slices; later ones only what changed since. So a list of a hundred thousand
emails is filtered, sorted, counted and cut at any place without reading it again. Not here: words of messages, filters, sorts (`serve.jmap`).
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable
from itertools import chain
from typing import Final, NamedTuple

from postroom.store.emails import emails
from postroom.store.emails.emails import Copy, Reader, keywords_of
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes.flags import Flag, split_keywords
from postroom.store.turns import Turns

THREADS_AT_ONCE: Final = 1_000  # that are counted between two turns of others
SLICE: Final = 1_000  # copies in one statement: some milliseconds with what is made of them
MOST_ROSTERS: Final = 100  # accounts, as one reader sees each, that are remembered
MOST_ENTRIES: Final = 1_000_000  # emails that are remembered of all of them together
MOST_CHANGES: Final = 5_000  # emails that are brought up to date one by one; of more the roster is read anew

_READ: Final = frozenset((emails.KEYWORDS[Flag.SEEN], emails.KEYWORDS[Flag.DRAFT]))

MAILBOXES: Final = (
    "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 AND n_total > 0 ORDER BY mailbox_id"
)
ROWS: Final = """
SELECT uid, email_id, thread_id, internaldate, size, flags, keywords FROM messages
WHERE account_id = $1 AND mailbox_id = $2 AND uid > $3 ORDER BY uid LIMIT $4
"""
SEEN: Final = """
SELECT uid FROM seen WHERE account_id = $1 AND mailbox_id = $2 AND reader_id = $3 AND uid > $4 AND uid <= $5
"""
STATE: Final = "SELECT modseq, vanished_floor FROM accounts WHERE account_id = $1"


class Entry(NamedTuple):
    """An email. In the order of tuples the older comes first; `received` in unix microseconds, `keywords` sorted."""

    received: int
    email_id: int
    thread_id: int
    size: int
    mailboxes: tuple[int, ...]
    keywords: tuple[str, ...]


class Counts(NamedTuple):
    """What is in a mailbox, RFC 8621 §2; an unread thread has an email there, and an unread one anywhere."""

    emails: int = 0
    unread_emails: int = 0
    threads: int = 0
    unread_threads: int = 0


_NONE: Final = Counts()


class Roster:
    """All emails of an account that one of its readers sees. `modseq`: what it is up to; `order`: entries, oldest first."""

    def __init__(self, modseq: int) -> None:
        self.modseq = modseq
        self._counts: dict[int, Counts] | None = None
        self._trash: int | None = None
        self._uncounted: set[int] = set()  # threads that changed: not in `_counts` until they are asked for
        self.order: list[Entry] = []
        self.by_id: dict[int, Entry] = {}
        self.threads: dict[int, list[int]] = {}

    def put(self, entry: Entry) -> None:
        """An email as it is now."""
        self.drop(entry.email_id)
        self._uncount(entry.thread_id)
        self.by_id[entry.email_id] = entry
        insort(self.order, entry)
        self.threads.setdefault(entry.thread_id, []).append(entry.email_id)

    def drop(self, email_id: int) -> None:
        """An email that is gone; one that is not there is passed over."""
        entry = self.by_id.pop(email_id, None)
        if entry is not None:
            self._uncount(entry.thread_id, entry)
            del self.order[bisect_left(self.order, entry)]
            thread = self.threads[entry.thread_id]
            thread.remove(email_id)
            if not thread:
                del self.threads[entry.thread_id]

    def fill(self, entries: Iterable[Entry]) -> None:
        """All entries at once."""
        self.order = sorted(entries)
        self.by_id = {entry.email_id: entry for entry in self.order}
        for entry in self.order:
            self.threads.setdefault(entry.thread_id, []).append(entry.email_id)

    async def counts(self, trash: int | None) -> dict[int, Counts]:
        """What is in each mailbox; `trash` is the one whose emails count apart (RFC 8621 §2, unreadThreads)."""
        if self._counts is None or trash != self._trash:
            self._counts, self._trash, self._uncounted = {}, trash, set(self.threads)
        while self._uncounted:
            some = [self._uncounted.pop() for _ in range(min(len(self._uncounted), THREADS_AT_ONCE))]
            self._count(chain.from_iterable(map(self._of_thread, some)), 1)
            if self._uncounted:
                await asyncio.sleep(0)
        return self._counts

    def _uncount(self, thread_id: int, going: Entry | None = None) -> None:
        """Takes a thread out of the counts before it changes; `going` is already out of `by_id`."""
        if self._counts is not None and thread_id not in self._uncounted:
            self._uncounted.add(thread_id)
            self._count([*self._of_thread(thread_id), *(() if going is None else (going,))], -1)

    def _of_thread(self, thread_id: int) -> list[Entry]:
        by_id = self.by_id
        return [by_id[one] for one in self.threads.get(thread_id, ()) if one in by_id]

    def _count(self, thread: Iterable[Entry], sign: int) -> None:
        """All counts are sums over threads."""
        counts = self._counts
        if counts is None:
            return
        for box, part in _counted(thread, self._trash).items():
            total = Counts(*(a + sign * b for a, b in zip(counts.get(box, _NONE), part, strict=True)))
            if total.emails:
                counts[box] = total
            else:
                counts.pop(box, None)


def _counted(order: Iterable[Entry], trash: int | None) -> dict[int, Counts]:
    in_trash: set[int] = set()  # threads with an unread email there
    elsewhere: set[int] = set()
    boxes: dict[
        int, tuple[list[int], list[int]]
    ] = {}  # the threads of a mailbox's emails, and of its unread ones
    for entry in order:
        read = _READ.intersection(entry[5])
        for box in entry[4]:
            there = boxes.get(box)
            if there is None:
                there = boxes[box] = ([], [])
            there[0].append(entry[2])
            if not read:
                there[1].append(entry[2])
                (in_trash if box == trash else elsewhere).add(entry[2])
    return {
        box: Counts(
            len(every),
            len(unread),
            len(threads := set(every)),
            len(threads & (in_trash if box == trash else elsewhere)),
        )
        for box, (every, unread) in boxes.items()
    }


class Rosters:
    """The rosters that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Reader, Roster] = OrderedDict()
        self._turns = Turns[Reader]()

    async def look(self, tx: Transaction, reader: Reader) -> Roster:
        """The roster of an account for a reader, up to date."""
        async with self._turns.of(reader):
            roster = await self._current(tx, reader, self._kept.pop(reader, None))
            self._kept[reader] = roster
        self._forget()
        return roster

    async def _current(self, tx: Transaction, reader: Reader, roster: Roster | None) -> Roster:
        row = await tx.fetchrow(STATE, reader.account_id)
        modseq, floor = (row[0], row[1]) if row is not None else (0, 0)
        if roster is None or roster.modseq < floor or roster.modseq > modseq:
            return await _begin(tx, reader, modseq)
        if roster.modseq < modseq and not await _follow(tx, reader, roster, modseq):
            return await _begin(tx, reader, modseq)
        return roster

    def _forget(self) -> None:
        total = sum(len(roster.order) for roster in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > MOST_ROSTERS or total > MOST_ENTRIES):
            _, oldest = self._kept.popitem(last=False)
            total -= len(oldest.order)


async def _begin(tx: Transaction, reader: Reader, modseq: int) -> Roster:
    """Reads everything. What changes meanwhile has a higher modseq, and is found by the next look."""
    making = _Making()
    for (mailbox_id,) in await tx.fetch(MAILBOXES, reader.account_id):
        if reader.mailboxes is not None and mailbox_id not in reader.mailboxes:
            continue
        last = 0
        while rows := await tx.fetch(ROWS, reader.account_id, mailbox_id, last, SLICE):
            seen = await _seen(tx, reader, mailbox_id, (last, rows[-1][0]))
            making.add(mailbox_id, rows, seen)
            last = rows[-1][0]
            await asyncio.sleep(0)
            if len(rows) < SLICE:
                break
    roster = Roster(modseq)
    roster.fill(making.entries.values())
    return roster


async def _seen(tx: Transaction, reader: Reader, mailbox_id: int, span: tuple[int, int]) -> set[int] | None:
    """What a reader of another's account has seen there; None for the owner, whose \\Seen is in the rows."""
    if reader.who in (0, reader.account_id):
        return None
    return {row[0] for row in await tx.fetch(SEEN, reader.account_id, mailbox_id, reader.who, *span)}


class _Making:
    """Entries out of rows of copies. Equal tuples are one object, since most emails share theirs with many."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self._places: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._words: dict[tuple[int, str], tuple[str, ...]] = {}

    def add(self, mailbox_id: int, rows: Iterable[Row], seen: set[int] | None) -> None:
        """Copies in one mailbox."""
        alone = self._places.setdefault((mailbox_id,), (mailbox_id,))
        for uid, email_id, thread_id, received, size, flags, keywords in rows:
            if flags & 8:
                continue
            if seen is not None:
                flags = flags & ~1 | (uid in seen)
            words = self.words(flags, keywords)
            former = self.entries.get(email_id)
            if former is None:
                self.entries[email_id] = Entry(received, email_id, thread_id, size, alone, words)
            else:
                places = tuple(sorted({*former.mailboxes, mailbox_id}))
                self.entries[email_id] = former._replace(
                    received=min(received, former.received),
                    mailboxes=self._places.setdefault(places, places),
                    keywords=_together(former.keywords, words),
                )

    def words(self, flags: int, keywords: str) -> tuple[str, ...]:
        """The keywords of one copy."""
        found = self._words.get((flags, keywords))
        if found is None:
            names = {
                *split_keywords(keywords),
                *(name for flag, name in emails.KEYWORDS.items() if flags & flag),
            }
            found = self._words[flags, keywords] = tuple(sorted(names))
        return found


def _together(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """RFC 8621 §4.1.1: an email is $seen where all its copies are, and has every other keyword that one of them has."""
    seen = emails.KEYWORDS[Flag.SEEN]
    names = {*one, *other}
    if seen not in one or seen not in other:
        names.discard(seen)
    return tuple(sorted(names))


async def _follow(tx: Transaction, reader: Reader, roster: Roster, modseq: int) -> bool:
    """Brings a roster up to date; False when too much has changed for that."""
    at: tuple[int, int] | None = (roster.modseq, (1 << 63) - 1)
    touched: list[int] = []
    while at is not None:
        part, at = await emails.changes(tx, reader, at, SLICE)
        touched += [change.email_id for change in part]
        if len(touched) > MOST_CHANGES:
            return False
    there = await emails.copies(tx, reader, touched)
    for email_id in touched:
        if email_id in there:
            roster.put(_entry(there[email_id]))
        else:
            roster.drop(email_id)
    roster.modseq = modseq
    return True


def _entry(copies: list[Copy]) -> Entry:
    first = copies[0]
    return Entry(
        min(copy.internaldate for copy in copies),
        first.email_id,
        first.thread_id,
        first.size,
        tuple(sorted({copy.mailbox_id for copy in copies})),
        tuple(keywords_of(copies)),
    )
