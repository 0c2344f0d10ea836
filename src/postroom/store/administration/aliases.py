"""Changes to aliases and mailing lists, and their listing.

Both are an address with members; a list has an owner besides, who is the reverse-path of what goes to its members (RFC 5321 §3.9).
Not here: accounts (`accounts`), /etc/aliases (`aliases_file`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.store.administration import domains
from postroom.store.directory.errors import InUse, NotFound, Taken, TooMany
from postroom.store.directory.lookup import Kind
from postroom.store.engine.transaction import Transaction

MAX_MEMBERS: Final = (
    10_000  # that an alias, a list or an account's forwards stand for: mail for more goes to nobody
)


class Entry(msgspec.Struct, frozen=True):
    """A line of the listing: an address, what it stands for, a list's owner, and how many members it has."""

    address: Address
    kind: Kind
    owner: Address | None
    members: int


_ADD = """
INSERT INTO addresses (address, domain, kind, account_id, written, owner) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (address) DO NOTHING
"""
_KIND = "SELECT kind FROM addresses WHERE address = $1"


async def register(
    tx: Transaction, address: Address, kind: Kind, account_id: int = 0, owner: str = ""
) -> None:
    """Enters an address; raises `NotFound` when its domain is not ours, `Taken` when somebody has it."""
    await domains.held(tx, address.domain)
    if await tx.execute(_ADD, address.key, address.domain, kind, account_id, str(address), owner):
        return
    row = await tx.fetchrow(_KIND, address.key)
    what = Kind(row[0]).name.lower() if row is not None else "something"
    raise Taken(f"{address} is taken: it is the address of an existing {what}")


async def add_alias(tx: Transaction, address: Address, targets: Iterable[Address]) -> None:
    """A new alias for one or more addresses, here or elsewhere."""
    await register(tx, address, Kind.ALIAS)
    await add_members(tx, address, targets)


async def add_list(
    tx: Transaction, address: Address, owner: Address, members: Iterable[Address] = ()
) -> None:
    """A new list; it may be empty."""
    if owner.key == address.key:
        raise InUse(f"{address} cannot be its own owner: reports on its mail would go to the list")
    await register(tx, address, Kind.LIST, owner=str(owner))
    await add_members(tx, address, members)


_FOUND = "SELECT kind FROM addresses WHERE address = $1 {LOCK}"
_ADD_MEMBER = """
INSERT INTO members (address, target, written) VALUES ($1, $2, $3) ON CONFLICT (address, target) DO UPDATE SET written = excluded.written
"""
_REMOVE_MEMBER = "DELETE FROM members WHERE address = $1 AND target = $2"
_REMOVE_MEMBERS = "DELETE FROM members WHERE address = $1"
_REMOVE = "DELETE FROM addresses WHERE address = $1"
_COUNT = "SELECT COUNT(*) FROM members WHERE address = $1"
_OWNER = "UPDATE addresses SET owner = $2 WHERE address = $1"


async def add_members(tx: Transaction, address: Address, members: Iterable[Address]) -> None:
    """Adds targets or members; those that are in already stay. Raises `NotFound` or `TooMany`."""
    await _held(tx, address)
    await tx.executemany(_ADD_MEMBER, [(address.key, member.key, str(member)) for member in members])
    row = await tx.fetchrow(_COUNT, address.key)
    check_number(address, row[0] if row is not None else 0)


def check_number(address: Address, number: int) -> None:
    """Raises `TooMany`: said to whoever makes it, not to everybody who writes to it."""
    if number > MAX_MEMBERS:
        raise TooMany(f"{address} would stand for {number} addresses, and mail goes to at most {MAX_MEMBERS}")


async def remove_member(tx: Transaction, address: Address, member: Address) -> None:
    """Takes one target or member out; an alias keeps at least one. Raises `NotFound` or `InUse`."""
    kind = await _held(tx, address)
    if not await tx.execute(_REMOVE_MEMBER, address.key, member.key):
        raise NotFound(f"{member} is not a member of {address}")
    row = await tx.fetchrow(_COUNT, address.key)
    if kind is Kind.ALIAS and (row is None or row[0] == 0):
        raise InUse(f"{member} is the only target of {address}: add another one first, or remove the alias")


async def set_owner(tx: Transaction, address: Address, owner: Address) -> None:
    """Changes a list's owner; raises `NotFound` for anything but a list."""
    if await _held(tx, address) is not Kind.LIST:
        raise NotFound(f"{address} is an alias, and only lists have owners")
    if owner.key == address.key:
        raise InUse(f"{address} cannot be its own owner: reports on its mail would go to the list")
    await tx.execute(_OWNER, address.key, str(owner))


async def remove(tx: Transaction, address: Address) -> None:
    """Removes an alias or a list; raises `NotFound` or `InUse`."""
    await _held(tx, address)
    await domains.must_not_need(tx, address)
    await clear(tx, address)


async def clear(tx: Transaction, address: Address) -> None:
    """Removes an alias or a list of whatever kind, to make room for another with the same address in the same transaction."""
    await tx.execute(_REMOVE_MEMBERS, address.key)
    await tx.execute(_REMOVE, address.key)


async def _held(tx: Transaction, address: Address) -> Kind:
    row = await tx.fetchrow(_FOUND, address.key)
    if row is None:
        raise NotFound(f"there is no alias or list {address}; see them with: postroom alias list")
    if row[0] == Kind.ACCOUNT:
        raise NotFound(f"{address} is an account, neither alias nor list; use: postroom account")
    return Kind(row[0])


_LISTING = """
SELECT a.written, a.kind, a.owner, (SELECT COUNT(*) FROM members m WHERE m.address = a.address), a.address
 FROM addresses a WHERE a.kind <> 1 AND a.address > $1 AND ($2 = '' OR a.domain = $2) ORDER BY a.address LIMIT $3
"""


async def listing(tx: Transaction, domain: str = "", after: str = "", limit: int = 1000) -> list[Entry]:
    """Aliases and lists, of one domain or of all, by address, from the first whose key is above `after`."""
    rows = await tx.fetch(_LISTING, after, domain, limit)
    return [
        Entry(parse_mailbox(row[0]) or Address(row[0], ""), Kind(row[1]), parse_mailbox(row[2]), row[3])
        for row in rows
    ]
