"""The journal: what happened to each message, a row for each hop, and which emails belong to which journey.

Rows are written in the commits that they tell of, one INSERT each. Who may see what of a journey is not decided here: a
recipient's view leaves out the others (RFC 5321 §7.2, blind copies).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.message.journey.events import Hop, HopKind
from postroom.store.engine.ids import first_of
from postroom.store.engine.transaction import Row, Transaction


class JournalRow(msgspec.Struct, frozen=True):
    """One hop of a journey. `at` is when it began, unix microseconds."""

    accept_id: int
    hop_id: int
    kind: str
    at: int
    packed: bytes

    def hop(self) -> Hop:
        """The hop with its events."""
        return Hop.unpack(self.packed)


class Journey(msgspec.Struct, frozen=True):
    """A journey in a listing: when it began and how many hops it has so far."""

    accept_id: int
    began: int
    hops: int


class Link(msgspec.Struct, frozen=True):
    """The journey that brought an email, and which recipient of its envelope the email's owner is."""

    accept_id: int
    rcpt: int


_APPEND = "INSERT INTO journal (accept_id, hop_id, kind, at, events) VALUES ($1, $2, $3, $4, $5)"


async def append(tx: Transaction, accept_id: int, hop_id: int, hop: Hop) -> None:
    """Writes a hop that is over; `hop_id` is a new id of the node, of the first hop the journey's own; hops sort by it."""
    await tx.execute(_APPEND, accept_id, hop_id, hop.kind.value, hop.started, hop.pack())


_LINK = """
INSERT INTO journal_links (account_id, email_id, accept_id, rcpt) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""


async def link(tx: Transaction, account_id: int, email_id: int, accept_id: int, rcpt: int) -> None:
    """Notes which journey brought an email to this account, and which recipient of its envelope the account's owner is.

    An email with several copies may have several.
    """
    await tx.execute(_LINK, account_id, email_id, accept_id, rcpt)


_READ = (
    "SELECT accept_id, hop_id, kind, at, events FROM journal WHERE accept_id = $1 ORDER BY hop_id LIMIT $2"
)


async def read(tx: Transaction, accept_id: int, limit: int = 1000) -> list[JournalRow]:
    """The first `limit` hops of a journey in their order; [] when there is no such journey (any more)."""
    return [_row(row) for row in await tx.fetch(_READ, accept_id, limit)]


_OF_KIND = """
SELECT accept_id, hop_id, kind, at, events FROM journal WHERE kind = $1 AND (accept_id > $2 OR (accept_id = $2 AND hop_id > $3))
 ORDER BY accept_id, hop_id LIMIT $4
"""


async def of_kind(tx: Transaction, kind: HopKind, after: tuple[int, int], limit: int) -> list[JournalRow]:
    """Hops of one kind of all journeys, behind a place (accept_id, hop_id). Goes through the journal: for people who ask."""
    return [_row(row) for row in await tx.fetch(_OF_KIND, kind.value, *after, limit)]


_LINKS = """
SELECT accept_id, rcpt FROM journal_links WHERE account_id = $1 AND email_id = $2 ORDER BY accept_id, rcpt
"""


async def of_email(tx: Transaction, account_id: int, email_id: int) -> list[Link]:
    """The journeys that an email came by, oldest first."""
    return [Link(row[0], row[1]) for row in await tx.fetch(_LINKS, account_id, email_id)]


_BROUGHT = (
    "SELECT email_id FROM journal_links WHERE account_id = $1 AND accept_id = $2 ORDER BY email_id LIMIT 1"
)


async def brought(tx: Transaction, account_id: int, accept_id: int) -> int | None:
    """The email that a journey brought to an account, the oldest of several; None for none, or for one that is gone."""
    row = await tx.fetchrow(_BROUGHT, account_id, accept_id)
    return None if row is None else int(row[0])


class Note(msgspec.Struct, frozen=True):
    """A hop for the journey of an email; `hop_id` is a new id. Packed already: many may wait, and a hop is large."""

    account_id: int
    email_id: int
    hop_id: int
    kind: str
    at: int
    packed: bytes


NOTES_AT_ONCE = 50  # in one statement: each makes the thread that writes fight for the interpreter's lock
_ROW = "(CAST(${} AS BIGINT), CAST(${} AS BIGINT), CAST(${} AS BIGINT), CAST(${} AS TEXT), CAST(${} AS BIGINT), CAST(${} AS {{BYTES}}))"
_NOTE = (
    "INSERT INTO journal (accept_id, hop_id, kind, at, events) SELECT * FROM ("  # noqa: S608 -- placeholders
    "SELECT (SELECT MIN(accept_id) FROM journal_links WHERE account_id = column1 AND email_id = column2) AS accept_id, column3, column4, column5, column6 FROM (VALUES "
    + ", ".join(_ROW.format(*range(first, first + 6)) for first in range(1, 6 * NOTES_AT_ONCE, 6))
    + ") AS listed) AS notes WHERE accept_id IS NOT NULL"
)
_NOTHING = Note(0, 0, 0, "", 0, b"")  # of no account


async def note(tx: Transaction, notes: Sequence[Note]) -> None:
    """Writes each hop into the journey that brought its email, the oldest of several; what came by none is left out."""
    for start in range(0, len(notes), NOTES_AT_ONCE):
        some = [*notes[start : start + NOTES_AT_ONCE], *[_NOTHING] * (start + NOTES_AT_ONCE - len(notes))]
        await tx.execute(_NOTE, *[value for one in some for value in msgspec.structs.astuple(one)])


_LAST = """
SELECT accept_id, MIN(at), COUNT(*) FROM journal WHERE accept_id < $1 GROUP BY accept_id ORDER BY accept_id DESC LIMIT $2
"""
_NO_ID = (1 << 63) - 1


async def last(tx: Transaction, limit: int, before: int = _NO_ID) -> list[Journey]:
    """The youngest journeys, youngest first, below the id `before`."""
    return [Journey(*row) for row in await tx.fetch(_LAST, before, limit)]


_OLDEST = "SELECT DISTINCT accept_id FROM journal WHERE accept_id < $1 ORDER BY accept_id LIMIT $2"
_FORGET = "DELETE FROM journal WHERE accept_id >= $1 AND accept_id <= $2"


async def prune(tx: Transaction, before: int, limit: int = 500) -> int:
    """Forgets at most `limit` journeys that began before `before` (unix microseconds, real time), the oldest; gives how many.

    Call it until it gives less than `limit`.
    """
    ids = [int(row[0]) for row in await tx.fetch(_OLDEST, first_of(before), limit)]
    if ids:
        await tx.execute(_FORGET, ids[0], ids[-1])
    return len(ids)


_FORGET_LINKS = """
DELETE FROM journal_links WHERE account_id = $1 AND accept_id < $2 AND (email_id, accept_id, rcpt) IN (
  SELECT l.email_id, l.accept_id, l.rcpt FROM journal_links l WHERE l.account_id = $1 AND l.accept_id < $2 LIMIT $3)
"""


async def prune_links(tx: Transaction, account_id: int, before: int, limit: int = 1000) -> int:
    """Forgets at most `limit` links of an account to journeys that began before `before`; gives how many."""
    return await tx.execute(_FORGET_LINKS, account_id, first_of(before), limit)


def _row(row: Row) -> JournalRow:
    accept_id, hop_id, kind, at, packed = row
    return JournalRow(accept_id, hop_id, kind, at, bytes(packed))
