"""What an account is told when somebody else has changed its rights in something: records of its own, the newest ones.

RFC 9670 §3 and §3.1 (a server keeps so many, not for ever, puts together what belongs together, and
takes away what somebody has subscribed to). Written in the transaction that changes the rights; nobody is told of what he did
himself, nor of what everybody was given. Not here: the change of rights (`acl`), and how it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.store import acl, mailboxes, principals, records
from postroom.store.changes import PROCESSES, SHARED, Announced, Change, MailboxChanged
from postroom.store.engine import Transaction
from postroom.store.records import Kind
from postroom.store.rights import ANYONE, MailboxRef, held

KIND: Final = "share"
MAX_NOTICES: Final = 200  # of one account; with one more the oldest goes
KEPT_DAYS: Final = 90  # and an older one goes when the next is made
MERGED_SECONDS: Final = 60  # in which what one does about one mailbox is one notice
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND


class Stamp(msgspec.Struct, frozen=True):
    """What a notice is made with: a new id, and unix microseconds."""

    notice_id: int
    now: int


class Notice(msgspec.Struct, frozen=True):
    """Who (`by`, his name and address at that time) has changed what somebody may do, and in which mailbox; letters of RFC 4314 §2.1."""

    created: int
    by: int
    by_name: str
    by_address: str
    account_id: int
    mailbox_id: int
    name: str
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
    old = await held(tx, theirs) if grantee_id != ANYONE else ""
    told: list[Change] = [await acl.change(tx, mailbox, one) for one in asked]
    if grantee_id == ANYONE:
        return [*told, Announced(PROCESSES, 0, SHARED)]
    new = await held(tx, theirs)
    told.append(MailboxChanged(grantee_id, 0, mailbox.mailbox_id))
    by = mailbox.who or mailbox.account_id
    if old == new or by == grantee_id:
        return told
    people = await principals.some(tx, (by, grantee_id))
    if grantee_id not in people:  # it was removed
        return told
    name = (await mailboxes.get(tx, MailboxRef(mailbox.account_id, mailbox.mailbox_id))).name
    author = people.get(by, principals.Person(by, "", ""))
    notice = Notice(
        stamp.now, by, author.name, author.address, mailbox.account_id, mailbox.mailbox_id, name, old, new
    )
    return told + await _add(tx, grantee_id, notice, stamp)


async def _add(tx: Transaction, account_id: int, notice: Notice, stamp: Stamp) -> list[Change]:
    kind = of(account_id)
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
    same = (former.by, former.account_id, former.mailbox_id) == (
        notice.by,
        notice.account_id,
        notice.mailbox_id,
    )
    return same and former.created >= notice.created - MERGED_SECONDS * _SECOND


async def settle(tx: Transaction, mailbox: MailboxRef, now: int) -> list[Change]:
    """`mailbox.who` has subscribed to it: he knows of it. Its notices go."""
    kind = of(mailbox.who)
    about = (mailbox.account_id, mailbox.mailbox_id)
    done: list[Change] = []
    for record in await records.listing(tx, kind):
        notice = read(record.data)
        if (notice.account_id, notice.mailbox_id) == about:
            done.append(await records.remove(tx, kind, record.record_id, now))
    return done
