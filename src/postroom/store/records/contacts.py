"""Address books and the cards in them, as records of an account, for its owner and for those with whom he shares books.

RFC 9610 §2 (the rights in a book), §3 (a card is in one book or more, and no two have one uid): a card whose last book is removed goes with it, or keeps
the book from going. Who may read a book sees the cards in it, and of their books those that he sees; who may write in any of a card's books may change it.
Rights are checked in the functions here. A card's JSON is kept as it was checked (`message.contacts.jscontact`). Not here: how rights are given
(`record_acl`), JMAP's methods and errors, files of contacts.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from postroom.message.errors import NotPermitted
from postroom.store.changes import RecordsChanged
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.mailboxes import hold
from postroom.store.records import acl as record_acl
from postroom.store.records import blobs as record_blobs
from postroom.store.records import places as record_places
from postroom.store.records import records
from postroom.store.records.acl import ALL_RIGHTS, Grant, Moment, RecordRef, RecordRight
from postroom.store.records.places import Containing
from postroom.store.records.records import Kind, NoSuchRecord, Record

BOOK: Final = "AddressBook"
CARD: Final = "ContactCard"
MAX_BOOKS: Final = 1_000  # of an account
FIRST: Final = "Contacts"  # the name of the address book that an account begins with
HOLDERS: Final = "SELECT record_id FROM record_blobs WHERE account_id = $1 AND blob_id = $2 AND kind = $3 ORDER BY record_id"


class HasContents(NotPermitted):
    """An address book has cards in it."""

    words = "The address book has contacts in it"


class TooManyBooks(NotPermitted):
    """An account has as many address books as it may have."""

    words = f"An account has at most {MAX_BOOKS} address books"


class NoSuchBook(NotPermitted):
    """A card should be in an address book that is not there, or may not be seen."""

    words = "There is no such address book"


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


class Reach(msgspec.Struct, frozen=True):
    """Whose contacts, and which account reaches for them; 0 is their owner, and the system on his behalf."""

    account_id: int
    who: int = 0

    @property
    def own(self) -> bool:
        """Whether it is the owner who does."""
        return self.who in (0, self.account_id)

    def book(self, book_id: int) -> RecordRef:
        """One of the address books."""
        return RecordRef(books_of(self.account_id), book_id, self.who)


class Shelf(msgspec.Struct, frozen=True):
    """The address books that somebody sees of an account's, with his rights in each."""

    books: Mapping[int, Book]
    rights: Mapping[int, str]

    def allowing(self, right: RecordRight) -> set[int]:
        """Those in which he has a right."""
        return {number for number, letters in self.rights.items() if right in letters}

    def known(self, card: Card) -> Card | None:
        """A card with the books that he sees; None for one that he does not."""
        if not self.allowing(RecordRight.READ).intersection(card.books):
            return None
        return msgspec.structs.replace(card, books=[one for one in card.books if one in self.books])


def books_of(account_id: int) -> Kind:
    """The kind of an account's address books."""
    return Kind(account_id, BOOK)


def cards_of(account_id: int) -> Kind:
    """The kind of an account's cards."""
    return Kind(account_id, CARD)


def containing(account_id: int) -> Containing:
    """That cards lie in books."""
    return Containing(cards_of(account_id), books_of(account_id))


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


async def shelf(tx: Transaction, reach: Reach) -> Shelf:
    """The address books that somebody sees; `is_subscribed` is his own."""
    if reach.own:
        books = await all_books(tx, reach.account_id)
        return Shelf(books, dict.fromkeys(books, ALL_RIGHTS))
    kind = books_of(reach.account_id)
    grants = await record_acl.of_grantee(tx, kind, reach.who)
    there = await records.some(tx, kind, list(grants))
    books = {
        number: msgspec.structs.replace(read_book(there[number]), is_subscribed=grants[number].subscribed)
        for number in grants
        if number in there
    }
    return Shelf(books, {number: grants[number].rights for number in books})


async def some_cards(tx: Transaction, reach: Reach, card_ids: Sequence[int]) -> dict[int, Card]:
    """Those of these cards that somebody sees, by id."""
    found = await records.some(tx, cards_of(reach.account_id), card_ids)
    if reach.own:
        return {number: read_card(one) for number, one in found.items()}
    seen = await shelf(tx, reach)
    known = {number: seen.known(read_card(one)) for number, one in found.items()}
    return {number: card for number, card in known.items() if card is not None}


async def all_cards(tx: Transaction, reach: Reach) -> AsyncIterator[tuple[int, Card]]:
    """Every card that somebody sees, by id, in slices."""
    if reach.own:
        async for record in all_records(tx, cards_of(reach.account_id)):
            yield record.record_id, read_card(record)
        return
    seen = await shelf(tx, reach)
    numbers = await record_places.inside(tx, containing(reach.account_id), seen.allowing(RecordRight.READ))
    for first in range(0, len(numbers), records.SLICE):
        part = numbers[first : first + records.SLICE]
        there = await records.some(tx, cards_of(reach.account_id), part)
        for number in part:
            card = seen.known(read_card(there[number])) if number in there else None
            if card is not None:
                yield number, card


