"""AddressBook/set (RFC 9610 §2.3): address books are made, changed, made the default one, and removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Set
from postroom.proto.jmap.types import IdOrCreated, Object
from postroom.serve.jmap.address_book import PROPERTIES, open_account, shown
from postroom.serve.jmap.call import Call, Method, Methods
from postroom.serve.jmap.getting import Setting, record_number
from postroom.serve.jmap.recorded import state_of
from postroom.store import contacts
from postroom.store.changes import RecordsChanged
from postroom.store.contacts import BOOK, Book, HasContents, TooManyBooks
from postroom.store.engine import Transaction
from postroom.store.records import NoSuchRecord

MAX_NAME: Final = 255  # octets of a name, RFC 9610 §2
MAX_DESCRIPTION: Final = 65_536  # octets of a description
SETTABLE: Final[dict[str, Any]] = {
    "name": None,
    "description": None,
    "sortOrder": 0,
    "isSubscribed": True,
    "shareWith": None,
}


class AddressBookSet(Set, frozen=True, kw_only=True):
    """RFC 9610 §2.3."""

    on_destroy_remove_contents: bool = False
    on_success_set_is_default: IdOrCreated | None = None


async def set_(call: Call, arguments: AddressBookSet) -> Object:
    """RFC 9610 §2.3."""
    account_id = await open_account(call, arguments.account_id)
    kind = contacts.books_of(account_id)
    setting = Setting(call, arguments, await state_of(call, kind))
    work = _Work(call, account_id, contents=arguments.on_destroy_remove_contents)
    await setting.carry_out(work.create, work.update, work.destroy)
    failed = setting.not_created or setting.not_updated or setting.not_destroyed
    await work.settle_default(setting, None if failed else arguments.on_success_set_is_default)
    return setting.answer(await state_of(call, kind))


class _Work:
    """What is done with one account's address books."""

    def __init__(self, call: Call, account_id: int, *, contents: bool) -> None:
        self._call = call
        self._account_id = account_id
        self._contents = contents

    async def create(self, given: Object) -> Object:
        """A new address book."""
        for name in given:
            if name not in SETTABLE:
                known = "only the server sets this" if name in PROPERTIES else "there is no such property"
                raise invalid(name, known)
        values = {**SETTABLE, **given}
        _check(values)
        number, book = self._call.service.ids.next(), _book(values, Book(""))

        async def work(tx: Transaction) -> list[RecordsChanged]:
            return [await contacts.add_book(tx, self._account_id, number, book)]

        await self._do(work)
        made = shown(number, book)
        return {name: value for name, value in made.items() if name == "id" or given.get(name, self) != value}

    async def update(self, record: str, given: Object) -> Object | None:
        """Other properties."""
        number = self._number(record)
        books = await contacts.all_books(self._call.reading, self._account_id)
        if number not in books:
            raise Refused("notFound")
        current = shown(number, books[number])
        values = patch.apply(current, given, SETTABLE)
        wrong = [name for name in values if name not in PROPERTIES]
        wrong += [name for name in PROPERTIES if name not in SETTABLE and values.get(name) != current[name]]
        if wrong:
            raise invalid(wrong, "not a property that a client sets")
        _check(values)

        async def work(tx: Transaction) -> list[RecordsChanged]:
            return await contacts.change_book(tx, self._account_id, number, lambda book: _book(values, book))

        await self._do(work)
        return None

    async def destroy(self, record: str) -> None:
        """Removes an address book, with what is only in it when that is asked for."""
        number, now = self._number(record), self._call.service.now()

        async def work(tx: Transaction) -> list[RecordsChanged]:
            return await contacts.remove_book(tx, self._account_id, number, now, contents=self._contents)

        await self._do(work)

    async def settle_default(self, setting: Setting, wanted: str | None) -> None:
        """Makes the address book the default that is to be, else sees that there is one; what cannot be is left alone (RFC 9610 §2.3)."""
        books = await contacts.all_books(self._call.reading, self._account_id)
        named = self._call.resolved(wanted) if wanted is not None else ""
        number = record_number(BOOK, named)
        if number not in books:
            if not books or any(book.is_default for book in books.values()):
                return
            number = min(books)
        chosen = number
        done: dict[int, bool] = await self._call.write(
            lambda tx: contacts.set_default(tx, self._account_id, chosen)
        )
        if not done:
            return
        modseq = (await self._call.state(self._account_id)).modseq
        self._call.publish([RecordsChanged(self._account_id, modseq, BOOK)])
        made = {one["id"]: one for one in setting.created.values()}
        for book_id, default in done.items():
            written = id_text(IdKind.RECORD, book_id)
            if written in made:
                made[written]["isDefault"] = default
            else:
                setting.updated[written] = {**(setting.updated.get(written) or {}), "isDefault": default}

    async def _do(self, work: Callable[[Transaction], Any]) -> None:
        try:
            self._call.publish(await self._call.write(work))
        except NoSuchRecord as error:
            raise Refused("notFound") from error
        except HasContents as error:
            raise Refused("addressBookHasContents", error.public) from error
        except TooManyBooks as error:
            raise Refused("overQuota", error.public) from error

    def _number(self, record: str) -> int:
        number = record_number(BOOK, record)
        if number is None:
            raise Refused("notFound")
        return number


def _book(values: Object, former: Book) -> Book:
    return msgspec.structs.replace(
        former,
        name=values["name"],
        description=values["description"],
        sort_order=values["sortOrder"],
        is_subscribed=values["isSubscribed"],
    )


def _check(values: Object) -> None:
    if values["shareWith"] is not None:
        raise Refused("forbidden", "address books are not shared here", ("shareWith",))
    wrong = [name for name, test in _TYPES.items() if not test(values.get(name))]
    if wrong:
        raise invalid(wrong, "a property is missing, or its value is none that it can have")


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value.encode("utf-8", "replace")) <= most


_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "name": lambda value: _is_text(value, MAX_NAME) and bool(value),
    "description": lambda value: value is None or _is_text(value, MAX_DESCRIPTION),
    "sortOrder": lambda value: type(value) is int and 0 <= value < 2**31,
    "isSubscribed": lambda value: isinstance(value, bool),
}

METHODS: Final[Methods] = {"AddressBook/set": Method(CONTACTS, AddressBookSet, set_)}
