"""ContactCard/set and ContactCard/copy (RFC 9610 §3.5, §3.6): cards are made, changed, put into address books, and removed.

In books that others share, too; who may, says `store.records.contacts`. What media hold becomes a blob of the account (§3), wherever it was.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from postroom.message.contacts import jscontact
from postroom.message.encodings.data_uri import read_data_uri
from postroom.message.errors import TryLater
from postroom.message.ids import IdKind, id_text
from postroom.message.mime.media_types import media_type
from postroom.proto.jmap import patch
from postroom.proto.jmap.blob_ids import BlobId, read_blob_id
from postroom.proto.jmap.capabilities import CONTACTS
from postroom.proto.jmap.errors import MethodError, Refused, invalid
from postroom.proto.jmap.standard import Copy, Set
from postroom.proto.jmap.types import Object, utc_date
from postroom.serve.jmap.contacts.address_book import open_account
from postroom.serve.jmap.contacts.contact_card import shown, state_of_cards
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting, Taken, record_number
from postroom.serve.jmap.methods.octets import Octets, upload
from postroom.store.blobs import blobs
from postroom.store.changes import RecordsChanged
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.records import contacts
from postroom.store.records.contacts import BOOK, CARD, Card, NoSuchBook, Reach
from postroom.store.records.records import LabelTaken, NoSuchRecord, RecordTooLong, TooManyRecords

MOST_TRIES: Final = 5  # to patch a card that others change, too
IMAGES: Final = ("photo", "logo")  # media that have to be images, RFC 9610 §3.5


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 9610 §3.5."""
    reach = await open_account(call, arguments.account_id)
    setting = Setting(call, arguments, await state_of_cards(call, reach.account_id))
    work = _Work(call, reach)
    await setting.carry_out(work.create, work.update, work.destroy)
    await setting.again(work.create, work.update)  # what another card has let go of
    return setting.answer(await state_of_cards(call, reach.account_id))


async def copy(call: Call, arguments: Copy) -> Object:
    """RFC 9610 §3.6."""
    source = await open_account(call, arguments.from_account_id, error="fromAccountNotFound")
    target = await open_account(call, arguments.account_id)
    if source == target:
        raise MethodError("invalidArguments", "the two accounts are the same", arguments=["fromAccountId"])
    if arguments.if_from_in_state not in (None, str(await state_of_cards(call, source.account_id))):
        raise MethodError("stateMismatch")
    made = Set(account_id=arguments.account_id, if_in_state=arguments.if_in_state, create=arguments.create)
    setting = Setting(call, made, await state_of_cards(call, target.account_id))
    work = _Work(call, target)
    copied: list[str] = []

    async def one(given: Object) -> Object:
        found = await work.copy(source, given)
        copied.append(given["id"])
        return found

    await setting.create(one)
    if arguments.on_success_destroy_original and copied:
        destroyed: Object = {"accountId": arguments.from_account_id, "destroy": copied}
        if arguments.destroy_from_if_in_state is not None:
            destroyed["ifInState"] = arguments.destroy_from_if_in_state
        call.further.append(("ContactCard/set", destroyed))
    told = setting.answer(await state_of_cards(call, target.account_id))
    named = ("accountId", "oldState", "newState", "created", "notCreated")
    return {"fromAccountId": arguments.from_account_id, **{name: told[name] for name in named}}


class _ChangedMeanwhile(Exception):
    """A card is not any more what a patch was applied to."""