async def card_state(tx: Transaction, reach: Reach) -> int:
    """The modseq of the newest change among the cards, or of who sees them."""
    if reach.own:
        return await records.state(tx, cards_of(reach.account_id))
    return await record_places.state(tx, containing(reach.account_id), reach.who)


async def shows_blob(tx: Transaction, reach: Reach, blob_id: int) -> bool:
    """Whether a body is a picture or sound of a card that somebody sees."""
    rows = await tx.fetch(HOLDERS, reach.account_id, blob_id, CARD)
    return bool(rows and await some_cards(tx, reach, [row[0] for row in rows]))


async def open_first(tx: Transaction, account_id: int, new_id: int) -> list[RecordsChanged]:
    """Makes the first address book, if this account has none and never had one that is remembered (`pruning`)."""
    kind = books_of(account_id)
    if await records.state(tx, kind):
        return []
    await hold(tx, account_id)  # another may have had the same idea
    if await records.state(tx, kind):
        return []
    return [await add_book(tx, Reach(account_id), new_id, Book(FIRST, is_default=True))]


async def add_book(tx: Transaction, reach: Reach, new_id: int, book: Book) -> RecordsChanged:
    """A new address book, which only the owner makes. Raises `TooManyBooks`, `NotPermitted`."""
    if not reach.own:
        raise NotPermitted("Only the owner makes address books here")
    await hold(tx, reach.account_id)
    if len(await all_books(tx, reach.account_id)) >= MAX_BOOKS:
        raise TooManyBooks
    return await records.create(tx, books_of(reach.account_id), new_id, msgspec.json.encode(book))


async def change_book(
    tx: Transaction, reach: Reach, book_id: int, change: Callable[[Book], Book]
) -> list[RecordsChanged]:
    """An address book as `change` makes it; others' own is their subscription. Raises `NoSuchRecord`, `NotPermitted`."""
    kind = books_of(reach.account_id)
    await hold(tx, reach.account_id)
    seen = await shelf(tx, reach)
    if book_id not in seen.books:
        raise NoSuchRecord
    book = seen.books[book_id]
    changed = change(book)
    done: list[RecordsChanged] = []
    if not reach.own and changed.is_subscribed != book.is_subscribed:
        done.append(await record_acl.subscribe(tx, reach.book(book_id), subscribed=changed.is_subscribed))
        changed = msgspec.structs.replace(changed, is_subscribed=book.is_subscribed)
    if changed != book:
        await record_acl.require(tx, reach.book(book_id), RecordRight.WRITE)
        kept = (await all_books(tx, reach.account_id))[book_id].is_subscribed
        data = msgspec.json.encode(
            changed if reach.own else msgspec.structs.replace(changed, is_subscribed=kept)
        )
        done.append(await records.change(tx, kind, book_id, data))
    return done


async def set_default(tx: Transaction, reach: Reach, book_id: int) -> dict[int, RecordsChanged]:
    """Makes an address book the default, which only the owner does; gives the books for which that changed: none where it is gone. Raises `NotPermitted`."""
    if not reach.own:
        raise NotPermitted
    await hold(tx, reach.account_id)
    books = await all_books(tx, reach.account_id)
    done: dict[int, RecordsChanged] = {}
    for number, book in books.items() if book_id in books else ():
        default = number == book_id
        if book.is_default != default:
            data = msgspec.json.encode(msgspec.structs.replace(book, is_default=default))
            done[number] = await records.change(tx, books_of(reach.account_id), number, data)
    return done


async def remove_book(
    tx: Transaction, reach: Reach, book_id: int, now: int, *, contents: bool
) -> tuple[list[RecordsChanged], list[Grant]]:
    """Removes an address book, and gives what others had been given in it; with `contents`, cards that are in no other one go, too, and whoever is no owner has to be allowed to write in it.

    Raises `NoSuchRecord`, `NotPermitted`, `HasContents`.
    """
    await hold(tx, reach.account_id)
    rights = await record_acl.require(tx, reach.book(book_id), RecordRight.DELETE)
    kind = cards_of(reach.account_id)
    withdrawn, grants = await record_acl.withdraw(tx, reach.book(book_id), now)
    inside = await record_places.inside(tx, containing(reach.account_id), [book_id])
    if inside and not contents:
        raise HasContents
    if inside and RecordRight.WRITE not in rights:
        raise NotPermitted
    done: list[RecordsChanged] = [withdrawn]
    for number, record in (await records.some(tx, kind, inside)).items():
        card = read_card(record)
        left = [book for book in card.books if book != book_id]
        if left:
            kept = msgspec.structs.replace(card, books=left)
            done.append(await _change(tx, kind, number, kept, now))
        else:
            done.append(await _remove(tx, kind, number, now))
    return [await records.remove(tx, books_of(reach.account_id), book_id, now), *done], grants


