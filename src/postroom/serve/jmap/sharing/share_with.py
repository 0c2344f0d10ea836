"""`shareWith` and `mayShare` of mailboxes: the list of a mailbox as JMAP writes it, the same one that IMAP's SETACL changes.

RFC 9670 §4 (shareWith, and who is told what), RFC 8621 §2 (which letters of RFC 4314 each right of a mailbox is); that mailboxes have it, and `mayShare`,
is of draft-ietf-jmap-mail-sharing, work in progress. What JMAP has no words for stays as it is: what `anyone` is given, and letters that make
no right of JMAP by themselves, until the right that they belong to is given or taken. Not here: who may be seen (`principal`), lists of records (`book_rights`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, number_of
from postroom.serve.jmap.methods.folders import SHARING
from postroom.serve.jmap.methods.persons import visible
from postroom.store.changes import Change
from postroom.store.directory import principals
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl, mailboxes
from postroom.store.mailboxes.acl import Entry
from postroom.store.mailboxes.rights import ALL, ANYONE, MailboxRef, Right
from postroom.store.records import share_notices
from postroom.store.records.share_notices import Stamp

SHARE_WITH: Final = "shareWith"
MOST_CHANGED: Final = 100  # entries of one list that one update changes
NAMES: Final = frozenset(name for name, _ in SHARING)


def rights_of(letters: str) -> dict[str, bool]:
    """MailboxRights: each needs all of its letters."""
    return {name: all(letter in letters for letter in needed) for name, needed in SHARING}


def letters_of(former: str, wanted: Mapping[str, bool]) -> str:
    """The letters after which somebody has the rights that are wanted, and no letter more than these and what he had. Raises `Refused`."""
    if not any(wanted.values()):
        return ""
    if wanted.get("mayRename", False) != wanted.get("mayDelete", False):
        raise invalid(SHARE_WITH, "mayRename and mayDelete are one right here: give both or neither")
    had = rights_of(former)
    letters = set(former)
    for name, needed in SHARING:
        if not wanted.get(name, False) and had[name]:
            letters -= set(needed)
    for name, needed in SHARING:
        if wanted.get(name, False):
            letters |= set(needed)
    return "".join(letter for letter in ALL if letter in letters | {Right.LOOKUP})


async def lists(call: Call, account_id: int) -> dict[int, Object]:
    """shareWith of every mailbox that the visitor may share, by id."""
    found = await acl.lists(call.reading, account_id, call.visitor.account_id)
    people = {one.grantee_id for entries in found.values() for one in entries} - {ANYONE}
    there = await principals.some(call.reading, people)
    return {
        number: {
            id_text(IdKind.PRINCIPAL, one.grantee_id): rights_of(_net(one))
            for one in entries
            if one.grantee_id in there
        }
        for number, entries in found.items()
    }


def _net(entry: Entry) -> str:
    return "".join(letter for letter in entry.rights if letter not in entry.denied)


def is_share_with(value: Any, names: Collection[str] = NAMES) -> bool:
    """Whether a value has the form of the property: rights of these names, by the id of a principal, each true or false."""
    if value is None:
        return True
    return isinstance(value, dict) and all(
        isinstance(rights, dict)
        and rights.keys() <= set(names)
        and all(isinstance(one, bool) for one in rights.values())
        for rights in value.values()
    )


class Wish(msgspec.Struct, frozen=True):
    """What one is to have, and had `before` when that was asked for; no rights at all: he is taken off the list."""

    grantee_id: int
    rights: Mapping[str, bool]
    before: Mapping[str, bool]

    def over(self, there: Mapping[str, bool]) -> Mapping[str, bool]:
        """What he is to have who has these by now: what others have given or taken meanwhile stays so, where it was not asked for."""
        if not self.rights:
            return {}
        wanted = {name: self.rights.get(name, False) for name in there}
        return {
            name: has if wanted[name] == self.before.get(name, False) else wanted[name]
            for name, has in there.items()
        }


async def wishes(call: Call, account_id: int, before: Object | None, after: Object | None) -> list[Wish]:
    """What differs between two values of the property, who asks last: he may give his own right away. Raises `Refused`."""
    before, after = before or {}, after or {}
    changed = [one for one in {**before, **after} if before.get(one) != after.get(one)]
    if len(changed) > MOST_CHANGED:
        raise Refused("tooLarge", f"at most {MOST_CHANGED} principals at a time", (SHARE_WITH,))
    numbers = {one: number_of(IdKind.PRINCIPAL, one) for one in changed}
    seen = await visible(call, [number for number in numbers.values() if number is not None])
    found = []
    for written, number in numbers.items():
        if number is None or (number not in seen and written not in before):
            raise invalid(SHARE_WITH, f"there is no principal {written[:100]!r} that you may see")
        if number == account_id:
            raise invalid(SHARE_WITH, "the owner has all rights always")
        found.append(Wish(number, after.get(written, {}), before.get(written, {})))
    return sorted(found, key=lambda one: one.grantee_id == call.visitor.account_id)


async def give(
    tx: Transaction, ref: MailboxRef, wished: Sequence[Wish], stamps: Sequence[Stamp]
) -> list[Change]:
    """Changes a mailbox's list, as SETACL would. Raises `NotPermitted`, `NoSuchMailbox`, `Refused`."""
    await mailboxes.hold(tx, ref.account_id)
    there = {one.grantee_id: one for one in await acl.entries(tx, ref)}
    done: list[Change] = []
    for wish, stamp in zip(wished, stamps, strict=True):
        entry = there.get(wish.grantee_id, Entry(wish.grantee_id, ""))
        net = _net(entry)
        letters = letters_of(net, wish.over(rights_of(net)))
        kept = "".join(one for one in entry.denied if one not in letters)
        asked = [acl.Change(wish.grantee_id, letters)]
        if kept != entry.denied:
            asked.append(acl.Change(wish.grantee_id, kept, denies=True))
        done += await share_notices.change(tx, ref, asked, stamp)
    return done


def must_share(*, shareable: bool) -> None:
    """Raises `Refused` for who may not administer."""
    if not shareable:
        raise Refused("forbidden", "you may not share this mailbox", (SHARE_WITH,))
