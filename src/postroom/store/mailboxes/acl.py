"""Access control lists of mailboxes: who was given what by whom may decide it, and what somebody was given.

RFC 4314 §2 (identifiers: an account, or anyone; a list also denies), §3. The owner has every right always, and stands in no list. Rights are checked
in the functions here. Not here: how lists look in a protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.message.address import parse_mailbox
from postroom.message.errors import NotPermitted
from postroom.store.changes import MailboxChanged
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.mailboxes import Impossible, bump
from postroom.store.mailboxes.rights import (
    ALL,
    ANYONE,
    MailboxRef,
    NoSuchMailbox,
    Right,
    for_whom,
    is_visitor,
    joined,
    require,
    visitor_of,
)

MAX_ENTRIES: Final = 1_000  # of the list of one mailbox
MAX_SHARED: Final = 10_000  # mailboxes of others that one account is shown

ENTRIES: Final = """
SELECT grantee_id, rights, denied FROM acl WHERE account_id = $1 AND mailbox_id = $2 ORDER BY grantee_id
"""
ENTRY: Final = """
SELECT rights, denied FROM acl WHERE account_id = $1 AND mailbox_id = $2 AND grantee_id = $3
"""
LISTS: Final = """
SELECT mailbox_id, grantee_id, rights, denied FROM acl WHERE account_id = $1 ORDER BY mailbox_id, grantee_id
"""
COUNT: Final = "SELECT COUNT(*) FROM acl WHERE account_id = $1 AND mailbox_id = $2"
PUT: Final = """
INSERT INTO acl (account_id, mailbox_id, grantee_id, rights, denied) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, mailbox_id, grantee_id) DO UPDATE SET rights = excluded.rights, denied = excluded.denied
"""
DROP: Final = "DELETE FROM acl WHERE account_id = $1 AND mailbox_id = $2 AND grantee_id = $3"
EXISTS: Final = "SELECT 1 FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2"
TOUCH: Final = "UPDATE mailboxes SET changed_modseq = $3 WHERE account_id = $1 AND mailbox_id = $2"
SHARED: Final = """
SELECT account_id, mailbox_id, rights, denied FROM acl WHERE grantee_id IN (0, $1) AND account_id <> $1
ORDER BY account_id, mailbox_id LIMIT $2
"""
VISITED: Final = """
SELECT account_id, mailbox_id, rights, denied FROM acl WHERE account_id = $1 AND grantee_id = 0 ORDER BY mailbox_id LIMIT $2
"""
ACCOUNT_OF: Final = "SELECT account_id FROM addresses WHERE address = $1 AND kind = 1"
ADDRESS_OF: Final = "SELECT address FROM profiles WHERE account_id = $1"


class Entry(msgspec.Struct, frozen=True):
    """What a mailbox's list says of one: letters that are given and letters that are denied. `grantee_id` may be `ANYONE`."""

    grantee_id: int
    rights: str
    denied: str = ""


async def entries(tx: Transaction, mailbox: MailboxRef) -> list[Entry]:
    """The list of a mailbox without its owner. Raises `NoSuchMailbox`, `NotPermitted`."""
    await require(tx, mailbox, Right.ADMINISTER)
    rows = await tx.fetch(ENTRIES, mailbox.account_id, mailbox.mailbox_id)
    return [Entry(*row) for row in rows]


async def lists(tx: Transaction, account_id: int, who: int) -> dict[int, list[Entry]]:
    """The lists of those mailboxes of an account in which `who` may administer, by mailbox; without those that are empty."""
    found: dict[int, list[Entry]] = {}
    for mailbox_id, *row in await tx.fetch(LISTS, account_id):
        found.setdefault(mailbox_id, []).append(Entry(*row))
    if who == account_id:
        return found

    def given(entries: list[Entry]) -> str:
        return joined((one.rights, one.denied) for one in entries if one.grantee_id in (ANYONE, who))

    return {
        number: entries
        for number, entries in found.items()
        if {Right.LOOKUP, Right.ADMINISTER} <= set(given(entries))
    }


