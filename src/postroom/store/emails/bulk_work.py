"""One change to many emails within one transaction: mailboxes that they come into and leave, keywords that they get and lose, or their end.

Emails that are alike go through the store's functions together (`copying`, `expunge`, `flagging`), which check rights and keep the counts. What comes back says
how to undo it. RFC 8621 §4.1.1: an email is its copies, and always in a mailbox. Not here: how a change of a hundred thousand is cut (`bulk_changes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from postroom.store.changes import Change
from postroom.store.emails import copying, emails, expunge
from postroom.store.emails.emails import KEYWORDS, Copy, Reader
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.messages import ranges_of
from postroom.store.mailboxes.rights import MailboxRef

FLAG_OF: Final = {name: flag for flag, name in KEYWORDS.items()}
LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"


class Work(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done with `emails`. `remove` None: out of all mailboxes but those of `add`. `expects`: those that are not in all of these are passed over."""

    emails: tuple[int, ...]
    add: tuple[int, ...] = ()
    remove: tuple[int, ...] | None = ()
    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    expects: tuple[int, ...] = ()
    destroy: bool = False


class Worked(msgspec.Struct):
    """What came of it: how it is undone, the emails that were changed, and what sessions are to hear."""

    undo: list[Work]
    touched: set[int]
    changes: list[Change]


class Place(msgspec.Struct, frozen=True):
    """What emails have in common that go the same way: the mailbox of the copy that goes or is copied, and the mailboxes they come into and leave."""

    source: int
    coming: tuple[int, ...]
    leaving: tuple[int, ...]


async def perform(tx: Transaction, account_id: int, works: Iterable[Work], now: int) -> Worked:
    """Does it all. Raises `NoSuchMailbox`, `NotPermitted`, `OverQuota`, and then nothing may be committed."""
    await tx.fetch(LOCK, account_id)
    acting = _Acting(tx, account_id, now)
    for work in works:
        if work.destroy:
            await acting.destroy(work)
        else:
            await acting.place(work)
            await acting.mark(work)
    return acting.worked


class _Acting:
    """One transaction's doing."""

    def __init__(self, tx: Transaction, account_id: int, now: int) -> None:
        self._tx = tx
        self._account_id = account_id
        self._now = now
        self.worked = Worked([], set(), [])

    async def destroy(self, work: Work) -> None:
        """Every copy goes."""
        found = await self._copies(work)
        for mailbox_id, uids in _by_mailbox(found.values()).items():
            self.worked.changes.append(
                await expunge.expunge(self._tx, self._ref(mailbox_id), ranges_of(uids), self._now)
            )
        self.worked.touched.update(found)

    async def place(self, work: Work) -> None:
        """Copies come and go."""
        if not work.add and work.remove == ():
            return
        groups: dict[Place, list[list[Copy]]] = {}
        for copies in (await self._copies(work)).values():
            way = _way(work, copies)
            if way is not None:
                groups.setdefault(way, []).append(copies)
        for way, alike in groups.items():
            await self._move(way, alike)
            email_ids = tuple(copies[0].email_id for copies in alike)
            self.worked.undo.append(Work(email_ids, way.leaving, way.coming, expects=way.coming))
            self.worked.touched.update(email_ids)

    async def _move(self, way: Place, alike: list[list[Copy]]) -> None:
        """The last mailbox that they come into takes what leaves the first, the others get copies of their own."""
        uids = _by_mailbox(alike)
        source, span = self._ref(way.source), ranges_of(uids[way.source])
        leaving = way.leaving
        moves = bool(way.coming) and way.source in leaving
        for box in way.coming[: -1 if moves else None]:
            self.worked.changes += (await copying.copy(self._tx, source, box, span, self._now)).changes
        if moves:
            target = way.coming[-1]
            self.worked.changes += (await copying.move(self._tx, source, target, span, self._now)).changes
            leaving = tuple(box for box in leaving if box != way.source)
        for box in leaving:
            gone = await expunge.expunge(self._tx, self._ref(box), ranges_of(uids[box]), self._now)
            self.worked.changes.append(gone)

    async def mark(self, work: Work) -> None:
        """Keywords come and go."""
        if not work.on and not work.off:
            return
        alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[list[Copy]]] = {}
        for copies in (await self._copies(work)).values():
            had = set(emails.keywords_of(copies))
            on = tuple(word for word in work.on if word not in had)
            off = tuple(word for word in work.off if word in had)
            if on or off:
                alike.setdefault((on, off), []).append(copies)
        for (on, off), found in alike.items():
            await self._store(Mode.ADD, on, found)
            await self._store(Mode.REMOVE, off, found)
            email_ids = tuple(copies[0].email_id for copies in found)
            self.worked.undo.append(Work(email_ids, on=off, off=on))
            self.worked.touched.update(email_ids)

    async def _store(self, mode: Mode, words: Sequence[str], found: list[list[Copy]]) -> None:
        if not words:
            return
        flags = sum(FLAG_OF.get(word, Flag(0)) for word in words)
        asked = FlagChange(mode, flags, tuple(word for word in words if word not in FLAG_OF))
        for mailbox_id, uids in _by_mailbox(found).items():
            done = await store_flags(self._tx, self._ref(mailbox_id), ranges_of(uids), asked)
            self.worked.changes.append(done.change)

    async def _copies(self, work: Work) -> dict[int, list[Copy]]:
        reader = Reader(self._account_id, self._account_id)
        found = await emails.copies(self._tx, reader, work.emails)
        if not work.expects:
            return found
        wanted = set(work.expects)
        return {number: copies for number, copies in found.items() if wanted <= _boxes(copies)}

    def _ref(self, mailbox_id: int) -> MailboxRef:
        return MailboxRef(self._account_id, mailbox_id, self._account_id)


def _way(work: Work, copies: Sequence[Copy]) -> Place | None:
    """None for an email that is where it is to be, or would be nowhere."""
    there = _boxes(copies)
    coming = tuple(box for box in work.add if box not in there)
    unwanted = there.difference(work.add) if work.remove is None else there.intersection(work.remove)
    leaving = tuple(sorted(unwanted))
    if not (coming or leaving) or (len(leaving) == len(there) and not coming):
        return None
    return Place(leaving[0] if leaving else min(there), coming, leaving)


def _boxes(copies: Iterable[Copy]) -> set[int]:
    return {copy.mailbox_id for copy in copies}


def _by_mailbox(found: Iterable[Sequence[Copy]]) -> dict[int, list[int]]:
    uids: dict[int, list[int]] = {}
    for copies in found:
        for copy in copies:
            uids.setdefault(copy.mailbox_id, []).append(copy.uid)
    return uids
