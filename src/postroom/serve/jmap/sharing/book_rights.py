"""`shareWith` and `myRights` of address books: the list of a record as JMAP writes it.

RFC 9670 §4, RFC 9610 §2 (AddressBookRights). The owner has every right; who may not share a book does not see with whom it is shared. Not here: who may be
seen (`persons`), lists of mailboxes (`share_with`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.sharing.share_with import Wish
from postroom.store.changes import Change
from postroom.store.directory import principals
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.records import acl as record_acl
from postroom.store.records import contacts, share_notices
from postroom.store.records.acl import RecordRef, RecordRight
from postroom.store.records.contacts import Reach
from postroom.store.records.share_notices import Stamp

RIGHTS: Final[Mapping[str, RecordRight]] = {
    "mayRead": RecordRight.READ,
    "mayWrite": RecordRight.WRITE,
    "mayShare": RecordRight.SHARE,
    "mayDelete": RecordRight.DELETE,
}


def rights_of(letters: str) -> dict[str, bool]:
    """AddressBookRights."""
    return {name: letter in letters for name, letter in RIGHTS.items()}


def letters_of(rights: Mapping[str, bool]) -> str:
    """The letters of what is true in them."""
    return record_acl.in_order([letter for name, letter in RIGHTS.items() if rights.get(name, False)])


async def lists(call: Call, account_id: int) -> dict[int, Object]:
    """shareWith of every address book that the visitor may share and that is shared, by number."""
    found = await record_acl.lists(call.reading, contacts.books_of(account_id), call.visitor.account_id)
    people = {one.grantee_id for grants in found.values() for one in grants}
    there = await principals.some(call.reading, people)
    told = {
        number: {
            id_text(IdKind.PRINCIPAL, one.grantee_id): rights_of(one.rights)
            for one in grants
            if one.grantee_id in there
        }
        for number, grants in found.items()
    }
    return {number: one for number, one in told.items() if one}


async def give(
    tx: Transaction, reach: Reach, book_id: int, wished: Sequence[Wish], stamps: Sequence[Stamp]
) -> list[Change]:
    """Makes an address book's list what is wished. Raises `NotPermitted`, `NoSuchRecord`."""
    if not wished:
        return []
    name = (await contacts.shelf(tx, reach)).books[book_id].name
    done: list[Change] = []
    await mailboxes.hold(tx, reach.account_id)
    for wish, stamp in zip(wished, stamps, strict=True):
        book = reach.book(book_id)
        there = await record_acl.held(tx, RecordRef(book.kind, book_id, wish.grantee_id))
        given = (wish.grantee_id, letters_of(wish.over(rights_of(there))))
        done += await share_notices.give(tx, book, given, name, stamp)
    return done
