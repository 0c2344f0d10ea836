"""ContactCard/set and ContactCard/copy (RFC 9610 §3.5, §3.6): cards are made, changed, put into address books, and removed."""

from __future__ import annotations

import uuid
from typing import Any, Final

from postroom.message.contacts import jscontact
from postroom.message.ids import IdKind, id_text
from postroom.message.media_types import media_type
from postroom.proto.jmap import patch
from postroom.proto.jmap.blob_ids import BlobId, read_blob_id
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.errors import MethodError, Refused, invalid
from postroom.proto.jmap.standard import Copy, Set
from postroom.proto.jmap.types import Object, utc_date
from postroom.serve.jmap.address_book import open_account
from postroom.serve.jmap.call import Call, Method, Methods
from postroom.serve.jmap.contact_card import OURS, shown
from postroom.serve.jmap.getting import Setting, record_number
from postroom.serve.jmap.octets import Octets, upload
from postroom.serve.jmap.recorded import state_of
from postroom.store import blobs, contacts, records
from postroom.store.changes import RecordsChanged
from postroom.store.contacts import BOOK, CARD, Card
from postroom.store.engine import Transaction
from postroom.store.records import NoSuchRecord, RecordTooLong, TooManyRecords

IMAGES: Final = ("photo", "logo")  # media that have to be images, RFC 9610 §3.5


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 9610 §3.5."""
    account_id = await open_account(call, arguments.account_id)
    kind = contacts.cards_of(account_id)
    setting = Setting(call, arguments, await state_of(call, kind))
    work = _Work(call, account_id)
    await setting.carry_out(work.create, work.update, work.destroy)
    return setting.answer(await state_of(call, kind))


async def copy(call: Call, arguments: Copy) -> Object:
    """RFC 9610 §3.6. Nobody sees contacts of two accounts, so there is never anything to copy from."""
    source = await call.account(arguments.from_account_id, error="fromAccountNotFound")
    target = await call.own_account(arguments.account_id)
    if source == target:
        raise MethodError("invalidArguments", "the two accounts are the same", arguments=["fromAccountId"])
    raise MethodError("fromAccountNotSupportedByMethod", "of others' accounts only mail is shared")


class _Work:
    """What is done with one account's cards."""

    def __init__(self, call: Call, account_id: int) -> None:
        self._call = call
        self._account_id = account_id

    async def create(self, given: Object) -> Object:
        """A new card; what it lacks of a Card is added."""
        if "id" in given:
            raise invalid("id", "only the server sets this")
        number = self._call.service.ids.next()
        written = id_text(IdKind.RECORD, number)
        now = utc_date(self._call.service.now())
        added = {
            "@type": "Card",
            "version": "1.0",
            "uid": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{self._account_id}.{written}')}",
            "created": now,
            "updated": now,
        }
        values = {**added, **{name: value for name, value in given.items() if value is not None}}
        kept = await self._put(number, values, None)
        made = shown(number, kept)
        return {name: value for name, value in made.items() if name == "id" or given.get(name) != value}

    async def update(self, record: str, given: Object) -> Object | None:
        """A patch; `updated` is now unless the client says something else."""
        number = record_number(CARD, record)
        kind = contacts.cards_of(self._account_id)
        found = await records.some(self._call.reading, kind, [] if number is None else [number])
        if number is None or number not in found:
            raise Refused("notFound")
        former = contacts.read_card(found[number])
        current = shown(number, former)
        values = patch.apply(current, given, {})
        if values.get("id") != current["id"]:
            raise invalid("id", "only the server sets this")
        if "updated" not in given:
            values["updated"] = utc_date(self._call.service.now())
        kept = shown(number, await self._put(number, values, former))
        told = {
            name: kept[name] for name in kept if kept[name] != values.get(name) and name != "addressBookIds"
        }
        if "updated" not in given:
            told["updated"] = kept["updated"]
        return told or None

    async def destroy(self, record: str) -> None:
        """Removes a card."""
        number, now = record_number(CARD, record), self._call.service.now()
        if number is None:
            raise Refused("notFound")
        try:
            done = await self._call.write(lambda tx: contacts.remove_card(tx, self._account_id, number, now))
        except NoSuchRecord as error:
            raise Refused("notFound") from error
        self._call.publish([done])

    async def _put(self, number: int, values: Object, former: Card | None) -> Card:
        books = await self._books(values.get("addressBookIds"))
        card = {name: value for name, value in values.items() if name not in OURS}
        wrong = jscontact.problems(card)
        if wrong:
            words = "; ".join(f"{one.path}: {one.words}" for one in wrong)
            raise invalid(tuple(dict.fromkeys(one.top for one in wrong if one.top)), words)
        card, numbers = await self._media(card, former)
        kept = Card(books, card, numbers)
        now = self._call.service.now()

        async def work(tx: Transaction) -> list[RecordsChanged]:
            there = await records.some(tx, contacts.books_of(self._account_id), books)
            if len(there) != len(books):
                raise invalid("addressBookIds", "there is no such address book")
            if former is not None and number not in await records.some(
                tx, contacts.cards_of(self._account_id), [number]
            ):
                raise Refused("notFound")
            done, missing = await contacts.put_card(tx, self._account_id, number, kept, now)
            if missing:
                raise invalid("media", "a blob is not there any more")
            return [done]

        try:
            self._call.publish(await self._call.write(work))
        except RecordTooLong as error:
            raise Refused("tooLarge", error.public) from error
        except TooManyRecords as error:
            raise Refused("overQuota", error.public) from error
        return kept

    async def _books(self, given: Any) -> list[int]:
        """RFC 9610 §3: at least one, each with the value true."""
        if not isinstance(given, dict) or not given or not all(value is True for value in given.values()):
            raise invalid("addressBookIds", "a card is in one address book at least; each is named with true")
        numbers = []
        for written in given:
            try:
                number = record_number(BOOK, self._call.meant(written))
            except Refused:
                number = None
            if number is None:
                raise invalid("addressBookIds", "there is no such address book")
            numbers.append(number)
        return sorted(set(numbers))

    async def _media(self, card: Object, former: Card | None) -> tuple[Object, list[int]]:
        """The card with blobs of its own in its media, and their numbers."""
        before = former.card.get("media", {}) if former is not None else {}
        known = {one["blobId"] for one in before.values() if "blobId" in one}
        media: Object = {}
        numbers: list[int] = []
        for name, one in card.get("media", {}).items():
            media[name] = one
            if "blobId" not in one:
                continue
            if "uri" in one:
                raise invalid("media", f"{name} has a blob and a URI; say one of them")
            blob = read_blob_id(one["blobId"])
            if one["blobId"] not in known:
                blob = await self._blob(one)
                media[name] = {**one, "blobId": str(blob)}
            assert blob is not None, "it was read when it came in"
            numbers.append(blob.number)
        return ({**card, "media": media} if media else card), sorted(set(numbers))

    async def _blob(self, one: Object) -> BlobId:
        octets = await Octets(self._call, self._account_id).read(one["blobId"])
        blob = read_blob_id(one["blobId"])
        if octets is None or blob is None:
            raise invalid("media", f"there is no blob {one['blobId']}")
        if one["kind"] in IMAGES and not media_type("", octets).startswith("image/"):
            raise invalid("media", f"{one['blobId']} is no image of a known type")
        if not blob.parts and await blobs.get(self._call.reading, self._account_id, blob.number) is not None:
            return blob
        return await upload(self._call, octets)  # out of a message, which may go


METHODS: Final[Methods] = {
    "ContactCard/set": Method(CONTACTS, Set, set_),
    "ContactCard/copy": Method(CONTACTS, Copy, copy),
}
