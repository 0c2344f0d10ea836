"""ContactCard/parse and ContactCard/serialize: files of contacts in blobs, read into cards and made of them.

Of the vendor's capability, with the rights of ContactCard/get. What is read is not kept: the client says what becomes of it by ContactCard/set.
Not here: what stands in the files (`message.contacts.files`).
"""

from __future__ import annotations

import base64
from typing import Final, Literal

from postroom.message.contacts import files, jscontact
from postroom.message.contacts.files import CardFile, Format
from postroom.message.contacts.vcard import NotContacts
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.contacts.address_book import open_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import record_number
from postroom.serve.jmap.methods.octets import Octets, apart, upload
from postroom.store.records import contacts
from postroom.store.records.contacts import BOOK, CARD, Reach

MOST_FILES: Final = 10  # blobs of one call
MOST_OCTETS: Final = 16 << 20  # of files that are read by one call
MOST_CARDS: Final = 5_000  # that one answer holds
MOST_MEDIA: Final = 32 << 20  # octets of pictures and sounds in one file that is made
MOST_COMPLAINTS: Final = 100  # of one file that are told
_NOT_THERE: Final = "there is no such address book"


class ContactCardParse(Arguments, frozen=True, kw_only=True):
    """Files of contacts, as vCard, xCard or CSV."""

    account_id: Id
    blob_ids: list[Id]


class ContactCardSerialize(Arguments, frozen=True, kw_only=True):
    """These cards, or all of an address book, or all that there are."""

    account_id: Id
    format: Literal["vcard", "vcard3", "xcard", "csv", "csv-outlook"] = "vcard"
    ids: list[Id] | None = None
    address_book_id: Id | None = None


async def parse(call: Call, arguments: ContactCardParse) -> Object:
    """What the files hold. Cards are as ContactCard/set takes them, but for their address books."""
    account_id = (await open_account(call, arguments.account_id)).account_id
    wanted = list(dict.fromkeys(arguments.blob_ids))
    if len(wanted) > MOST_FILES:
        raise MethodError("requestTooLarge", f"at most {MOST_FILES} files are read at once")
    found, missing = await Octets(call, account_id).all(wanted, MOST_OCTETS)
    if sum(map(len, found.values())) > MOST_OCTETS:
        raise MethodError("requestTooLarge", f"files of {MOST_OCTETS >> 20} MiB are read at once")
    parsed: Object = {}
    refused: Object = {}
    for written, octets in found.items():
        try:
            parsed[written] = _told(await apart(len(octets), _read, octets))
        except NotContacts as error:
            refused[written] = {"type": "notParsable", "description": str(error)}
    return {
        "accountId": arguments.account_id,
        "parsed": parsed or None,
        "notParsable": refused or None,
        "notFound": missing or None,
    }


def _read(octets: bytes) -> CardFile:
    """Only what is a card; the others are told of."""
    read = files.read(octets)
    fit, complaints = [], list(read.complaints)
    for card in read.cards:
        wrong = jscontact.problems(card)
        if wrong:
            complaints.append("; ".join(f"{one.path}: {one.words}" for one in wrong))
        else:
            fit.append(card)
    if len(fit) > MOST_CARDS:
        raise NotContacts(f"there are more than {MOST_CARDS} contacts in it: import it in parts")
    return CardFile(read.form, fit, complaints[:MOST_COMPLAINTS])


def _told(read: CardFile) -> Object:
    return {"format": read.form.value, "cards": read.cards, "complaints": read.complaints}


async def serialize(call: Call, arguments: ContactCardSerialize) -> Object:
    """A blob with the file. Pictures that are blobs stand in it, as far as there is room; `leftOut` says how many do not."""
    reach = await open_account(call, arguments.account_id)
    asked = arguments.ids
    if asked is not None and len(asked) > MOST_CARDS:
        raise MethodError("requestTooLarge", f"name at most {MOST_CARDS} cards, or none for all")
    cards, missing = await _cards(call, reach, arguments)
    media = _Media(Octets(call, reach.account_id))
    full = [await media.put_in(card) for card in cards]
    form = Format(arguments.format)
    octets = await apart(len(full) * 1_000, files.write, full, form)
    blob = await upload(call, octets)
    return {
        "accountId": arguments.account_id,
        "blobId": str(blob),
        "type": form.media_type,
        "extension": form.extension,
        "size": len(octets),
        "cards": len(full),
        "leftOut": media.left_out,
        "notFound": missing or None,
    }


async def _cards(call: Call, reach: Reach, arguments: ContactCardSerialize) -> tuple[list[Object], list[str]]:
    if arguments.ids is not None:
        numbers = {one: record_number(CARD, one) for one in arguments.ids}
        known = [one for one in numbers.values() if one is not None]
        there = await contacts.some_cards(call.reading, reach, known)
        missing = [one for one, number in numbers.items() if number not in there]
        return [there[number].card for number in known if number in there], missing
    book = await _book(call, reach, arguments.address_book_id)
    cards = contacts.all_cards(call.reading, reach)
    return [card.card async for _, card in cards if book is None or book in card.books], []


async def _book(call: Call, reach: Reach, written: str | None) -> int | None:
    if written is None:
        return None
    number = record_number(BOOK, written)
    if number is None or number not in (await contacts.shelf(call.reading, reach)).books:
        raise MethodError("invalidArguments", _NOT_THERE, arguments=["addressBookId"])
    return number


class _Media:
    """Pictures and sounds of cards, from their blobs into the cards (RFC 2397)."""

    def __init__(self, octets: Octets) -> None:
        self.left_out = 0
        self._octets = octets
        self._room = MOST_MEDIA

    async def put_in(self, card: Object) -> Object:
        """The card without blobs."""
        if not any("blobId" in one for one in card.get("media", {}).values()):
            return card
        media = {}
        for name, one in card["media"].items():
            told = await self._one(one)
            if told is None:
                self.left_out += 1
            else:
                media[name] = told
        plain = {name: value for name, value in card.items() if name != "media"}
        return {**plain, "media": media} if media else plain

    async def _one(self, one: Object) -> Object | None:
        if "blobId" not in one:
            return one
        octets = await self._octets.read(one["blobId"]) if self._room > 0 else None
        if octets is None or len(octets) > self._room:
            return None
        self._room -= len(octets)
        kind = one.get("mediaType", "application/octet-stream")
        packed = base64.b64encode(octets).decode()
        rest = {name: value for name, value in one.items() if name != "blobId"}
        return {**rest, "uri": f"data:{kind};base64,{packed}"}


METHODS: Final[Methods] = {
    "ContactCard/parse": Method(WEBMAIL, ContactCardParse, parse),
    "ContactCard/serialize": Method(WEBMAIL, ContactCardSerialize, serialize),
}
