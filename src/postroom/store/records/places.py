"""In which records of one kind those of another lie, as cards in address books, and what somebody sees and saw of them by that.

RFC 9670 §1.4, RFC 8620 §5.2 (what came into somebody's sight is created for him, what left it is destroyed). A record is seen by who may read what is in
any of its places (`record_acl`). Not here: who may put it there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Transaction
from postroom.store.records import acl as record_acl
from postroom.store.records import records
from postroom.store.records import spans as record_spans
from postroom.store.records.acl import Grant, Moment
from postroom.store.records.records import SLICE, Changed, Kind
from postroom.store.records.spans import Span

MOST_TOUCHED: Final = 10_000  # records that one look at what is new to somebody goes through

OF_RECORD: Final = "SELECT place_id, entered_modseq FROM record_places WHERE account_id = $1 AND kind = $2 AND record_id = $3"
ADD: Final = "INSERT INTO record_places (account_id, kind, place_id, record_id, entered_modseq) VALUES ($1, $2, $3, $4, $5)"
DROP: Final = (
    "DELETE FROM record_places WHERE account_id = $1 AND kind = $2 AND place_id = $3 AND record_id = $4"
)
INSIDE: Final = """
SELECT record_id FROM record_places WHERE account_id = $1 AND kind = $2 AND place_id = $3 AND record_id > $4 ORDER BY record_id LIMIT $5
"""
PLACED: Final = f"""
SELECT record_id, place_id, entered_modseq FROM record_places
WHERE account_id = $1 AND kind = $2 AND record_id IN ({placeholders(CHUNK, 3)})
"""  # noqa: S608 -- placeholders
NEWEST: Final = """
SELECT COALESCE(MAX(read_modseq), 0) FROM record_acl WHERE grantee_id = $3 AND account_id = $1 AND kind = $2
"""


class Containing(msgspec.Struct, frozen=True):
    """Two kinds of an account: of what lies in others, and of those others."""

    inner: Kind
    outer: Kind

    def once_in(self, place_id: int) -> Kind:
        """Under which kind it is remembered what once lay in a place."""
        return Kind(self.inner.account_id, f"{self.inner.name}/{place_id}")


async def put(tx: Transaction, of: Containing, record_id: int, places: Collection[int], at: Moment) -> None:
    """Makes these the places that a record is in."""
    account_id, name = of.inner.account_id, of.inner.name
    former = {row[0]: row[1] for row in await tx.fetch(OF_RECORD, account_id, name, record_id)}
    for place_id in sorted(set(places) - former.keys()):
        await tx.execute(ADD, account_id, name, place_id, record_id, at.modseq)
    for place_id in sorted(former.keys() - set(places)):
        await tx.execute(DROP, account_id, name, place_id, record_id)
        span = Span(former[place_id], at.modseq)
        await record_spans.end(tx, of.once_in(place_id), record_id, span, at.now)


async def inside(tx: Transaction, of: Containing, place_ids: Iterable[int]) -> list[int]:
    """The records in any of these places, by id."""
    found: set[int] = set()
    for place_id in place_ids:
        after = 0
        while rows := await tx.fetch(INSIDE, of.inner.account_id, of.inner.name, place_id, after, SLICE):
            found.update(row[0] for row in rows)
            after = rows[-1][0]
    return sorted(found)


async def places(tx: Transaction, of: Containing, record_ids: Iterable[int]) -> dict[int, set[int]]:
    """Where these records are, by record."""
    found: dict[int, set[int]] = {}
    for chunk in chunks(record_ids):
        for row in await tx.fetch(PLACED, of.inner.account_id, of.inner.name, *chunk):
            found.setdefault(row[0], set()).add(row[1])
    return found


async def state(tx: Transaction, of: Containing, who: int) -> int:
    """The modseq at which something last came into the sight of somebody other than the owner, or left it, or changed."""
    row = await tx.fetchrow(NEWEST, of.outer.account_id, of.outer.name, who)
    given = int(row[0]) if row is not None else 0
    taken = await records.state(tx, record_acl.read_by(of.outer, who))
    return max(await records.state(tx, of.inner), given, taken)


async def outer_changes(tx: Transaction, outer: Kind, who: int, began: int) -> list[Changed]:
    """What is new to somebody of what others share with him since a state, in order; `created_modseq` is of his sight."""
    now = await record_acl.of_grantee(tx, outer, who)
    ended = await record_spans.ended(tx, record_acl.seen_by(outer, who), began)
    there = await records.some(tx, outer, list(now))
    found = []
    for number in now.keys() | ended.keys():
        spans = [Span(now[number].given)] if number in now else []
        modseqs = [there[number].modseq] if number in there else []
        found += _told(number, [*spans, *ended.get(number, ())], modseqs, began)
    return sorted(found, key=lambda one: (one.modseq, one.record_id))


async def inner_changes(tx: Transaction, of: Containing, who: int, began: int) -> list[Changed] | None:
    """The same of what lies in them; None where that is more than is looked through at once."""
    sight = await _Sight.of(tx, of, who, began)
    changed = await records.changes(tx, of.inner, (began, (1 << 63) - 1), MOST_TOUCHED + 1)
    modseqs = {one.record_id: one.modseq for one in changed}
    touched = {*modseqs, *await inside(tx, of, sight.turned_since(began))}
    if len(changed) > MOST_TOUCHED or len(touched) > MOST_TOUCHED:
        return None
    spans_in = await _places(tx, of, touched, sight.spans, began)
    found = []
    for number in touched:
        spans = [span for place, inner in spans_in.get(number, ()) for span in sight.through(place, inner)]
        found += _told(number, spans, [modseqs[number]] if number in modseqs else [], began)
    return sorted(found, key=lambda one: (one.modseq, one.record_id))


class _Sight(msgspec.Struct, frozen=True):
    """When somebody could see what is in which places, as far as it is not over for longer than anybody asks."""

    spans: Mapping[int, list[Span]]

    @classmethod
    async def of(cls, tx: Transaction, of: Containing, who: int, began: int) -> _Sight:
        grants: dict[int, Grant] = await record_acl.of_grantee(tx, of.outer, who)
        spans = await record_spans.ended(tx, record_acl.read_by(of.outer, who), began)
        for number, grant in grants.items():
            if grant.reads:
                spans.setdefault(number, []).append(Span(grant.reads))
        return cls(spans)

    def turned_since(self, modseq: int) -> list[int]:
        """The places of which all that is in them came into sight, or left it."""
        return [place for place, spans in self.spans.items() if any(one.turned > modseq for one in spans)]

    def through(self, place: int, inner: Span) -> list[Span]:
        """When something could be seen that was in a place for some time."""
        found = []
        for one in self.spans[place]:
            since = max(one.since, inner.since)
            ends = [end for end in (one.until, inner.until) if end]
            until = min(ends, default=0)
            if not until or since < until:
                found.append(Span(since, until))
        return found


async def _places(
    tx: Transaction, of: Containing, record_ids: Collection[int], places: Collection[int], began: int
) -> dict[int, list[tuple[int, Span]]]:
    """Where these records are, and were since a state, of these places."""
    found: dict[int, list[tuple[int, Span]]] = {}
    for chunk in chunks(record_ids):
        for record_id, place_id, entered in await tx.fetch(
            PLACED, of.inner.account_id, of.inner.name, *chunk
        ):
            if place_id in places:
                found.setdefault(record_id, []).append((place_id, Span(entered)))
    for place_id in places:
        for record_id, spans in (await record_spans.ended(tx, of.once_in(place_id), began)).items():
            if record_id in record_ids:
                found.setdefault(record_id, []).extend((place_id, span) for span in spans)
    return found


def _told(number: int, spans: list[Span], modseqs: list[int], began: int) -> list[Changed]:
    """What a record is to who saw it in these spans, and to whom it changed at these modseqs besides."""
    before, now = record_spans.held(spans, began), any(not one.until for one in spans)
    if not before and not now:
        return []
    newest = max([*modseqs, *(one.turned for one in spans)])
    if newest <= began:
        return []
    return [Changed(newest, number, 0 if before else newest, not now)]
