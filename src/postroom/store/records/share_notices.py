"""What an account is told when somebody else has changed its rights in something: records of its own, the newest ones.

RFC 9670 §3 and §3.1 (a server keeps so many, not for ever, puts together what belongs together, and
takes away what somebody has subscribed to). Written in the transaction that changes the rights; nobody is told of what he did
himself, nor of what everybody was given. Not here: the change of rights (`acl`, `record_acl`), and how it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.store.changes import PROCESSES, SHARED, Announced, Change, MailboxChanged, RecordsChanged
from postroom.store.directory import principals
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl, mailboxes
from postroom.store.mailboxes.rights import ANYONE, MailboxRef, held
from postroom.store.records import acl as record_acl
from postroom.store.records import records
from postroom.store.records.acl import Grant, RecordRef
from postroom.store.records.records import Kind

KIND: Final = "share"
MAX_NOTICES: Final = 200  # of one account; with one more the oldest goes
KEPT_DAYS: Final = 90  # and an older one goes when the next is made
MERGED_SECONDS: Final = 60  # in which what one does about one thing is one notice
MAILBOX: Final = "Mailbox"  # the type of what is no record
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND


class Stamp(msgspec.Struct, frozen=True):
    """What a notice is made with: a new id, and unix microseconds."""

    notice_id: int
    now: int


class Thing(msgspec.Struct, frozen=True):
    """What rights are in: its type as JMAP calls it, whose it is, its number, and its name at that time."""

    type: str
    account_id: int
    object_id: int
    name: str


class Notice(msgspec.Struct, frozen=True):
    """Who (`by`, his name and address at that time) has changed what somebody may do, and in what; letters as lists of its type have them (RFC 4314 §2.1 of mailboxes)."""

    created: int
    by: int
    by_name: str
    by_address: str
    thing: Thing
    old: str
    new: str


class Turn(msgspec.Struct, frozen=True):
    """What `by` has made of somebody's rights."""

    by: int
    grantee_id: int
    old: str
    new: str


def read(data: bytes) -> Notice:
    """The notice of a record."""
    return msgspec.json.decode(data, type=Notice)


def of(account_id: int) -> Kind:
    """The notices of an account."""
    return Kind(account_id, KIND)


async def change(
    tx: Transaction, mailbox: MailboxRef, asked: Sequence[acl.Change], stamp: Stamp
) -> list[Change]:
    """As `acl.change`, one after the other, all of one grantee; and he is told. Raises what that raises."""
    grantee_id = asked[0].grantee_id
    theirs = MailboxRef(mailbox.account_id, mailbox.mailbox_id, grantee_id)
    await mailboxes.hold(tx, mailbox.account_id)
    old = await held(tx, theirs) if grantee_id != ANYONE else ""
    told: list[Change] = [await acl.change(tx, mailbox, one) for one in asked]
    if grantee_id == ANYONE:
        return [*told, Announced(PROCESSES, 0, SHARED)]
    new = await held(tx, theirs)
    told.append(MailboxChanged(grantee_id, 0, mailbox.mailbox_id))
    name = (await mailboxes.get(tx, MailboxRef(mailbox.account_id, mailbox.mailbox_id))).name
    thing = Thing(MAILBOX, mailbox.account_id, mailbox.mailbox_id, name)
    turn = Turn(mailbox.who or mailbox.account_id, grantee_id, old, new)
    return told + await _tell(tx, thing, turn, stamp)


async def give(
    tx: Transaction, ref: RecordRef, given: tuple[int, str], name: str, stamp: Stamp
) -> list[Change]:
    """As `record_acl.give`, of (who, letters), in a record of this name; and he is told. Raises what that raises."""
    grantee_id, letters = given
    await mailboxes.hold(tx, ref.kind.account_id)
    old = await record_acl.held(tx, RecordRef(ref.kind, ref.record_id, grantee_id))
    done = await record_acl.give(tx, ref, grantee_id, letters, stamp.now)
    turn = Turn(ref.who or ref.kind.account_id, grantee_id, old, record_acl.in_order(letters))
    thing = Thing(ref.kind.name, ref.kind.account_id, ref.record_id, name)
    return [done, RecordsChanged(grantee_id, 0, KIND), *await _tell(tx, thing, turn, stamp)]


async def withdrawn(
    tx: Transaction, ref: RecordRef, grants: Sequence[Grant], name: str, stamp: Stamp
) -> list[Change]:
    """Tells those who had these rights in a record of this name that it is gone."""
    done: list[Change] = []
    thing = Thing(ref.kind.name, ref.kind.account_id, ref.record_id, name)
    for one in grants:
        turn = Turn(ref.who or ref.kind.account_id, one.grantee_id, one.rights, "")
        done += [RecordsChanged(one.grantee_id, 0, KIND), *await _tell(tx, thing, turn, stamp)]
    return done


async def _tell(tx: Transaction, thing: Thing, turn: Turn, stamp: Stamp) -> list[Change]:
    if turn.old == turn.new or turn.by == turn.grantee_id:
        return []
    people = await principals.some(tx, (turn.by, turn.grantee_id))
    if turn.grantee_id not in people:  # it was removed
        return []
    author = people.get(turn.by, principals.Person(turn.by, "", ""))
    notice = Notice(stamp.now, turn.by, author.name, author.address, thing, turn.old, turn.new)
    return await _add(tx, turn.grantee_id, notice, stamp)


async def _add(tx: Transaction, account_id: int, notice: Notice, stamp: Stamp) -> list[Change]:
    kind = of(account_id)
    await mailboxes.hold(tx, account_id)  # others may share something with him, too
    there = {one.record_id: read(one.data) for one in await records.listing(tx, kind)}
    gone = {number for number, one in there.items() if one.created < stamp.now - KEPT_DAYS * _DAY}
    last = max(there, default=0)
    if last and _is_one(there[last], notice):
        gone.add(last)
        notice = msgspec.structs.replace(notice, old=there[last].old)
    kept = sorted(there.keys() - gone)
    gone |= set(kept[: max(0, len(kept) - MAX_NOTICES + 1)])
    done: list[Change] = [await records.remove(tx, kind, number, stamp.now) for number in sorted(gone)]
    if notice.old != notice.new:
        done.append(await records.create(tx, kind, stamp.notice_id, msgspec.json.encode(notice)))
    return done


def _is_one(former: Notice, notice: Notice) -> bool:
    """Whether two notices are one: somebody has changed his mind, or goes on."""
    return (
        former.by == notice.by
        and _key(former.thing) == _key(notice.thing)
        and former.created >= notice.created - MERGED_SECONDS * _SECOND
    )


def _key(thing: Thing) -> tuple[str, int, int]:
    return thing.type, thing.account_id, thing.object_id


async def settle(tx: Transaction, mailbox: MailboxRef, now: int) -> list[Change]:
    """`mailbox.who` has subscribed to it: he knows of it. Its notices go."""
    return await _settle(tx, mailbox.who, (MAILBOX, mailbox.account_id, mailbox.mailbox_id), now)


async def settle_record(tx: Transaction, ref: RecordRef, now: int) -> list[Change]:
    """The same of a record."""
    return await _settle(tx, ref.who, (ref.kind.name, ref.kind.account_id, ref.record_id), now)


async def _settle(tx: Transaction, who: int, about: tuple[str, int, int], now: int) -> list[Change]:
    kind = of(who)
    await mailboxes.hold(tx, who)
    gone = [one for one in await records.listing(tx, kind) if _key(read(one.data).thing) == about]
    return [await records.remove(tx, kind, one.record_id, now) for one in gone]
