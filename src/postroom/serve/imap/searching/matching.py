"""Which messages of a slice match: the tree of a search, evaluated as sets of uids, the cheap keys first and the dear ones only for what is left.

RFC 9051 §6.4.4. Narrow rows answer flags, dates and sizes by SQL; columns answer what is in a summary; the words of messages come from the search
index, and from the messages themselves where that knows nothing of them yet. Not here: how a search is written, which slices there are.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from postroom.message.encodings.casemap import casemap
from postroom.message.headers.header import spaced
from postroom.message.query.query import (
    And,
    Everything,
    Field,
    Heads,
    Holds,
    Key,
    Not,
    Numbered,
    Or,
    Recent,
    Says,
    Sent,
)
from postroom.proto.imap.sets import Ranges, count, ranges_of
from postroom.serve.imap.conversation.columns import Block, Column, Columns, Origin
from postroom.serve.imap.conversation.slices import BLOCK
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.search import searching
from postroom.store.search.wording import Wording

FEW: Final = 1_000  # emails that are looked for by their ids and not through the whole mailbox
_OF_FIELD: Final = {
    Field.SUBJECT: Column.SUBJECT,
    Field.FROM: Column.FROM,
    Field.TO: Column.TO,
    Field.CC: Column.CC,
    Field.BCC: Column.BCC,
}


class Matching:
    """Looks through one mailbox. `recent_from`: uids from here on are \\Recent to who asks."""

    def __init__(
        self, tx: Transaction, mailbox: MailboxRef, columns: Columns, wording: Wording, recent_from: int
    ) -> None:
        self.tx = tx
        self.mailbox = mailbox
        self.columns = columns
        self.wording = wording
        self.recent_from = recent_from
        self._origin = Origin(tx, mailbox, wording.read_email)
        self._few: dict[Key, dict[int, int] | None] = {}
        self._places: dict[Key, Ranges] = {}

    async def match(self, key: Key, among: set[int]) -> set[int]:
        """Those `among` these uids for which the key holds."""
        if not among:
            return among
        find = _FINDERS.get(type(key))
        if find is not None:
            return await find(self, key, among)
        return await searching.matching(self.tx, self.mailbox, (min(among), max(among)), key) & among

    async def asked(self, key: Key) -> None:
        """Asks the index before anything is looked at, where nothing but its answer is wanted. Beside other keys it is asked when those leave something."""
        if isinstance(key, Holds | Heads) and not (isinstance(key, Holds) and not key.needle):
            await self._copies(key)

    def places(self, key: Key) -> Ranges | None:
        """Where alone a tree can hold, as far as that is a few messages that the index has named; None: anywhere. The rest of a large mailbox is not looked at."""
        if not isinstance(key, And):
            return self._places.get(key)
        found = [self._places[one] for one in key.keys if one in self._places]
        return min(found, key=count) if found else None

    async def emails(self, key: Holds | Heads, among: set[int]) -> dict[int, int]:
        """The emails of these uids, as far as the key can hold for them."""
        few = await self._copies(key)
        if few is not None:
            return {uid: email_id for uid, email_id in few.items() if uid in among}
        possible = await self.wording.possible(key)
        return {
            uid: email_id
            for block in await self.blocks(Column.EMAIL, among)
            for uid, email_id in zip(block.uids, block.values, strict=True)
            if (possible is None or email_id in possible) and uid in among
        }

    async def _copies(self, key: Holds | Heads) -> dict[int, int] | None:
        """The emails that the key can hold for by uid, where they are few; found out once."""
        if key not in self._few:
            possible = await self.wording.possible(key)
            few = possible is not None and len(possible) <= FEW
            found = await searching.copies(self.tx, self.mailbox, possible or ()) if few else None
            self._few[key] = found
            if found is not None:
                self._places[key] = ranges_of(sorted(found))
        return self._few[key]

    async def blocks(self, column: Column, among: set[int]) -> Sequence[Block]:
        """The blocks of a column in which these uids lie."""
        last: dict[int, int] = {}
        for uid in among:
            number = uid // BLOCK
            if last.get(number, 0) < uid:
                last[number] = uid
        return [await self.columns.block(self._origin, place, column) for place in sorted(last.items())]


async def _and(look: Matching, key: And, among: set[int]) -> set[int]:
    for one in key.keys:
        among = await look.match(one, among)
    return among


async def _or(look: Matching, key: Or, among: set[int]) -> set[int]:
    found: set[int] = set()
    for one in key.keys:
        found |= await look.match(one, among - found)
    return found


async def _not(look: Matching, key: Not, among: set[int]) -> set[int]:
    return among - await look.match(key.key, among)


async def _everything(_look: Matching, _key: Everything, among: set[int]) -> set[int]:
    return among


async def _recent(look: Matching, _key: Recent, among: set[int]) -> set[int]:
    return {uid for uid in among if uid >= look.recent_from}


async def _numbered(_look: Matching, key: Numbered, among: set[int]) -> set[int]:
    low, high = min(among), max(among)
    found: set[int] = set()
    for first, last in key.ranges:
        if first <= high and last >= low:
            found |= among.intersection(range(max(first, low), min(last, high) + 1))
    return found


async def _says(look: Matching, key: Says, among: set[int]) -> set[int]:
    needle = casemap(spaced(key.needle))
    found: set[int] = set()
    for block in await look.blocks(_OF_FIELD[key.field], among):
        found.update(block.holding(needle))
    return found & among


async def _sent(look: Matching, key: Sent, among: set[int]) -> set[int]:
    first = -(1 << 62) if key.first is None else key.first
    last = 1 << 62 if key.last is None else key.last
    found: set[int] = set()
    for block in await look.blocks(Column.DAY, among):
        found.update(
            uid
            for uid, day in zip(block.uids, block.values, strict=True)
            if day is not None and first <= day <= last
        )
    return found & among


async def _holds(look: Matching, key: Holds, among: set[int]) -> set[int]:
    if not key.needle:
        return among
    emails = await look.emails(key, among)
    holding = await look.wording.holding(key, set(emails.values()))
    return {uid for uid, email_id in emails.items() if email_id in holding}


async def _heads(look: Matching, key: Heads, among: set[int]) -> set[int]:
    emails = await look.emails(key, among)
    heading = await look.wording.heading(key, set(emails.values()))
    return {uid for uid, email_id in emails.items() if email_id in heading}


_Finder = Callable[[Matching, Any, set[int]], Coroutine[Any, Any, set[int]]]
_FINDERS: Final[dict[type[Key], _Finder]] = {
    And: _and,
    Or: _or,
    Not: _not,
    Everything: _everything,
    Recent: _recent,
    Numbered: _numbered,
    Says: _says,
    Sent: _sent,
    Holds: _holds,
    Heads: _heads,
}