async def change(tx: Transaction, mailbox: MailboxRef, asked: Change) -> MailboxChanged:
    """SETACL: raises `Impossible` for the owner, whose rights do not change, `NoSuchMailbox`, `NotPermitted`."""
    await require(tx, mailbox, Right.ADMINISTER)
    account_id, mailbox_id = mailbox.account_id, mailbox.mailbox_id
    modseq = await bump(tx, account_id)
    if await tx.fetchrow(EXISTS, account_id, mailbox_id) is None:
        raise NoSuchMailbox
    if asked.grantee_id == account_id:
        if asked.denies or set(asked.apply(ALL)) != set(ALL):
            raise Impossible("The owner of a mailbox has all rights always")
        return MailboxChanged(account_id, modseq, mailbox_id)
    row = await tx.fetchrow(ENTRY, account_id, mailbox_id, asked.grantee_id)
    rights, denied = (row[0], row[1]) if row is not None else ("", "")
    if asked.denies:
        denied = asked.apply(denied)
    else:
        rights = asked.apply(rights)
    if rights or denied:
        await _must_have_room(tx, mailbox, known=row is not None)
        await tx.execute(PUT, account_id, mailbox_id, asked.grantee_id, rights, denied)
    else:
        await tx.execute(DROP, account_id, mailbox_id, asked.grantee_id)
    await tx.execute(TOUCH, account_id, mailbox_id, modseq)
    return MailboxChanged(account_id, modseq, mailbox_id)


class Change(msgspec.Struct, frozen=True):
    """What SETACL asks: `letters` replace, or are added ("+") or removed ("-"). `denies`: of the rights that are denied."""

    grantee_id: int
    letters: str
    mode: str = ""
    denies: bool = False

    def apply(self, letters: str) -> str:
        """What becomes of letters, in their order."""
        asked = set(self.letters)
        had = set(letters)
        new = had | asked if self.mode == "+" else had - asked if self.mode == "-" else asked
        return "".join(right for right in ALL if right in new)


async def _must_have_room(tx: Transaction, mailbox: MailboxRef, *, known: bool) -> None:
    row = await tx.fetchrow(COUNT, mailbox.account_id, mailbox.mailbox_id)
    if not known and row is not None and row[0] >= MAX_ENTRIES:
        raise NotPermitted(f"The list of a mailbox has at most {MAX_ENTRIES} entries")


async def shared_with(tx: Transaction, who: int) -> dict[int, dict[int, str]]:
    """The mailboxes of others that an account, or a visitor, may see: rights by mailbox id, by account id."""
    found: dict[tuple[int, int], list[tuple[str, str]]] = {}
    sql, account = (VISITED, visitor_of(who)) if is_visitor(who) else (SHARED, who)
    for account_id, mailbox_id, rights, denied in await tx.fetch(sql, account, 2 * MAX_SHARED):
        found.setdefault((account_id, mailbox_id), []).append((rights, denied))
    shared: dict[int, dict[int, str]] = {}
    for (account_id, mailbox_id), gifts in list(found.items())[:MAX_SHARED]:
        given = for_whom(who, joined(gifts))
        if Right.LOOKUP in given:
            shared.setdefault(account_id, {})[mailbox_id] = given
    return shared


async def account_of(tx: Transaction, address: str) -> int | None:
    """The account with an address, None when there is none."""
    parsed = parse_mailbox(address)
    if parsed is None:
        return None
    row = await tx.fetchrow(ACCOUNT_OF, (await directory.spelt(tx, parsed)).key)
    return None if row is None else int(row[0])


async def addresses_of(tx: Transaction, account_ids: Iterable[int]) -> dict[int, str]:
    """The addresses of accounts; without those that are gone, and without `ANYONE`."""
    found: dict[int, str] = {}
    for account_id in account_ids:
        row = await tx.fetchrow(ADDRESS_OF, account_id) if account_id != ANYONE else None
        if row is not None:
            found[account_id] = row[0]
    return found
