"""ContactCard/get and ContactCard/changes (RFC 9610 §3.1, §3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from postroom.message.contacts import jscontact
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Changes, Get, each_once
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.address_book import open_account
from postroom.serve.jmap.call import Call, Method, Methods
from postroom.serve.jmap.getting import got, ids_of, record_number
from postroom.serve.jmap.recorded import changes_of, state_of
from postroom.store import contacts, records
from postroom.store.contacts import CARD, Card
from postroom.store.records import Record

OURS: Final = ("id", "addressBookIds")  # what a ContactCard has besides a Card


def shown(number: int, card: Card) -> Object:
    """A card as JMAP has it."""
    books = {id_text(IdKind.RECORD, book): True for book in card.books}
    return {"id": id_text(IdKind.RECORD, number), "addressBookIds": books, **card.card}


def _wanted(properties: Sequence[str] | None) -> Sequence[str] | None:
    """Names of RFC 9553 and RFC 9610, and of vendors (RFC 9553 §1.8: with a colon)."""
    names = each_once(properties or ())
    for name in names:
        if name not in (*OURS, "@type", *jscontact.PROPERTIES) and ":" not in name:
            raise MethodError(
                "invalidArguments", f"there is no property {name[:100]!r}", arguments=["properties"]
            )
    return None if properties is None else tuple(dict.fromkeys(("id", *names)))


async def get(call: Call, arguments: Get) -> Object:
    """RFC 9610 §3.1."""
    account_id = await open_account(call, arguments.account_id)
    properties = _wanted(arguments.properties)
    asked = ids_of(call, arguments)
    kind = contacts.cards_of(account_id)
    state = await state_of(call, kind)
    most = call.service.limits.max_objects_in_get
    found: list[Record]
    if asked is None:
        found = await records.listing(call.reading, kind, 0, most + 1)
        if len(found) > most:
            raise MethodError("requestTooLarge", f"there are more than {most} cards: ask for some of them")
    else:
        numbers = [record_number(CARD, one) for one in asked]
        there = await records.some(call.reading, kind, [one for one in numbers if one is not None])
        found = [there[one] for one in numbers if one in there]
    told = []
    for record in found:
        one = shown(record.record_id, contacts.read_card(record))
        told.append(one if properties is None else {name: one[name] for name in properties if name in one})
    return got(arguments, state, told, asked)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 9610 §3.2."""
    account_id = await open_account(call, arguments.account_id)
    return await changes_of(call, arguments, contacts.cards_of(account_id))


METHODS: Final[Methods] = {
    "ContactCard/get": Method(CONTACTS, Get, get),
    "ContactCard/changes": Method(CONTACTS, Changes, changes),
}
