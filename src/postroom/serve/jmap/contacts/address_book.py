"""AddressBook/get and AddressBook/changes (RFC 9610 §2.1, §2.2), of one's own and of those that others share, and the state of books.

Not here: how they are changed (`address_book_set`), with whom they are shared (`book_rights`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.standard import Changes, Get, wanted
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Since, got, ids_of
from postroom.serve.jmap.methods.recorded import changes_of, state_of
from postroom.serve.jmap.sharing import book_rights
from postroom.serve.jmap.sharing.book_rights import rights_of
from postroom.serve.jmap.sharing.share_with import SHARE_WITH
from postroom.store.records import contacts, records
from postroom.store.records import places as record_places
from postroom.store.records.contacts import BOOK, Book, Reach


class Shown(msgspec.Struct, frozen=True):
    """An address book as somebody sees it."""

    number: int
    book: Book
    rights: str
    share_with: Object | None = None


PROPERTIES: Final[Mapping[str, Callable[[Shown], Any]]] = {
    "id": lambda one: id_text(IdKind.RECORD, one.number),
    "name": lambda one: one.book.name,
    "description": lambda one: one.book.description,
    "sortOrder": lambda one: one.book.sort_order,
    "isDefault": lambda one: one.book.is_default,
    "isSubscribed": lambda one: one.book.is_subscribed,
    SHARE_WITH: lambda one: one.share_with,
    "myRights": lambda one: rights_of(one.rights),
}


async def open_account(call: Call, account_id: str, *, error: str = "accountNotFound") -> Reach:
    """An account whose address books the visitor may see; in his own there is one, always."""
    number = await call.sharing_account(account_id, BOOK, error=error)
    if number == call.visitor.account_id and not await records.state(call.reading, contacts.books_of(number)):
        new_id = call.service.ids.next()
        call.publish(await call.write(lambda tx: contacts.open_first(tx, number, new_id)))
    return Reach(number, call.visitor.account_id)


async def look(call: Call, reach: Reach) -> dict[int, Shown]:
    """The address books that are seen, by number, with their lists."""
    shelf = await contacts.shelf(call.reading, reach)
    lists = await book_rights.lists(call, reach.account_id)
    return {
        number: Shown(number, book, shelf.rights[number], lists.get(number))
        for number, book in shelf.books.items()
    }


def shown(one: Shown) -> Object:
    """An address book with all its properties."""
    return {name: value(one) for name, value in PROPERTIES.items()}


async def get(call: Call, arguments: Get) -> Object:
    """RFC 9610 §2.1."""
    reach = await open_account(call, arguments.account_id)
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    state = await state_of(call, contacts.books_of(reach.account_id))
    books = await look(call, reach)
    named = {id_text(IdKind.RECORD, number): one for number, one in books.items()}
    chosen = list(named.values()) if asked is None else [named[one] for one in asked if one in named]
    found = [{name: PROPERTIES[name](one) for name in properties} for one in chosen]
    return got(arguments, state, found, asked)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 9610 §2.2. What is shared no longer is gone for who asks, and what came to be shared is new to him."""
    reach = await open_account(call, arguments.account_id)
    kind = contacts.books_of(reach.account_id)
    if reach.own:
        return await changes_of(call, arguments, kind)
    account = await call.state(reach.account_id)
    current = await state_of(call, kind)
    since = Since(arguments, BOOK, floor=account.floor, newest=account.modseq, current=current)
    began = since.since.began
    return since.of(await call.snapshot(lambda tx: record_places.outer_changes(tx, kind, reach.who, began)))


METHODS: Final[Methods] = {
    "AddressBook/get": Method(CONTACTS, Get, get),
    "AddressBook/changes": Method(CONTACTS, Changes, changes),
}