class _Work:
    """What is done with one account's cards."""

    def __init__(self, call: Call, reach: Reach) -> None:
        self._call = call
        self._reach = reach
        self._account_id = reach.account_id

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

    async def copy(self, source: Reach, given: Object) -> Object:
        """A card of another account; what is given besides its id takes the place of what it has (RFC 8620 §5.4)."""
        asked = given.get("id")
        number = record_number(CARD, asked) if isinstance(asked, str) else None
        there = await contacts.some_cards(self._call.reading, source, [] if number is None else [number])
        if number not in there:
            raise Refused("notFound", "there is no such card in the account it is to come from")
        card = there[number].card
        changes = {name: value for name, value in given.items() if name != "id"}
        values = {**card, **changes}
        await self._must_be_new(values.get("uid"))
        if "media" in card and "media" not in changes:
            values["media"] = await self._taken_along(source, card["media"])
        return await self.create({name: value for name, value in values.items() if value is not None})

    async def _must_be_new(self, uid: Any) -> None:
        known = await contacts.uids(
            self._call.reading, self._account_id, [uid] if isinstance(uid, str) else []
        )
        for number in known.values():
            if not await contacts.some_cards(self._call.reading, self._reach, [number]):
                raise Refused("forbidden", "a card with this uid is there already")
            existing = id_text(IdKind.RECORD, number)
            raise Refused("alreadyExists", "a card with this uid is there already", existingId=existing)

    async def _taken_along(self, source: Reach, media: Object) -> Object:
        octets = Octets(self._call, source.account_id)
        taken: Object = {}
        for name, one in media.items():
            found = await octets.read(one["blobId"]) if "blobId" in one else None
            if found is not None:
                blob = await upload(self._call, found)  # his own: `_blob` puts it into the account
                taken[name] = {**one, "blobId": str(blob)}
            elif "blobId" not in one:
                taken[name] = one
        return taken

    async def update(self, record: str, given: Object) -> Object | None:
        """A patch; `updated` is now unless the client says something else. What others change meanwhile stays."""
        for _ in range(MOST_TRIES):
            try:
                return await self._patch(record, given)
            except _ChangedMeanwhile:
                continue
        raise TryLater

    async def _patch(self, record: str, given: Object) -> Object | None:
        number = record_number(CARD, record)
        found = await contacts.some_cards(self._call.reading, self._reach, [] if number is None else [number])
        if number is None or number not in found:
            raise Refused("notFound")
        former = found[number]
        current = shown(number, former)
        values = patch.apply(current, self._call.with_records(given, "addressBookIds"), {})
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
            done = await self._call.write(lambda tx: contacts.remove_card(tx, self._reach, number, now))
        except NoSuchRecord as error:
            raise Refused("notFound") from error
        self._call.publish([done])

    async def _put(self, number: int, values: Object, former: Card | None) -> Card:
        books = await self._books(values.get("addressBookIds"))
        card = {name: value for name, value in values.items() if name not in jscontact.OF_CONTACT_CARD}
        wrong = jscontact.problems(card)
        if wrong:
            words = "; ".join(f"{one.path}: {one.words}" for one in wrong)
            raise invalid(tuple(dict.fromkeys(one.top for one in wrong if one.top)), words)
        await self._must_write(books, former)  # media are put into the account before the card is
        card, numbers = await self._media(card, former)
        kept = Card(books, card, numbers)
        now = self._call.service.now()

        async def work(tx: Transaction) -> list[RecordsChanged]:
            if former is not None:
                await self._must_be(tx, number, former)
            done, missing = await contacts.put_card(tx, self._reach, number, kept, now)
            if missing:
                raise invalid("media", "a blob is not there any more")
            return [done]

        try:
            self._call.publish(await self._call.write(work))
        except NoSuchBook as error:
            raise invalid("addressBookIds", error.public) from error
        except LabelTaken as error:
            raise Taken("invalidProperties", "another card has this uid", ("uid",)) from error
        except RecordTooLong as error:
            raise Refused("tooLarge", error.public) from error
        except TooManyRecords as error:
            raise Refused("overQuota", error.public) from error
        return kept

    async def _must_write(self, books: list[int], former: Card | None) -> None:
        try:
            await contacts.may_put(self._call.reading, self._reach, books, former)
        except NoSuchBook as error:
            raise invalid("addressBookIds", error.public) from error

    async def _must_be(self, tx: Transaction, number: int, former: Card) -> None:
        """Holds the account, and sees that a card is still what it was."""
        await mailboxes.hold(tx, self._account_id)
        there = await contacts.some_cards(tx, self._reach, [number])
        if number not in there:
            raise Refused("notFound")
        if there[number] != former:
            raise _ChangedMeanwhile

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
            if "blobId" not in one and one["uri"][:5].lower() != "data:":
                continue
            if "blobId" not in one:
                media[name], blob = await self._out_of_uri(name, one)
                numbers.append(blob.number)
                continue
            if "uri" in one:
                raise invalid("media", f"{name} has a blob and a URI; say one of them")
            kept = read_blob_id(one["blobId"])
            if one["blobId"] not in known:
                kept, kind = await self._blob(one)
                media[name] = {**one, "blobId": str(kept), "mediaType": one.get("mediaType", kind)}
            assert kept is not None, "it was read when it came in"
            numbers.append(kept.number)
        return ({**card, "media": media} if media else card), sorted(set(numbers))

    async def _out_of_uri(self, name: str, one: Object) -> tuple[Object, BlobId]:
        """RFC 9610 §3: what a data: URI holds is given out as a blob, with its type."""
        found = read_data_uri(one["uri"])
        if found is None:
            raise invalid("media", f"{name}: this is no data: URI")
        kind, octets = found
        _must_be_image(one, octets, name)
        blob = await upload(self._call, octets, self._account_id)
        rest = {field: value for field, value in one.items() if field != "uri"}
        return {**rest, "blobId": str(blob), "mediaType": one.get("mediaType", kind)}, blob

    async def _blob(self, one: Object) -> tuple[BlobId, str]:
        octets = await Octets(self._call, self._account_id).read(one["blobId"])
        blob = read_blob_id(one["blobId"])
        if octets is None or blob is None:
            raise invalid("media", f"there is no blob {one['blobId']}")
        _must_be_image(one, octets, one["blobId"])
        kind = media_type("", octets)
        if not blob.parts and await blobs.get(self._call.reading, self._account_id, blob.number) is not None:
            return blob, kind
        # Out of a message, which may go, or of who shares what is another's.
        return await upload(self._call, octets, self._account_id), kind


def _must_be_image(one: Object, octets: bytes, name: str) -> None:
    if one["kind"] in IMAGES and not media_type("", octets).startswith("image/"):
        raise invalid("media", f"{name} is no image of a known type")


METHODS: Final[Methods] = {
    "ContactCard/set": Method(CONTACTS, Set, set_),
    "ContactCard/copy": Method(CONTACTS, Copy, copy),
}
