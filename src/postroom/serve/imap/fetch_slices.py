"""Messages are read in slices, rendered, and sent as the client takes them.

RFC 9051 §7.5.2. What needs no long octets is kept as it was rendered (`serve.imap.rendered`) and sent again while nothing has changed. Not here: the
attributes (`serve.imap.fetch_items`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from postroom.message.summary import summarize
from postroom.proto.imap.commands.fetching import FLAGS, Attribute
from postroom.proto.imap.sets import Ranges
from postroom.serve.imap.conversation import Conversation
from postroom.serve.imap.fetch_items import SECTIONED, Found, Item, Need, item
from postroom.serve.imap.rendered import Lines, Slice
from postroom.serve.imap.streaming import stream
from postroom.store import fetching as stored
from postroom.store.engine import Row, Transaction

SLICE: Final = 256  # messages that are read at once
AT_ONCE: Final = 262_144  # octets of messages that are in memory at once; a longer one is read in pieces
GAP: Final = 16  # uids nobody asked for that are read rather than begin another slice
TURNS: Final = 8  # slices after which others have their turn, even when the client reads fast


class Plan:
    """What a command asks of each message. `told`: of those whose uids are `marked`. `since`: only above this modseq."""

    def __init__(
        self,
        attributes: tuple[Attribute, ...],
        told: tuple[Attribute, ...],
        marked: frozenset[int],
        since: int,
    ) -> None:
        self.attributes, self.told, self.marked, self.since = attributes, told, marked, since
        self.items: list[tuple[Attribute, Item]] = [(attribute, item(attribute)) for attribute in told]
        self.bare = self.items[: len(attributes)]
        self.need = max(row.need for _, row in self.items)
        self.kept = not marked and not since and all(row.kept for _, row in self.items)
        self.sections = sum(attribute.name in SECTIONED for attribute in told)
        # what one message may have so that all its sections are small enough to be rendered together
        self.whole = AT_ONCE // max(1, self.sections)

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
        self._missing = 0
        self._since_turn = 0
        self._shows_recent = FLAGS in plan.attributes and not conversation.rev2

    async def run(self, ranges: Ranges) -> int:
        """Sends all responses; how many messages the session still counts that are gone. Raises `UnknownEncoding`."""
        if self._plan.kept:
            self._lines = await self._conversation.snapshot(self._kept_lines)
        for group in _groups(ranges):
            at, last = group[0][0], group[-1][1]
            while at <= last:
                kept = self._kept(at, last) if self._lines is not None and len(group) == 1 else None
                if kept is not None:
                    self._conversation.out.send(kept.data)
                    at = kept.end + 1
                else:
                    at = await self._slice(at, group) + 1
                await self._breathe()
        return self._missing

    async def _breathe(self) -> None:
        await self._conversation.drained()
        self._since_turn += 1
        if self._since_turn >= TURNS:
            self._since_turn = 0
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
        lines = cache.lines((view.ref, self._plan.attributes), size)
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

        async def look(tx: Transaction) -> tuple[int, int, Sequence[Row]]:
            modseq = (await stored.state(tx, view.ref)).highestmodseq
            asked = stored.Asked((first, last), SLICE, plan.since, plan.need > Need.ROW)
            found = await stored.rows(tx, view.ref, asked)
            end = found[-1][0] if len(found) == SLICE else last
            await view.read(tx, [(first, end)])
            return modseq, end, found

        modseq, end, rows = await self._conversation.snapshot(look)
        messages = self._numbered(rows, _within(group, first, end))
        if plan.need > Need.ROW:
            await self._rebuild(messages)
        if plan.need is Need.OCTETS:
            data = await self._with_octets(messages)
        else:
            data = b"".join(map(self._line, messages))
            self._conversation.out.send(data)
        lines = self._lines
        if (
            lines is not None
            and data is not None
            and lines.modseq == modseq == self._modseq
            and len(group) == 1
        ):
            last_uid = messages[-1].uid if messages else 0
            kept = Slice(end, len(rows) == SLICE, last_uid, self._recent_in(first, last_uid), data)
            self._conversation.service.rendered.put(lines, first, kept)
        return end

    def _numbered(self, rows: Sequence[Row], ranges: Ranges) -> list[Found]:
        """The rows that the session asked for and knows, with their numbers."""
        view, plan = self._view, self._plan
        recent = view.uidnext if self._conversation.rev2 else view.recent_from
        runs = view.present(ranges)
        found: list[Found] = []
        at = expected = 0
        for low, high in runs:
            expected += high - low + 1
            offset = view.number(low) - low
            while at < len(rows) and rows[at][0] < low:
                at += 1
            while at < len(rows) and rows[at][0] <= high:
                row = rows[at]
                found.append(Found(row[0] + offset, row, recent=row[0] >= recent))
                at += 1
        if not plan.since:
            self._missing += expected - len(found)
        return found

    def _line(self, m: Found) -> bytes:
        values = [b"%b %b" % (attribute.label, row.render(m)) for attribute, row in self._plan.of(m)]
        return b"* %d FETCH (%b)\r\n" % (m.number, b" ".join(values))

    async def _rebuild(self, messages: Iterable[Found]) -> None:
        """Summaries of another version are made anew."""
        for m in messages:
            if m.outdated:
                raw = await self._conversation.store.read_email(self._view.ref.account_id, m.email_id)
                m.rebuild(await asyncio.to_thread(summarize, raw or b""))

    async def _with_octets(self, messages: Sequence[Found]) -> bytes | None:
        """Sends messages with their octets; gives the lines if they are few octets."""
        out, sent = self._conversation.out, list[bytes]()
        kept: bool = self._lines is not None
        for batch in self._batches(messages):
            if batch[0].octets is None and batch[0].size > self._plan.whole:
                await self._stream(batch[0])
                kept = False
                continue
            await self._read(batch)
            for m in batch:
                if m.octets is None:  # it is a file, or gone by now
                    await self._stream(m)
                    kept = False
                    continue
                line = self._line(m)
                out.send(line)
                if kept:
                    sent.append(line)
            await self._breathe()
        return b"".join(sent) if kept else None

    def _batches(self, messages: Sequence[Found]) -> Iterable[list[Found]]:
        batch: list[Found] = []
        octets = 0
        for m in messages:
            if batch and octets + m.size > self._plan.whole:
                yield batch
                batch, octets = [], 0
            batch.append(m)
            octets += m.size
        if batch:
            yield batch

    async def _read(self, batch: Sequence[Found]) -> None:
        span = (batch[0].uid, batch[-1].uid)
        found = await stored.octets(self._conversation.reading, self._view.ref, span, self._plan.whole)
        for m in batch:
            m.octets = found.get(m.uid)

    async def _stream(self, m: Found) -> None:
        octets = await stored.octets_of(self._conversation.store, self._view.ref.account_id, m.email_id)
        if octets is None:
            self._missing += 1
            return
        await stream(self._conversation, m, self._plan.of(m), octets)


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
