"""AddressBook/get and AddressBook/changes (RFC 9610 §2.1, §2.2), and the states of records.

Address books are their owner's alone: `shareWith` is null, and nobody may share one. Not here: how they are changed (`address_book_set`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.standard import Changes, Get, wanted
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.call import Call, Method, Methods
from postroom.serve.jmap.getting import got, ids_of
from postroom.serve.jmap.recorded import changes_of, state_of
from postroom.store import contacts, records
from postroom.store.contacts import Book

RIGHTS: Final[Mapping[str, bool]] = {
    "mayRead": True,
    "mayWrite": True,
    "mayShare": False,
    "mayDelete": True,
}
PROPERTIES: Final[Mapping[str, Callable[[int, Book], Any]]] = {
    "id": lambda number, _: id_text(IdKind.RECORD, number),
    "name": lambda _, book: book.name,
    "description": lambda _, book: book.description,
    "sortOrder": lambda _, book: book.sort_order,
    "isDefault": lambda _, book: book.is_default,
    "isSubscribed": lambda _, book: book.is_subscribed,
    "shareWith": lambda _, __: None,
    "myRights": lambda _, __: dict(RIGHTS),
}


async def open_account(call: Call, account_id: str) -> int:
    """The visitor's account, with an address book in it."""
    number = await call.own_account(account_id)
    if not await records.state(call.reading, contacts.books_of(number)):
        new_id = call.service.ids.next()
        call.publish(await call.write(lambda tx: contacts.open_first(tx, number, new_id)))
    return number


def shown(number: int, book: Book) -> Object:
    """An address book with all its properties."""
    return {name: value(number, book) for name, value in PROPERTIES.items()}


async def get(call: Call, arguments: Get) -> Object:
    """RFC 9610 §2.1."""
    account_id = await open_account(call, arguments.account_id)
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    state = await state_of(call, contacts.books_of(account_id))
    books = await contacts.all_books(call.reading, account_id)
    named = {id_text(IdKind.RECORD, number): number for number in books}
    chosen = list(named.values()) if asked is None else [named[one] for one in asked if one in named]
    found = [{name: PROPERTIES[name](number, books[number]) for name in properties} for number in chosen]
    return got(arguments, state, found, asked)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 9610 §2.2."""
    account_id = await open_account(call, arguments.account_id)
    return await changes_of(call, arguments, contacts.books_of(account_id))


METHODS: Final[Methods] = {
    "AddressBook/get": Method(CONTACTS, Get, get),
    "AddressBook/changes": Method(CONTACTS, Changes, changes),
}
