"""The tree of an account's mailboxes by name: paths, what is made or moved along one, and subscriptions to names.

RFC 9051 §5.1.1 (hierarchy), §6.3.4 and §6.3.6 (missing parents are made), §6.3.7 (a subscription outlives its mailbox). Not here: how a name is
written in a protocol, and what lies in a mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.store.changes import MailboxChanged
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.mailboxes import (
    TOP,
    Impossible,
    MailboxExists,
    NewMailbox,
    TooManyMailboxes,
    check_name,
)
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, require

MAX_SUBSCRIPTIONS: Final = 10_000  # of one account, to names that are not its own mailboxes

NODES: Final = "SELECT mailbox_id, parent_id, name, role, subscribed FROM mailboxes WHERE account_id = $1"
STEP: Final = "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 AND parent_id = $2 AND name = $3"
ROLE_TAKEN: Final = "SELECT 1 FROM mailboxes WHERE account_id = $1 AND role = $2 AND role <> ''"
SUBSCRIPTIONS: Final = "SELECT name FROM subscriptions WHERE account_id = $1 ORDER BY name"
COUNT_SUBSCRIPTIONS: Final = "SELECT COUNT(*) FROM subscriptions WHERE account_id = $1"
SUBSCRIBE: Final = "INSERT INTO subscriptions (account_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING"
UNSUBSCRIBE: Final = "DELETE FROM subscriptions WHERE account_id = $1 AND name = $2"


class Place(msgspec.Struct, frozen=True):
    """A path in an account's tree as `who` goes along it; 0 is the owner. The mailbox at its end may be missing."""

    account_id: int
    path: tuple[str, ...]
    who: int = 0


class RoleTaken(Impossible):
    """Another mailbox has this role."""

    words = "Another mailbox has this use already"


async def nodes(tx: Transaction, account_id: int) -> Sequence[Row]:
    """(mailbox id, parent id, name, role, subscribed) of all mailboxes of an account, in no order."""
    return await tx.fetch(NODES, account_id)


def paths(rows: Sequence[Row]) -> dict[int, str]:
    """The paths of rows of `nodes` by mailbox id, levels separated by `/`."""
    known = {row[0]: (row[1], row[2]) for row in rows}
    found = {TOP: ""}
    for start in known:
        line: list[int] = []
        mailbox_id = start
        while mailbox_id not in found and mailbox_id in known:
            line.append(mailbox_id)
            mailbox_id = known[mailbox_id][0]
        path = found.get(mailbox_id, "")
        for mailbox_id in reversed(line):
            name = known[mailbox_id][1]
            path = f"{path}/{name}" if path else name
            found[mailbox_id] = path
    del found[TOP]
    return found


async def find(tx: Transaction, place: Place) -> MailboxRef:
    """The mailbox at the end of a path; raises `NoSuchMailbox`, also where it may not be seen."""
    mailbox_id = await mailboxes.by_path(tx, place.account_id, place.path)
    ref = MailboxRef(place.account_id, mailbox_id, place.who)
    await require(tx, ref)
    return ref


async def create(tx: Transaction, place: Place, role: str, ids: Ids, now: int) -> list[MailboxChanged]:
    """Makes the mailbox at the end of a path, unsubscribed, and what is missing on the way; the last change is its own.

    Raises `MailboxExists`, `NoSuchMailbox`, `NotPermitted`, `BadName`, `RoleTaken`.
    """
    await mailboxes.hold(tx, place.account_id)  # so that nobody makes meanwhile what is missing
    parent_id, missing = await _walk(tx, place)
    if not missing:
        await require(tx, MailboxRef(place.account_id, parent_id, place.who))
        raise MailboxExists
    if role and await tx.fetchrow(ROLE_TAKEN, place.account_id, role):
        raise RoleTaken
    changes = []
    for number, name in enumerate(missing):
        last = number == len(missing) - 1
        new = NewMailbox(ids.next(), name, parent_id, role if last else "", subscribed=False)
        changes.append(await mailboxes.create(tx, place.account_id, new, now, place.who))
        parent_id = new.mailbox_id
    return changes


async def rename(
    tx: Transaction, mailbox: MailboxRef, place: Place, ids: Ids, now: int
) -> list[MailboxChanged]:
    """Moves a mailbox, and what lies below it, to the end of a path of the same account. Raises as `create` does, `Impossible` for the INBOX."""
    await must_be_near(tx, mailbox, place)
    parent_id, missing = await _walk(tx, place)
    if not missing:
        await require(tx, MailboxRef(place.account_id, parent_id, place.who))
        raise MailboxExists
    changes: list[MailboxChanged] = []
    if len(missing) > 1:
        above = Place(place.account_id, place.path[:-1], place.who)
        changes = await create(tx, above, "", ids, now)
        parent_id = changes[-1].mailbox_id
    changes.append(await mailboxes.rename(tx, mailbox, parent_id, missing[-1]))
    return changes


async def must_be_near(tx: Transaction, mailbox: MailboxRef, place: Place) -> None:
    """Raises `Impossible` for a path in another account than the mailbox's; `NoSuchMailbox` where nothing of that path may be seen."""
    if place.account_id != mailbox.account_id:
        nearest, _ = await _walk(tx, place)
        await require(tx, MailboxRef(place.account_id, nearest, place.who))
        raise Impossible("A mailbox stays in its account")


async def _walk(tx: Transaction, place: Place) -> tuple[int, tuple[str, ...]]:
    """How far a path goes, and the names that are missing behind. At the top of a foreign tree nothing can be made: that is told from nothing."""
    mailbox_id = TOP
    for name in place.path:
        check_name(name)
    for number, name in enumerate(place.path):
        row = await tx.fetchrow(STEP, place.account_id, mailbox_id, name)
        if row is None:
            if mailbox_id == TOP and place.who not in (0, place.account_id):
                raise NoSuchMailbox
            return mailbox_id, place.path[number:]
        mailbox_id = row[0]
    return mailbox_id, ()


# ------------------------------------------------------------------------------------------------------------ subscriptions


async def subscriptions(tx: Transaction, account_id: int) -> list[str]:
    """Names that an account is subscribed to beside the mark of its own mailboxes."""
    return [row[0] for row in await tx.fetch(SUBSCRIPTIONS, account_id)]


async def subscribe(tx: Transaction, account_id: int, name: str) -> None:
    """To a name that is none of the account's own mailboxes. Raises `TooManyMailboxes`."""
    row = await tx.fetchrow(COUNT_SUBSCRIPTIONS, account_id)
    if row is not None and row[0] >= MAX_SUBSCRIPTIONS:
        raise TooManyMailboxes(f"An account has at most {MAX_SUBSCRIPTIONS} subscriptions of this kind")
    await tx.execute(SUBSCRIBE, account_id, name)


async def unsubscribe(tx: Transaction, account_id: int, name: str) -> bool:
    """From such a name; whether there was a subscription."""
    return bool(await tx.execute(UNSUBSCRIBE, account_id, name))
