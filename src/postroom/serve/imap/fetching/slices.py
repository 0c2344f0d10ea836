"""Messages are read in slices, rendered, and sent as the client takes them.

RFC 9051 §7.5.2. What needs no long octets is kept as it was rendered (`serve.imap.conversation.rendered`) and sent again while nothing has changed. Not here: the
attributes (`serve.imap.fetching.items`).
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Final

from postroom.message.summary.summary import summarize
from postroom.proto.imap.commands.fetching import FLAGS, Attribute
from postroom.proto.imap.sets import Ranges
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.conversation.rendered import Lines, Slice
from postroom.serve.imap.fetching.items import COLUMNS, SECTIONED, Found, Item, Need, item
from postroom.serve.imap.fetching.streaming import stream
from postroom.store.emails import fetching as stored
from postroom.store.engine.disk_errors import FileLost
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes import messages

SLICE: Final = 256  # messages that are read at once
AT_ONCE: Final = 262_144  # octets of messages that are in memory at once; a longer one is read in pieces
HEAD: Final = 16_384  # octets of a message that nearly always hold its header
GAP: Final = 16  # uids nobody asked for that are read rather than begin another slice
WINDOW: Final = 20_000  # uids that one statement walks over when it looks for modseqs
FEW: Final = 16  # messages: a slice of fewer is not worth keeping
TURN: Final = 8  # slices after which others have their turn, even when the client reads fast
LONG: Final = 16_384  # octets of a packed summary that is held with those of other messages
READING: Final = 4  # kept slices that take as long as one that is read

_uid = itemgetter(0)


class Plan:
    """What a command asks of each message. `told`: of those whose uids are `marked`. `since`: only above this modseq. `uid_only`: messages have no
    numbers, and UIDFETCH has their uids instead (RFC 9586 §3.3).
    """

    def __init__(
        self,
        attributes: tuple[Attribute, ...],
        told: tuple[Attribute, ...],
        marked: frozenset[int],
        since: int,
        *,
        uid_only: bool = False,
    ) -> None:
        self.attributes, self.marked, self.since, self.uid_only = attributes, marked, since, uid_only
        self.items: list[tuple[Attribute, Item]] = [(attribute, item(attribute)) for attribute in told]
        self.bare = self.items[: len(attributes)]
        self._lines = _line_of(self.items, uid_only=uid_only), _line_of(self.bare, uid_only=uid_only)
        self.need = max(row.need for _, row in self.items)
        self.summaries = any(row.need > Need.ROW and row.summary for _, row in self.items)
        self.kept = not marked and not since and all(row.kept for _, row in self.items)
        # where all that is told are columns of rows
        plain = not marked and all(attribute.name in COLUMNS for attribute in told)
        self.columns = [COLUMNS[attribute.name] for attribute in told] if plain else []
        labels = sum(len(attribute.label) for attribute in told)
        self.slice = max(1, min(SLICE, AT_ONCE // max(1, labels)))
        # what one message may have so that all its sections together are few enough octets
        sections = sum(attribute.name in SECTIONED for attribute in told)
        self.whole = AT_ONCE // max(1, sections)
        self.first = min(HEAD, self.whole) if self.need is Need.HEAD else self.whole

    def line(self, m: Found) -> bytes:
        """The response for a message. Raises `UnknownEncoding`."""
        line, renders = self._lines[m.uid not in self.marked]
        return line % (m.number, *[render(m) for render in renders])

    def table(self, numbers: Sequence[int], rows: Sequence[Row], recent: int) -> list[bytes]:
        """The responses for many messages of which nothing but rows is told, and all the same."""
        line, _ = self._lines[0]
        columns = [column(rows, recent) for column in self.columns]
        return [line % values for values in zip(numbers, *columns, strict=True)]

    def of(self, m: Found) -> list[tuple[Attribute, Item]]:
        """What is told of a message."""
        return self.items if m.uid in self.marked else self.bare


class Slices:
    """One command's way through the mailbox."""

    def __init__(self, conversation: Conversation, plan: Plan) -> None:
        self._conversation = conversation
        self._view = conversation.selected
        self._plan = plan
        self._lines: Lines | None = None
        self._modseq = 0  # that of the mailbox when the lines were asked for
        self._missing = 0
        self._lost: FileLost | None = None  # of a message that cannot be told
        self._turn = 0
        self._shows_recent = FLAGS in plan.attributes and not conversation.rev2

    async def run(self, ranges: Ranges) -> int:
        """Sends all responses; how many messages the session still counts that are gone. Raises `UnknownEncoding`, and at the end `FileLost`."""
        if self._plan.kept:
            self._lines = await self._conversation.snapshot(self._kept_lines)
        for group in _groups(ranges):
            at, last = group[0][0], group[-1][1]
            while at <= last:
                kept = self._kept(at, last) if self._lines is not None and len(group) == 1 else None
                if kept is not None:
                    self._conversation.out.send(kept.data)
                    at = kept.end + 1
                    await self._breathe()
                else:
                    at = await self._slice(at, group) + 1
                    await self._breathe(READING)
        if self._lost is not None:
            raise self._lost
        return self._missing

    async def _breathe(self, effort: int = 1) -> None:
        await self._conversation.drained()
        self._turn += effort
        if self._turn >= TURN:
            self._turn = 0
            await asyncio.sleep(0)

    # -------------------------------------------------------------------------------------------- what was rendered before

    async def _kept_lines(self, tx: Transaction) -> Lines | None:
        """Lines that are as the mailbox is; None when this session counts its messages in another way."""
        view, cache = self._view, self._conversation.service.rendered
        state = await stored.state(tx, view.ref)
        if view.gone_modseq != state.highestmodseq and await stored.any_gone(
            tx, view.ref, view.gone_modseq, view.uidnext
        ):
            return None
        size = sum(len(attribute.label) for attribute in self._plan.attributes)
        lines = cache.lines((view.ref, self._plan.attributes, self._plan.uid_only), size)
        if lines.modseq > state.highestmodseq:  # another session has seen what this one cannot see yet
            return None
        if lines.modseq != state.highestmodseq:
            changes = (
                await stored.changes_since(tx, view.ref, lines.modseq)
                if lines.slices and lines.modseq >= state.vanished_floor
                else None
            )
            if changes is None:
                cache.forget(lines)
            elif changes != ([], []):
                cache.forget(lines, *changes)
            lines.modseq = state.highestmodseq
        self._modseq = state.highestmodseq
        return lines

    def _kept(self, at: int, last: int) -> Slice | None:
        assert self._lines is not None
        kept = self._lines.slices.get(at)
        if kept is None or self._lines.modseq != self._modseq or kept.end > last:
            return None
        if not kept.full and kept.end != last:
            return None
        return kept if kept.recent == self._recent_in(at, kept.last) else None

    def _recent_in(self, first: int, last: int) -> int:
        """The first \\Recent uid of a slice as this session sees it, 0 when none is."""
        recent = self._view.recent_from
        return max(first, recent) if self._shows_recent and recent <= last else 0

    # --------------------------------------------------------------------------------------------------- what has to be read

    async def _slice(self, first: int, group: Ranges) -> int:
        """Reads and sends what begins at `first`; gives the uid at which it ends."""
        plan, view, last = self._plan, self._view, group[-1][1]
        if plan.since:
            last = min(last, first + WINDOW - 1)

        async def look(tx: Transaction) -> tuple[int, int, Sequence[Row]]:
            modseq = (await stored.state(tx, view.ref)).highestmodseq
            asked = stored.Asked((first, last), plan.slice, plan.since, plan.summaries)
            found = await stored.rows(tx, view.ref, asked)
            end = found[-1][0] if len(found) == plan.slice else last
            await view.read(tx, [(first, end)])
            return modseq, end, found

        modseq, end, rows = await self._conversation.snapshot(look)
        numbers, there = self._numbered(rows, _within(group, first, end))
        lines = self._lines
        keeping = lines is not None and len(group) == 1 and len(there) >= FEW
        data = await self._tell(numbers, there, keeping=keeping)
        if lines is not None and data is not None and lines.modseq == modseq == self._modseq:
            last_uid = there[-1][0]
            kept = Slice(end, len(rows) == plan.slice, last_uid, self._recent_in(first, last_uid), data)
            self._conversation.service.rendered.put(lines, first, kept)
        return end

    def _numbered(self, rows: Sequence[Row], ranges: Ranges) -> tuple[list[int], Sequence[Row]]:
        """The rows that the session asked for and knows, and their numbers."""
        view, plan = self._view, self._plan
        runs = view.present(ranges)
        numbers: list[int] = []
        found: list[Row] = []
        at = expected = 0
        for low, high in runs:
            expected += high - low + 1
            offset = 0 if plan.uid_only else view.number(low) - low
            while at < len(rows) and rows[at][0] < low:
                at += 1
            end = bisect_right(rows, high, at, key=_uid)
            numbers += [row[0] + offset for row in rows[at:end]]
            found += rows[at:end]
            at = end
        if not plan.since:
            self._missing += expected - len(found)
        return numbers, found

    async def _tell(self, numbers: Sequence[int], rows: Sequence[Row], *, keeping: bool) -> bytes | None:
        """Sends the responses; gives them when they are to be kept, and none of them was long."""
        recent = self._view.uidnext if self._conversation.rev2 else self._view.recent_from
        out, kept = self._conversation.out, list[bytes]()
        if self._plan.columns:
            data = b"".join(self._plan.table(numbers, rows, recent))
            out.send(data)
            return data if keeping else None
        found = [
            Found(number, row, recent=row[0] >= recent) for number, row in zip(numbers, rows, strict=True)
        ]
        for batch in self._batches(found):
            if self._plan.need >= Need.HEAD:
                await self._read(batch)
            lines: list[bytes] = []
            line, lacks = self._plan.line, self._lacks
            for m in batch:
                if not lacks(m) or await self._completed(m):
                    lines.append(line(m))
                    continue
                out.send(b"".join(lines))
                lines, keeping = [], False
                await self._tell_one(m)
                await self._breathe()
            data = b"".join(lines)
            out.send(data)
            if keeping:
                kept.append(data)
            if self._plan.need >= Need.HEAD:
                await self._breathe()
        return b"".join(kept) if keeping else None

    def _batches(self, found: Sequence[Found]) -> Iterable[Sequence[Found]]:
        """As many messages as may be in memory together: with CHANGEDSINCE others may lie between them, which would be read with them."""
        plan = self._plan
        if plan.need < Need.HEAD:
            yield found
            return
        batch: list[Found] = []
        octets = 0
        for m in found:
            size = min(m.size, plan.first)
            apart = plan.since and batch and m.uid > batch[-1].uid + GAP
            if batch and (apart or octets + size > plan.whole):
                yield batch
                batch, octets = [], 0
            batch.append(m)
            octets += size
        if batch:
            yield batch

    async def _read(self, batch: Sequence[Found]) -> None:
        plan, span = self._plan, (batch[0].uid, batch[-1].uid)
        largest = stored.HIGHEST if plan.need is Need.HEAD else plan.first
        found = await stored.octets(self._conversation.reading, self._view.ref, span, plan.first, largest)
        for m in batch:
            m.octets = found.get(m.uid)

    def _lacks(self, m: Found) -> bool:
        """Whether something of a message must be read that could not be read with the others."""
        plan = self._plan
        if plan.summaries and m.outdated:
            return True
        return plan.need >= Need.HEAD and (
            m.octets is None or (plan.need is Need.HEAD and not m.has_header())
        )

    async def _completed(self, m: Found) -> bool:
        """Reads what could not be read with the others, a long summary or a header that lies in a file; whether nothing lacks then."""
        store, account_id = self._conversation.store, self._view.ref.account_id
        if self._plan.need is Need.OCTETS:
            return False
        email = await messages.email(self._conversation.reading, account_id, m.email_id)
        if email is None or len(email.summary) > LONG:
            return False
        m.packed = email.summary
        if m.octets is None and self._plan.need is Need.HEAD:
            octets = await stored.octets_of(store, account_id, m.email_id)
            try:
                m.octets = (
                    None if octets is None else await octets.read(0, min(octets.size, self._plan.first))
                )
            except FileLost:
                return False
        return not self._lacks(m)

    async def _tell_one(self, m: Found) -> None:
        """Sends the response for a message with a long summary, with one of another version, or with long octets."""
        store, account_id = self._conversation.store, self._view.ref.account_id
        email = await messages.email(self._conversation.reading, account_id, m.email_id)
        octets = await stored.octets_of(store, account_id, m.email_id)
        if email is None or octets is None:  # it has gone meanwhile
            self._missing += 1
            return
        m.packed = email.summary
        if m.outdated or self._plan.need >= Need.HEAD:
            try:
                await octets.check()
            except FileLost as error:  # the others are told all the same
                self._lost = error
                return
        if m.outdated:
            raw = await store.read_email(account_id, m.email_id)
            m.rebuild(await asyncio.to_thread(summarize, raw or b""))
        if self._plan.need >= Need.HEAD:
            await stream(self._conversation, m, self._plan.of(m), octets)
        else:
            self._conversation.out.send(self._plan.line(m))


def _line_of(
    items: Sequence[tuple[Attribute, Item]], *, uid_only: bool
) -> tuple[bytes, list[Callable[[Found], bytes]]]:
    """A response with holes for the number and the values, and what renders the values."""
    labels = [attribute.label.replace(b"%", b"%%") + b" %b" for attribute, _ in items]
    word = b"UIDFETCH" if uid_only else b"FETCH"
    return b"* %%d %b (%b)\r\n" % (word, b" ".join(labels)), [row.render for _, row in items]


def _groups(ranges: Ranges) -> Iterable[Ranges]:
    """Ranges with little between them are read together."""
    group: Ranges = []
    for one in ranges:
        if group and (one[0] > group[-1][1] + GAP or len(group) == SLICE):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _within(ranges: Ranges, first: int, last: int) -> Ranges:
    """What of `ranges` lies from `first` to `last`."""
    return [(max(a, first), min(b, last)) for a, b in ranges if a <= last and b >= first]
