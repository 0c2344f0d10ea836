"""Checks that cards are in books that there are, and kept where they say they are: what others see of a shared address book goes by it.

Slice by slice, each on one view; with repair, each card in a transaction of its own. Not here: what a card says (`contacts`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

import msgspec

from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.fsck.findings import Finding, Wrong
from postroom.store.records import contacts, records
from postroom.store.records import places as record_places

NOWHERE: Final = """
SELECT p.place_id, p.record_id FROM record_places p
LEFT JOIN records r ON r.account_id = p.account_id AND r.kind = p.kind AND r.record_id = p.record_id
WHERE p.account_id = $1 AND p.kind = $2 AND r.record_id IS NULL ORDER BY p.place_id, p.record_id
"""


async def check_contacts(
    engine: Engine, account_id: int, now: int, *, repair: bool
) -> AsyncIterator[Finding]:
    """Cards of an account that are not where they say. `now`: unix microseconds."""
    after = 0
    while True:
        last, wrong = await engine.snapshot(partial(_misplaced, account_id, after))
        for card_id in wrong:
            if repair:
                await engine.write(partial(_refile, account_id, card_id, now), Urgency.HOUSEKEEPING)
            yield Finding(Wrong.PLACES, account_id, f"card {card_id}", repair)
        if last == after:
            break
        after = last
    for place_id, card_id in await engine.reading().fetch(NOWHERE, account_id, contacts.CARD):
        if repair:
            await engine.write(partial(_clear, account_id, place_id, card_id), Urgency.HOUSEKEEPING)
        yield Finding(Wrong.PLACES, account_id, f"card {card_id}, which is gone", repair)


async def _misplaced(account_id: int, after: int, tx: Transaction) -> tuple[int, list[int]]:
    """The last id of the next slice, and those of it that are wrong."""
    of = contacts.containing(account_id)
    found = await records.listing(tx, of.inner, after)
    places = await record_places.places(tx, of, [one.record_id for one in found])
    there = await contacts.all_books(tx, account_id)
    said = {one.record_id: set(contacts.read_card(one).books) for one in found}
    wrong = [
        number
        for number, books in said.items()
        if books != places.get(number, set()) or not books <= there.keys()
    ]
    return (found[-1].record_id if found else after), wrong


async def _refile(account_id: int, card_id: int, now: int, tx: Transaction) -> None:
    reach = contacts.Reach(account_id)
    card = (await contacts.some_cards(tx, reach, [card_id])).get(card_id)
    there = await contacts.all_books(tx, account_id)
    if card is not None and there:  # of a book that is gone into another: no card is lost
        books = [one for one in card.books if one in there] or [min(there)]
        await contacts.put_card(tx, reach, card_id, msgspec.structs.replace(card, books=books), now)


async def _clear(account_id: int, place_id: int, card_id: int, tx: Transaction) -> None:
    await tx.execute(record_places.DROP, account_id, contacts.CARD, place_id, card_id)
