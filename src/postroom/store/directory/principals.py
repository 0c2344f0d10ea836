"""Who there is to share with: the accounts of a domain by address, and what has changed among them.

RFC 9670 §2 (Principal). A change counts its domain's number up, and a row of each account says which number was the last: a state can be told without
reading the domain. The row of an account that was removed stays, a few octets, so that no state is ever too old. Not here: who may see whom.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Transaction

MOST_EXAMINED: Final = 2_000  # accounts of a domain that one query looks at
LAST: Final = "\U0010ffff"  # sorts behind everything that an address holds


class Person(msgspec.Struct, frozen=True):
    """An account as others see it: names and addresses only."""

    account_id: int
    address: str
    name: str


class DomainState(msgspec.Struct, frozen=True):
    """The number of a domain's last change, and the one below which not all is known."""

    newest: int
    floor: int


class PersonChanged(msgspec.Struct, frozen=True):
    """An account that was entered, renamed or removed; the numbers are its domain's."""

    changed: int
    account_id: int
    created: int
    gone: bool


_NEXT: Final = """
INSERT INTO principal_states (domain, newest, floor) VALUES ($1, 1, 0)
ON CONFLICT (domain) DO UPDATE SET newest = principal_states.newest + 1 RETURNING newest
"""
_NOTE: Final = """
INSERT INTO principals (domain, account_id, created, changed, gone) VALUES ($1, $2, $3, $3, $4)
ON CONFLICT (domain, account_id) DO UPDATE SET changed = excluded.changed, gone = excluded.gone
"""
_STATE: Final = "SELECT newest, floor FROM principal_states WHERE domain = $1"
_CHANGES: Final = """
SELECT changed, account_id, created, gone FROM principals WHERE domain = $1 AND changed > $2 ORDER BY changed LIMIT $3
"""
_CHANGED: Final = "SELECT changed FROM principals WHERE domain = $1 AND account_id = $2"
_SOME: Final = (
    f"SELECT account_id, address, name FROM profiles WHERE account_id IN ({placeholders(CHUNK, 1)})"  # noqa: S608 -- constants
)
_FIRST: Final = """
SELECT p.account_id, p.address, p.name FROM addresses a JOIN profiles p ON p.account_id = a.account_id
WHERE a.domain = $1 AND a.address >= $2 AND a.address < $3 AND a.kind = 1 ORDER BY a.address LIMIT $4
"""
_SHARED_BY: Final = "SELECT DISTINCT grantee_id FROM acl WHERE account_id = $1 AND grantee_id > 0"


async def note(tx: Transaction, domain: str, account_id: int, *, gone: bool = False) -> None:
    """An account of a domain was entered or renamed, or is gone."""
    row = await tx.fetchrow(_NEXT, domain)
    if row is not None:
        await tx.execute(_NOTE, domain, account_id, row[0], int(gone))


async def state(tx: Transaction, domain: str) -> DomainState:
    """Where a domain is."""
    row = await tx.fetchrow(_STATE, domain)
    return DomainState(0, 0) if row is None else DomainState(row[0], row[1])


async def changed(tx: Transaction, domain: str, account_id: int) -> int:
    """The number of the last change of one account."""
    row = await tx.fetchrow(_CHANGED, domain, account_id)
    return 0 if row is None else int(row[0])


async def changes(tx: Transaction, domain: str, since: int, limit: int) -> list[PersonChanged]:
    """What changed behind a number, in order."""
    rows = await tx.fetch(_CHANGES, domain, since, limit)
    return [PersonChanged(row[0], row[1], row[2], bool(row[3])) for row in rows]


async def some(tx: Transaction, account_ids: Iterable[int]) -> dict[int, Person]:
    """Those of these accounts that there are."""
    found = {}
    for chunk in chunks(list(account_ids)):
        for row in await tx.fetch(_SOME, *chunk):
            found[row[0]] = Person(*row)
    return found


async def beginning(tx: Transaction, domain: str, start: str, limit: int) -> list[Person]:
    """The first accounts of a domain whose address begins so, by address; `start` in the form of an address's key."""
    rows = await tx.fetch(_FIRST, domain, start, start + LAST, limit)
    return [Person(*row) for row in rows]


async def shared_by(tx: Transaction, account_id: int) -> frozenset[int]:
    """The accounts that stand in the list of any mailbox of an account."""
    return frozenset(row[0] for row in await tx.fetch(_SHARED_BY, account_id))
