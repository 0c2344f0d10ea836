"""Operations on an account's contacts: taken in and given out as JSContact, whatever file they came from or go to.

RFC 9553, RFC 9610 §3. A card whose uid is there already takes the place of that card, so that a file may be imported again. Not here: files
(`app.cli.contacts`), JMAP.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.contact_media import give_out, take_in
from postroom.app.operations.office import Office, Operation, own_address
from postroom.message.contacts import jscontact
from postroom.message.ids import IdKind, id_text
from postroom.message.printable import printable
from postroom.store.administration import accounts
from postroom.store.changes import Change
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.records import contacts, records
from postroom.store.records.contacts import Book, Card, Reach
from postroom.store.records.records import RecordTooLong

MOST_CARDS = 1_000  # of one request


class ImportContacts(msgspec.Struct, frozen=True):
    """Cards for an account, into the address book of this name, "" for the default one."""

    address: str
    cards: list[dict[str, Any]]
    book: str = ""


class ImportedContacts(msgspec.Struct, frozen=True):
    """What came of it: numbers, and what was not taken with the reasons."""

    address: str
    book: str
    added: int
    replaced: int
    complaints: list[str]


class ListContacts(msgspec.Struct, frozen=True):
    """Whose, and of which address book, "" for all."""

    address: str
    book: str = ""


class ContactRecord(msgspec.Struct, frozen=True):
    """A card, and the names of its address books. `left_out`: media whose octets cannot be given along."""

    contact_id: str
    books: list[str]
    card: dict[str, Any]
    left_out: list[str] = []


async def import_(office: Office, _: Caller, given: ImportContacts) -> AsyncIterator[ImportedContacts]:
    """Takes cards in; what is no card is reported, and the rest is taken."""
    if len(given.cards) > MOST_CARDS:
        raise OperationError(f"{len(given.cards)} contacts, at most {MOST_CARDS} are taken at once")
    who = await own_address(office.engine.reading(), given.address)
    fit, complaints = _checked(given.cards)
    now = office.clock.now()
    first = office.ids.next()
    account_id = (await accounts.get(office.engine.reading(), who)).account_id
    taken = [await take_in(office, account_id, card) for card in fit]
    complaints += [f"{_name(one.card)}: {words}" for one in taken for words in one.complaints]
    numbers = [office.ids.next() for _ in fit]

    async def work(tx: Transaction) -> tuple[ImportedContacts, list[Change]]:
        changes: list[Change] = [*await contacts.open_first(tx, account_id, first)]
        book_id, name = await _book(tx, account_id, given.book)
        there = await contacts.uids(tx, account_id, [card["uid"] for card in fit])
        refused = list(complaints)
        added = replaced = 0
        for number, one in zip(numbers, taken, strict=True):
            card = one.card
            known = there.get(card["uid"])
            kept = Card(await _books(tx, account_id, known, book_id), card, one.blobs)
            try:
                done, _ = await contacts.put_card(tx, Reach(account_id), known or number, kept, now)
            except RecordTooLong as error:
                refused.append(f"{_name(card)}: {error.public}")
                continue
            changes.append(done)
            if known is None:
                there[card["uid"]] = number
            added, replaced = added + (known is None), replaced + (known is not None)
        return ImportedContacts(str(who), name, added, replaced, refused), changes

    imported, changes = await office.engine.write(work, Urgency.CLIENT)
    office.publish(changes)
    yield imported


def _checked(cards: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    fit, complaints = [], []
    for card in cards:
        wrong = jscontact.problems(card)
        if not wrong and any("blobId" in one for one in card.get("media", {}).values()):
            wrong = [jscontact.Problem("media", "no blobs of another account")]
        if wrong:
            complaints.append(f"{_name(card)}: {'; '.join(f'{one.path}: {one.words}' for one in wrong)}")
        else:
            fit.append(card)
    return fit, complaints


def _name(card: dict[str, Any]) -> str:
    """What a person knows a card by."""
    name = card.get("name")
    full = name.get("full") if isinstance(name, dict) else None
    return printable(str(full or card.get("uid", "a contact without a name")), 100)


async def _book(tx: Transaction, account_id: int, name: str) -> tuple[int, str]:
    books: dict[int, Book] = await contacts.all_books(tx, account_id)
    for number, book in books.items():
        if book.name == name if name else book.is_default:
            return number, book.name
    if name:
        known = ", ".join(sorted(book.name for book in books.values())[:10])
        raise OperationError(f"there is no address book {name!r}; there are: {known or 'none'}")
    raise OperationError("the account has no default address book: say --book with the name of one")


async def _books(tx: Transaction, account_id: int, known: int | None, book_id: int) -> list[int]:
    """The books of a card that is there already, with this one among them."""
    if known is None:
        return [book_id]
    found = (await records.some(tx, contacts.cards_of(account_id), [known])).get(known)
    former = contacts.read_card(found).books if found is not None else []
    return sorted({*former, book_id})


async def list_(office: Office, _: Caller, wanted: ListContacts) -> AsyncIterator[ContactRecord]:
    """Yields the cards by their ids."""
    tx = office.engine.reading()
    account_id = (await accounts.get(tx, await own_address(tx, wanted.address))).account_id
    books = await contacts.all_books(tx, account_id)
    if wanted.book:
        await _book(tx, account_id, wanted.book)
    async for number, card in contacts.all_cards(tx, Reach(account_id)):
        names = [books[book].name for book in card.books if book in books]
        if not wanted.book or wanted.book in names:
            told, left_out = await give_out(office, account_id, card.card)
            yield ContactRecord(id_text(IdKind.RECORD, number), names, told, left_out)


IMPORT = Operation("contacts.import", ImportContacts, ImportedContacts, import_)
LIST = Operation("contacts.list", ListContacts, ContactRecord, list_, reads=True)