async def put_card(
    tx: Transaction, reach: Reach, card_id: int, card: Card, now: int
) -> tuple[RecordsChanged, list[int]]:
    """A new card, or other contents of one; gives the bodies that are not there, too. Books that he does not see stay the card's.

    Raises `NotPermitted`, `NoSuchBook`, `RecordTooLong`, `TooManyRecords`, `LabelTaken`; `NoSuchRecord` for a card that he does not see.
    """
    kind = cards_of(reach.account_id)
    await hold(tx, reach.account_id)
    found = (await records.some(tx, kind, [card_id])).get(card_id)
    former = read_card(found) if found is not None else None
    if reach.own:
        there = await records.some(tx, books_of(reach.account_id), card.books)
        if not there.keys() >= set(card.books):
            raise NoSuchBook
        hidden = []
    else:
        seen = await shelf(tx, reach)
        _must_write(seen, former, card)
        hidden = [one for one in former.books if one not in seen.books] if former is not None else []
    kept = msgspec.structs.replace(card, books=sorted({*card.books, *hidden}))
    if former is not None:
        done = await _change(tx, kind, card_id, kept, now)
    else:
        done = await records.create(tx, kind, card_id, msgspec.json.encode(kept), label=_label(kept))
        await _place(tx, card_id, kept.books, done, now)
    return done, await record_blobs.refer(tx, kind, card_id, kept.blobs, now)


async def may_put(tx: Transaction, reach: Reach, books: list[int], former: Card | None) -> None:
    """Raises what `put_card` would for want of rights, or of books that are seen: before anything is put into the account for a card."""
    if not reach.own:
        _must_write(await shelf(tx, reach), former, Card(books, {}))


def _must_write(seen: Shelf, former: Card | None, card: Card) -> None:
    """RFC 9610 §2: mayWrite is of the cards in a book, and of moving them to or from it."""
    if not seen.books.keys() >= set(card.books):
        raise NoSuchBook
    writable = seen.allowing(RecordRight.WRITE)
    before: set[int] = set()
    if former is not None:
        known = seen.known(former)
        if known is None:
            raise NoSuchRecord
        before = set(known.books)
        if not before & writable:
            raise NotPermitted
    if not before ^ set(card.books) <= writable:
        raise NotPermitted


async def remove_card(tx: Transaction, reach: Reach, card_id: int, now: int) -> RecordsChanged:
    """Removes a card; one that is in books that he does not see, from all others. Raises `NoSuchRecord`, `NotPermitted`."""
    kind = cards_of(reach.account_id)
    await hold(tx, reach.account_id)
    found = (await records.some(tx, kind, [card_id])).get(card_id)
    if found is None:
        raise NoSuchRecord
    if reach.own:
        return await _remove(tx, kind, card_id, now)
    card, seen = read_card(found), await shelf(tx, reach)
    known = seen.known(card)
    if known is None:
        raise NoSuchRecord
    if not set(known.books) <= seen.allowing(RecordRight.WRITE):
        raise NotPermitted
    hidden = [one for one in card.books if one not in seen.books]
    if hidden:
        return await _change(tx, kind, card_id, msgspec.structs.replace(card, books=hidden), now)
    return await _remove(tx, kind, card_id, now)


async def _change(tx: Transaction, kind: Kind, card_id: int, card: Card, now: int) -> RecordsChanged:
    done = await records.change(tx, kind, card_id, msgspec.json.encode(card), label=_label(card))
    await _place(tx, card_id, card.books, done, now)
    return done


async def _remove(tx: Transaction, kind: Kind, card_id: int, now: int) -> RecordsChanged:
    await record_blobs.refer(tx, kind, card_id, (), now)
    done = await records.remove(tx, kind, card_id, now)
    await _place(tx, card_id, (), done, now)
    return done


async def _place(
    tx: Transaction, card_id: int, books: Collection[int], done: RecordsChanged, now: int
) -> None:
    at = Moment(done.modseq, now)
    await record_places.put(tx, containing(done.account_id), card_id, books, at)


def _label(card: Card) -> bytes:
    """RFC 9610 §3: an account has no two cards with one uid."""
    return hashlib.sha256(str(card.card["uid"]).encode("utf-8", "surrogatepass")).digest()


async def uids(tx: Transaction, account_id: int, wanted: Iterable[str]) -> dict[str, int]:
    """The cards that have these uids, by uid."""
    found: dict[str, int] = {}
    for uid in wanted:
        number = await records.labelled(tx, cards_of(account_id), _label(Card([], {"uid": uid})))
        if number is not None:
            found[uid] = number
    return found
