"""Address books and the cards in them, as records of an account.

RFC 9610 §2, §3: a card is in one book or more; a card whose last book is removed goes with it, or keeps the book from going. A card's JSON is kept as it
was checked (`message.contacts.jscontact`), its books beside it. Not here: JMAP's methods and errors, files of contacts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final

import msgspec

from postroom.message.errors import NotPermitted
from postroom.store import record_blobs, records
from postroom.store.changes import RecordsChanged
from postroom.store.engine import Transaction
from postroom.store.mailboxes import bump
from postroom.store.records import Kind, NoSuchRecord, Record

BOOK: Final = "AddressBook"
CARD: Final = "ContactCard"
MAX_BOOKS: Final = 1_000  # of an account
FIRST: Final = "Contacts"  # the name of the address book that an account begins with


class HasContents(NotPermitted):
    """An address book has cards in it."""

    words = "The address book has contacts in it"


class TooManyBooks(NotPermitted):
    """An account has as many address books as it may have."""

    words = f"An account has at most {MAX_BOOKS} address books"


class Book(msgspec.Struct, frozen=True):
    """An address book."""

    name: str
    description: str | None = None
    sort_order: int = 0
    is_default: bool = False
    is_subscribed: bool = True


class Card(msgspec.Struct, frozen=True):
    """A contact: the books that it is in, the bodies that its media are, and the JSContact Card."""

    books: list[int]
    card: dict[str, Any]
    blobs: list[int] = []


def books_of(account_id: int) -> Kind:
    """The kind of an account's address books."""
    return Kind(account_id, BOOK)


def cards_of(account_id: int) -> Kind:
    """The kind of an account's cards."""
    return Kind(account_id, CARD)


def read_book(record: Record) -> Book:
    """The address book that a record holds."""
    return msgspec.json.decode(record.data, type=Book)


def read_card(record: Record) -> Card:
    """The card that a record holds."""
    return msgspec.json.decode(record.data, type=Card)


async def all_records(tx: Transaction, kind: Kind) -> AsyncIterator[Record]:
    """Every record of a kind, by id, in slices."""
    after = 0
    while found := await records.listing(tx, kind, after):
        for one in found:
            yield one
        after = found[-1].record_id


async def all_books(tx: Transaction, account_id: int) -> dict[int, Book]:
    """The address books of an account, by id."""
    return {one.record_id: read_book(one) async for one in all_records(tx, books_of(account_id))}


async def open_first(tx: Transaction, account_id: int, new_id: int) -> list[RecordsChanged]:
    """Makes the first address book, if this account has none and never had one that is remembered (`pruning`)."""
    kind = books_of(account_id)
    if await records.state(tx, kind):
        return []
    await bump(tx, account_id)  # the account's lock: another may have had the same idea
    if await records.state(tx, kind):
        return []
    return [await add_book(tx, account_id, new_id, Book(FIRST, is_default=True))]


async def add_book(tx: Transaction, account_id: int, new_id: int, book: Book) -> RecordsChanged:
    """A new address book. Raises `TooManyBooks`."""
    if len(await all_books(tx, account_id)) >= MAX_BOOKS:
        raise TooManyBooks
    return await records.create(tx, books_of(account_id), new_id, msgspec.json.encode(book))


async def change_book(
    tx: Transaction, account_id: int, book_id: int, change: Callable[[Book], Book]
) -> list[RecordsChanged]:
    """An address book as `change` makes it. Raises `NoSuchRecord`."""
    kind = books_of(account_id)
    found = (await records.some(tx, kind, [book_id])).get(book_id)
    if found is None:
        raise NoSuchRecord
    book = read_book(found)
    changed = change(book)
    if changed == book:
        return []
    return [await records.change(tx, kind, book_id, msgspec.json.encode(changed))]


async def set_default(tx: Transaction, account_id: int, book_id: int) -> dict[int, bool]:
    """Makes an address book the default; gives those for which that changed."""
    done: dict[int, bool] = {}
    for number, book in (await all_books(tx, account_id)).items():
        default = number == book_id
        if book.is_default != default:
            data = msgspec.json.encode(msgspec.structs.replace(book, is_default=default))
            await records.change(tx, books_of(account_id), number, data)
            done[number] = default
    return done


async def remove_book(
    tx: Transaction, account_id: int, book_id: int, now: int, *, contents: bool
) -> list[RecordsChanged]:
    """Removes an address book; with `contents`, cards that are in no other one go, too.

    Raises `NoSuchRecord`, `HasContents`.
    """
    kind = cards_of(account_id)
    done: list[RecordsChanged] = [await records.remove(tx, books_of(account_id), book_id, now)]
    inside = [
        (one.record_id, card)
        async for one in all_records(tx, kind)
        if book_id in (card := read_card(one)).books
    ]
    if inside and not contents:
        raise HasContents
    for number, card in inside:
        left = [book for book in card.books if book != book_id]
        if left:
            data = msgspec.json.encode(msgspec.structs.replace(card, books=left))
            done.append(await records.change(tx, kind, number, data))
        else:
            done.append(await remove_card(tx, account_id, number, now))
    return done


async def put_card(
    tx: Transaction, account_id: int, card_id: int, card: Card, now: int
) -> tuple[RecordsChanged, list[int]]:
    """A new card, or other contents of one; gives the bodies that are not there, too.

    Raises `RecordTooLong`, `TooManyRecords`.
    """
    kind = cards_of(account_id)
    data = msgspec.json.encode(card)
    if card_id in await records.some(tx, kind, [card_id]):
        done = await records.change(tx, kind, card_id, data)
    else:
        done = await records.create(tx, kind, card_id, data)
    return done, await record_blobs.refer(tx, kind, card_id, card.blobs, now)


async def remove_card(tx: Transaction, account_id: int, card_id: int, now: int) -> RecordsChanged:
    """Raises `NoSuchRecord`."""
    kind = cards_of(account_id)
    await record_blobs.refer(tx, kind, card_id, (), now)
    return await records.remove(tx, kind, card_id, now)


async def uids(tx: Transaction, account_id: int, wanted: Iterable[str]) -> dict[str, int]:
    """The cards that have these uids, by uid."""
    asked = set(wanted)
    found: dict[str, int] = {}
    async for one in all_records(tx, cards_of(account_id)):
        uid = read_card(one).card.get("uid")
        if uid in asked:
            found.setdefault(uid, one.record_id)
    return found
