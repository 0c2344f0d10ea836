"""ContactCard/get and ContactCard/changes (RFC 9610 §3.1, §3.2), of one's own cards and of those in address books that others share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from postroom.message.contacts import jscontact
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Changes, Get, each_once
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.contacts.address_book import open_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Since, got, ids_of, record_number
from postroom.serve.jmap.methods.recorded import changes_of
from postroom.store.records import contacts, records
from postroom.store.records import places as record_places
from postroom.store.records.contacts import CARD, Card, Reach


def shown(number: int, card: Card) -> Object:
    """A card as JMAP has it."""
    books = {id_text(IdKind.RECORD, book): True for book in card.books}
    return {"id": id_text(IdKind.RECORD, number), "addressBookIds": books, **card.card}


def _wanted(properties: Sequence[str] | None) -> Sequence[str] | None:
    """Names of RFC 9553 and RFC 9610, and of vendors (RFC 9553 §1.8: with a colon)."""
    names = each_once(properties or ())
    for name in names:
        if name not in (*jscontact.OF_CONTACT_CARD, "@type", *jscontact.PROPERTIES) and ":" not in name:
            raise MethodError(
                "invalidArguments", f"there is no property {name[:100]!r}", arguments=["properties"]
            )
    return None if properties is None else tuple(dict.fromkeys(("id", *names)))


async def get(call: Call, arguments: Get) -> Object:
    """RFC 9610 §3.1."""
    reach = await open_account(call, arguments.account_id)
    properties = _wanted(arguments.properties)
    asked = ids_of(call, arguments)
    state = await state_of_cards(call, reach.account_id)
    found: list[tuple[int, Card]]
    if asked is None:
        found = await _first(call, reach)
    else:
        numbers = [number for name in asked if (number := record_number(CARD, name)) is not None]
        there = await contacts.some_cards(call.reading, reach, numbers)
        found = [(one, there[one]) for one in numbers if one in there]
    told = []
    for number, card in found:
        whole = shown(number, card)
        names = whole if properties is None else [name for name in properties if name in whole]
        told.append({name: whole[name] for name in names})
    return got(arguments, state, told, asked)


async def _first(call: Call, reach: Reach) -> list[tuple[int, Card]]:
    """All cards. Raises `requestTooLarge` where there are more than one call gives."""
    most = call.service.limits.max_objects_in_get
    found = []
    async for one in contacts.all_cards(call.reading, reach):
        found.append(one)
        if len(found) > most:
            raise MethodError("requestTooLarge", f"there are more than {most} cards: ask for some of them")
    return found


async def state_of_cards(call: Call, account_id: int) -> int:
    """The state of the cards that the visitor sees of an account."""
    reach = Reach(account_id, call.visitor.account_id)
    return max(await contacts.card_state(call.reading, reach), (await call.state(account_id)).floor)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 9610 §3.2."""
    reach = await open_account(call, arguments.account_id)
    kind = contacts.cards_of(reach.account_id)
    if reach.own:
        return await changes_of(call, arguments, kind)
    account = await call.state(reach.account_id)
    current = await state_of_cards(call, reach.account_id)
    since = Since(arguments, CARD, floor=account.floor, newest=account.modseq, current=current)
    return since.of(await seen_changes(call, reach, since.since.began))


async def seen_changes(call: Call, reach: Reach, began: int) -> list[records.Changed]:
    """What changed since a state for somebody with whom books are shared, in order. Raises `cannotCalculateChanges`."""
    of = contacts.containing(reach.account_id)
    found = await call.snapshot(lambda tx: record_places.inner_changes(tx, of, reach.who, began))
    if found is None:
        raise MethodError("cannotCalculateChanges", "too much has changed since")
    return found


METHODS: Final[Methods] = {
    "ContactCard/get": Method(CONTACTS, Get, get),
    "ContactCard/changes": Method(CONTACTS, Changes, changes),
}
