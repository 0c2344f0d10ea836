"""A selected mailbox as one session knows it: which messages there are, under which numbers, and what it has been told of.

RFC 9051 §2.3.1 (uids and sequence numbers), §5.2 (a client's view changes only by what it is told), RFC 7162 §3.2.10. Between two tellings the
mailbox goes on without the session (`store.mailboxes.views`), and a statement can ask at any time for what the session still counts: so nothing of a large
mailbox is held, and uids are read where numbers are asked for. Not here: what is said to the client.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.proto.imap.runs import Runs
from postroom.proto.imap.sets import Ranges, SequenceSet, intersection, joined, ranges_of
from postroom.serve.imap.conversation.context import Context
from postroom.serve.imap.conversation.watch import Told
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import views
from postroom.store.mailboxes.mailboxes import Mailbox
from postroom.store.mailboxes.messages import Message
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.mailboxes.views import Place, Then

SMALL: Final = 2_000  # uids that are read though fewer would do
GONE_AT_ONCE: Final = 2_000  # expunged messages, about, that are told before others have their turn
MAX_GAPS: Final = (
    100  # stretches of unread uids that are kept apart; where there are more, what lies between is read, too
)
MAX_OWN: Final = 10_000  # changes of its own that a session remembers in order not to be told of them


class Gap(msgspec.Struct):
    """Messages whose uids have not been read: how many lie from uid `first` to `last`."""

    first: int
    last: int
    count: int


class News(msgspec.Struct):
    """What a session had not been told of.

    `expunged` are uids, ascending, and `numbers` what they were until now: told from the last to the first they need no adjusting. `changed`:
    copies that are known and have other flags. `arrived`: uids from here on are new, 0 when none came; `appended` are those of them that the
    session itself put there. `modseq`: the mailbox as it was looked at. `more`: there is more to tell, after this.
    """

    expunged: list[int]
    numbers: list[int]
    changed: list[Message]
    arrived: int
    appended: frozenset[int]
    modseq: int
    more: bool = False


class View:
    """One session's view. `recent_from`: uids from here on are \\Recent in this session. `saved`: the result that `$` stands for."""

    def __init__(self, ref: MailboxRef, name: str, mailbox: Mailbox, *, read_only: bool) -> None:
        """`mailbox` as it is now; the view begins with it."""
        self.ref = ref
        self.name = name
        self.read_only = read_only
        self.ahead = False  # whether it may count on something that its client was not told
        self.uidvalidity = mailbox.uidvalidity
        self.uidnext = mailbox.uidnext
        self.total = 0
        self.gone_modseq = mailbox.highestmodseq  # expunges up to here were told
        self.changed_modseq = mailbox.highestmodseq  # changes of flags up to here were told
        self.floor = mailbox.vanished_floor  # what vanished before lies before the view
        self.recent_from = mailbox.uidnext
        self.saved: Ranges = []
        self.keywords: set[str] = set()  # those that the client was told of
        self.contexts: dict[bytes, Context] = {}  # results that are kept up to date, by tag
        self._appended: set[int] = set()  # messages that this session put here, and that were not told yet
        self._own: set[int] = set()
        self._looked_at: Place | None = None  # among the changes of flags, while only some were told
        self._known = Runs()
        self._gaps: list[Gap] = []
        self._begin(1, mailbox.uidnext - 1, mailbox.n_total)

    # ----------------------------------------------------------------------------------------------------- numbers and uids

    async def uids(self, tx: Transaction, wanted: SequenceSet, *, by_uid: bool) -> Ranges:
        """The uids that a set stands for, as ranges; between them may be uids that are no messages.

        Raises IndexError for a sequence number that there is not.
        """
        if wanted.saved:
            return self.saved
        if by_uid:
            last = await self.uid_at(tx, self.total) if self.total else 0
            return intersection(wanted.resolve(last), [(1, self.uidnext - 1)])
        found: Ranges = []
        for first, last in wanted.resolve(self.total):
            if last > self.total or not self.total:
                raise IndexError(last)
            found.append((await self.uid_at(tx, first), await self.uid_at(tx, last)))
        return joined(found)

    async def read(self, tx: Transaction, ranges: Ranges) -> None:
        """Reads so much that `number` and `present` answer for the uids in these ranges."""
        for first, last in ranges:
            for gap in [gap for gap in self._gaps if gap.first <= last and gap.last >= first]:
                await self._open(tx, gap, first, last)

    def number(self, uid: int) -> int:
        """The sequence number of a message that was read; 0 when the session does not know it."""
        if uid not in self._known:
            return 0
        number = self._known.rank(uid)
        return number + sum(gap.count for gap in self._gaps if gap.last < uid) if self._gaps else number

    def present(self, ranges: Ranges) -> Ranges:
        """What of these uids, which were read, are messages of the view."""
        return joined(run for first, last in ranges for run in self._known.within(first, last))

    async def uid_at(self, tx: Transaction, number: int) -> int:
        """The uid of the message with this number, from 1 to `total`."""
        while True:
            gap, offset = self._place(number)
            if gap is None:
                return self._known.at(offset)
            await self._approach(tx, gap, offset)

    # ------------------------------------------------------------------------------------------------------------------ news

    def own(self, modseq: int) -> None:
        """The session itself made this change of flags, and has told what there was to tell."""
        if len(self._own) < MAX_OWN:
            self._own.add(modseq)

    def put_here(self, uids: Iterable[int]) -> None:
        """The session itself brought these messages, and knows them (RFC 5465 §5.2)."""
        if len(self._appended) < MAX_OWN:
            self._appended.update(uids)

    def is_outdated(self, mailbox: Mailbox) -> bool:
        """Whether expunges that were not told are forgotten: the floor has risen above them. In a restored mailbox it is high from the beginning."""
        return self.floor < mailbox.vanished_floor and self.gone_modseq < mailbox.vanished_floor

    def is_told(self, mailbox: Mailbox, told: Told) -> bool:
        """Whether there is nothing new of what may be told."""
        modseq = mailbox.highestmodseq
        return (
            (not told.expunges or self.gone_modseq == modseq)
            and (not told.flags or self.changed_modseq == modseq)
            and (not told.arrivals or self.uidnext == mailbox.uidnext)
            and all(context.modseq == modseq for context in self.contexts.values())
        )

    async def news(self, tx: Transaction, mailbox: Mailbox, told: Told) -> News:
        """What is new and may be told, which counts as told from now on. `tx` is a snapshot, and `mailbox` was read in it.

        What is not told, messages that have gone among it (RFC 9051 §7.5.1), is counted on as it was.
        """
        self.ahead = True
        expunged, numbers, more = await self._take_expunged(tx, mailbox) if told.expunges else ([], [], False)
        if more:
            return News(expunged, numbers, [], 0, frozenset(), self.gone_modseq, more=True)
        changed, more = await self._take_changed(tx, mailbox) if told.flags else ([], False)
        if more:
            return News(expunged, numbers, changed, 0, frozenset(), self.changed_modseq, more=True)
        arrived = self.uidnext if told.arrivals and mailbox.uidnext > self.uidnext else 0
        appended: frozenset[int] = frozenset()
        if arrived:
            count = await views.count(tx, self._then, arrived, mailbox.uidnext - 1)
            self._begin(arrived, mailbox.uidnext - 1, count)
            self.uidnext = mailbox.uidnext
            arrived = arrived if count else 0
            appended = frozenset(uid for uid in self._appended if uid < self.uidnext)
            self._appended -= appended
        return News(expunged, numbers, changed, arrived, appended, mailbox.highestmodseq)

    async def _take_changed(self, tx: Transaction, mailbox: Mailbox) -> tuple[list[Message], bool]:
        """Some of the copies with other flags than the session knows, and whether there may be more."""
        after = self._looked_at or views.behind(self.changed_modseq)
        rows = await views.changed(tx, self.ref, after)
        changed = [row for row in rows if row.uid < self.uidnext and row.modseq not in self._own]
        await self.read(tx, ranges_of(sorted(row.uid for row in changed)))
        if len(rows) == views.CHANGED_AT_ONCE:
            self._looked_at = Place(rows[-1].modseq, rows[-1].uid)
            self.changed_modseq = rows[-1].modseq - 1
            return changed, True
        self._looked_at, self.changed_modseq = None, mailbox.highestmodseq
        self._own.clear()
        return changed, False

    async def _take_expunged(self, tx: Transaction, mailbox: Mailbox) -> tuple[list[int], list[int], bool]:
        """Uids that have gone, ascending, and what their numbers were; the view is without them then. And whether there are more."""
        rows, more = await views.gone(tx, self._then, GONE_AT_ONCE)
        expunged = sorted({uid for _, uid in rows if uid < self.uidnext})
        await self.read(tx, ranges_of(expunged))
        expunged = [uid for uid in expunged if uid in self._known]
        numbers = [self.number(uid) for uid in expunged]
        self._known.remove(expunged)
        self.total -= len(expunged)
        self.gone_modseq = rows[-1][0] if more else mailbox.highestmodseq
        return expunged, numbers, more

    # -------------------------------------------------------------------------------------------------- what was not read yet

    @property
    def _then(self) -> Then:
        return Then(self.ref, self.gone_modseq)

    def _begin(self, first: int, last: int, count: int) -> None:
        """Messages above all others: `count` of them from uid `first` to `last`."""
        self.total += count
        if count == last - first + 1:
            if count:
                self._known.append(first, last)
        elif count:
            self._gaps.append(Gap(first, last, count))

    def _place(self, number: int) -> tuple[Gap | None, int]:
        """The gap in which a number lies and its place there, or None and its place among what is known."""
        before = 0
        for gap in self._gaps:
            start = self._known.rank(gap.first - 1) + before
            if number <= start:
                break
            if number <= start + gap.count:
                return gap, number - start
            before += gap.count
        return None, number - before

    async def _approach(self, tx: Transaction, gap: Gap, offset: int) -> None:
        """Reads a slice of a gap from the end that is nearer to its `offset`-th message."""
        down = offset > gap.count // 2
        wanted = gap.count - offset + 1 if down else offset
        limit = min(max(wanted, SMALL), views.SLICE)
        found = await views.uids(tx, self._then, (gap.first, gap.last), limit=limit, down=down)
        if len(found) < limit:
            self._fill(gap, found, gap.first, gap.last)
        elif down:
            self._fill(gap, found, found[0], gap.last)
        else:
            self._fill(gap, found, gap.first, found[-1])

    async def _open(self, tx: Transaction, gap: Gap, first: int, last: int) -> None:
        """Reads what lies in a gap from uid `first` to `last`, and counts what lies before, unless there are too many gaps already."""
        if gap.count > SMALL and first > gap.first and len(self._gaps) < MAX_GAPS:
            below = await views.count(tx, self._then, gap.first, first - 1)
            rest = Gap(first, gap.last, gap.count - below)
            self._replace(gap, [Gap(gap.first, first - 1, below), rest])
            gap = rest
        end = min(last, gap.last) if gap.count > SMALL else gap.last
        while gap.count and gap.first <= end:
            found = await views.uids(tx, self._then, (gap.first, end))
            at = found[-1] if len(found) == views.SLICE else end
            rest = Gap(at + 1, gap.last, gap.count - len(found))
            self._replace(gap, [rest])
            self._known.add(ranges_of(found))
            gap = rest

    def _fill(self, gap: Gap, found: list[int], first: int, last: int) -> None:
        """The uids of a gap from `first` to `last` have been read; one end of them is an end of the gap."""
        left = gap.count - len(found)
        self._known.add(ranges_of(found))
        self._replace(gap, [Gap(gap.first, first - 1, left), Gap(last + 1, gap.last, left)])

    def _replace(self, gap: Gap, rest: list[Gap]) -> None:
        at = self._gaps.index(gap)
        self._gaps[at : at + 1] = [one for one in rest if one.count > 0 and one.first <= one.last]
