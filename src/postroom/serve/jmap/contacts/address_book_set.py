"""AddressBook/set (RFC 9610 §2.3): address books are made, changed, shared, made the default one, and removed.

Only the owner makes address books, and says which is the default one; the name, the description and the order are for who may write (as in RFC 9670 §4.1),
the subscription is everybody's own. Not here: what the rights are (`store.records.contacts`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Set
from postroom.proto.jmap.types import IdOrCreated, Object
from postroom.serve.jmap.contacts.address_book import look, open_account, shown
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting, record_number
from postroom.serve.jmap.methods.recorded import state_of
from postroom.serve.jmap.sharing import book_rights
from postroom.serve.jmap.sharing.share_with import SHARE_WITH, is_share_with, wishes
from postroom.store.changes import Change
from postroom.store.engine.transaction import Transaction
from postroom.store.records import contacts, share_notices
from postroom.store.records.acl import RecordRight
from postroom.store.records.contacts import BOOK, Book, HasContents, Reach, TooManyBooks
from postroom.store.records.records import NoSuchRecord
from postroom.store.records.share_notices import Stamp

MAX_NAME: Final = 255  # octets of a name, RFC 9610 §2
MAX_DESCRIPTION: Final = 65_536  # octets of a description
SETTABLE: Final[dict[str, Any]] = {
    "name": None,
    "description": None,
    "sortOrder": 0,
    "isSubscribed": True,
    SHARE_WITH: None,
}
_FIELDS: Final = {
    "name": "name",
    "description": "description",
    "sortOrder": "sort_order",
    "isSubscribed": "is_subscribed",
}


class AddressBookSet(Set, frozen=True, kw_only=True):
    """RFC 9610 §2.3."""

    on_destroy_remove_contents: bool = False
    on_success_set_is_default: IdOrCreated | None = None


async def set_(call: Call, arguments: AddressBookSet) -> Object:
    """RFC 9610 §2.3."""
    reach = await open_account(call, arguments.account_id)
    kind = contacts.books_of(reach.account_id)
    setting = Setting(call, arguments, await state_of(call, kind))
    work = _Work(call, reach, contents=arguments.on_destroy_remove_contents)
    await setting.carry_out(work.create, work.update, work.destroy)
    call.forget_shared()
    failed = setting.not_created or setting.not_updated or setting.not_destroyed
    await work.settle_default(setting, None if failed else arguments.on_success_set_is_default)
    return setting.answer(await state_of(call, kind))


class _Work:
    """What is done with one account's address books."""

    def __init__(self, call: Call, reach: Reach, *, contents: bool) -> None:
        self._call = call
        self._reach = reach
        self._contents = contents

    async def create(self, given: Object) -> Object:
        """A new address book."""
        if not self._reach.own:
            raise Refused("forbidden", "only the owner makes address books here")
        wrong = [name for name in given if name not in SETTABLE]
        if wrong:
            raise invalid(wrong, "only the server sets this, or there is no such property")
        values = {**SETTABLE, **given}
        _check(values)
        number, book = self._call.service.ids.next(), _book(values, Book(""))
        share = await self._share({}, values)

        async def work(tx: Transaction) -> list[Change]:
            made = await contacts.add_book(tx, self._reach, number, book)
            return [made, *await share(tx, number)]

        await self._do(work)
        made = await self._shown(number)
        return {name: value for name, value in made.items() if name == "id" or given.get(name, self) != value}

    async def update(self, record: str, given: Object) -> Object | None:
        """Other properties."""
        number = self._number(record)
        books = await look(self._call, self._reach)
        if number not in books:
            raise Refused("notFound")
        current = shown(books[number])
        if any(path.partition("/")[0] == SHARE_WITH for path in given):
            if RecordRight.SHARE not in books[number].rights:
                raise Refused("forbidden", "you may not share this address book", (SHARE_WITH,))
            current[SHARE_WITH] = current[SHARE_WITH] or {}  # what is shared with nobody may be patched, too
        values = patch.apply(current, given, SETTABLE)
        wrong = patch.changed_beside(current, values, SETTABLE)
        if wrong:
            raise invalid(wrong, "not a property that a client sets")
        _check(values)
        share = await self._share(current, values)
        changed = {name: value for name, value in values.items() if value != current[name]}

        async def work(tx: Transaction) -> list[Change]:
            done: list[Change] = [
                *await contacts.change_book(tx, self._reach, number, lambda book: _book(changed, book))
            ]
            if values["isSubscribed"] and not current["isSubscribed"] and not self._reach.own:
                ref = self._reach.book(number)
                done += await share_notices.settle_record(tx, ref, self._call.service.now())
            return done + await share(tx, number)

        await self._do(work)
        return await self._besides(number, values) if values[SHARE_WITH] != current[SHARE_WITH] else None

    async def _besides(self, number: int, values: Object) -> Object | None:
        """What became of shareWith, where that is not what was asked for."""
        book = (await look(self._call, self._reach)).get(number)
        now = book.share_with if book is not None else None
        return {SHARE_WITH: now} if now != (values[SHARE_WITH] or None) else None

    async def _share(
        self, before: Object, after: Object
    ) -> Callable[[Transaction, int], Awaitable[list[Change]]]:
        """What makes the one shareWith the other. Raises `Refused`."""
        service = self._call.service
        former, wanted = before.get(SHARE_WITH), after[SHARE_WITH]
        wished = await wishes(self._call, self._reach.account_id, former, wanted)
        stamps = [Stamp(service.ids.next(), service.now()) for _ in wished]

        async def work(tx: Transaction, number: int) -> list[Change]:
            return await book_rights.give(tx, self._reach, number, wished, stamps)

        return work

    async def destroy(self, record: str) -> None:
        """Removes an address book, with what is only in it when that is asked for; with whom it was shared is told."""
        number, service = self._number(record), self._call.service
        stamp = Stamp(service.ids.next(), service.now())

        async def work(tx: Transaction) -> list[Change]:
            books = (await contacts.shelf(tx, self._reach)).books
            if number not in books:
                raise NoSuchRecord
            gone, grants = await contacts.remove_book(
                tx, self._reach, number, stamp.now, contents=self._contents
            )
            ref = self._reach.book(number)
            return [*gone, *await share_notices.withdrawn(tx, ref, grants, books[number].name, stamp)]

        await self._do(work)

    async def _shown(self, number: int) -> Object:
        return shown((await look(self._call, self._reach))[number])

    async def settle_default(self, setting: Setting, wanted: str | None) -> None:
        """Makes the address book the default that is to be, else sees that there is one; what cannot be is left alone (RFC 9610 §2.3)."""
        account_id = self._reach.account_id
        books = await contacts.all_books(self._call.reading, account_id)
        named = self._call.resolved(wanted) if wanted is not None else ""
        number = record_number(BOOK, named) if self._reach.own else None
        if number not in books:
            if not books or any(book.is_default for book in books.values()):
                return
            number = min(books)
        chosen, owner = number, Reach(account_id)  # that there is a default is the system's to see to
        done = await self._call.write(lambda tx: contacts.set_default(tx, owner, chosen))
        self._call.publish(done.values())
        made = {one["id"]: one for one in setting.created.values()}
        seen = (await contacts.shelf(self._call.reading, self._reach)).books
        for book_id in done.keys() & seen.keys():
            default = book_id == chosen
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
    """The book with these values; what is not among them stays, whoever set it."""
    named = {field: values[name] for name, field in _FIELDS.items() if name in values}
    return msgspec.structs.replace(former, **named)


def _check(values: Object) -> None:
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
    SHARE_WITH: lambda value: is_share_with(value, book_rights.RIGHTS),
}

METHODS: Final[Methods] = {"AddressBook/set": Method(CONTACTS, AddressBookSet, set_)}
