"""Who has mail here: what an address of ours stands for.

RFC 5321 §3.9 (aliases and lists), §4.5.1 (postmaster), RFC 2142 §4 (abuse), RFC 5233 §1 (sub-addresses). Reads only, the fewest possible
statements for RCPT: one for an alias's or account's address, one more for what it is. Not here: changes (`domains`, `accounts`,
`aliases`), and expansion (`deliver.router`).
"""

from __future__ import annotations

import enum

import msgspec

from postroom.message.address import Address, fold, parse_mailbox
from postroom.message.idn import other_forms
from postroom.store.engine.transaction import Row, Transaction

ROLES = frozenset(("postmaster", "abuse"))  # every domain has them
ALL = 1 << 40  # targets: more than there are


class Kind(enum.IntEnum):
    """What an address stands for."""

    ACCOUNT = 1
    ALIAS = 2
    LIST = 3


class Domain(msgspec.Struct, frozen=True):
    """A domain of ours. `catch_all` and `postmaster` are None where it has none of its own."""

    name: str
    catch_all: Address | None = None
    postmaster: Address | None = None
    subaddresses: bool = True


class Account(msgspec.Struct, frozen=True):
    """An account, as one of its addresses reached it: `detail` is what stood behind the delimiter (`bob+detail@`).

    Quotas are octets, 0 is none.
    """

    account_id: int
    address: Address
    detail: str = ""
    enabled: bool = True
    forwards: tuple[Address, ...] = ()
    keeps_copy: bool = True
    used_bytes: int = 0
    quota_bytes: int = 0

    @property
    def gets_mail(self) -> bool:
        """Whether the mailbox itself gets a copy."""
        return not self.forwards or self.keeps_copy

    def has_room_for(self, size: int) -> bool:
        """Whether a message of `size` octets keeps within the quota."""
        return self.quota_bytes == 0 or self.used_bytes + size <= self.quota_bytes


class Alias(msgspec.Struct, frozen=True):
    """An address that stands for others, which get the mail in its place, the reverse-path unchanged."""

    address: Address
    targets: tuple[Address, ...]


class MailingList(msgspec.Struct, frozen=True):
    """An address whose members get the mail with `owner` as reverse-path, so that reports go there."""

    address: Address
    targets: tuple[Address, ...]
    owner: Address


class Named(msgspec.Struct, frozen=True):
    """An address, and the name that people see beside it; "" for none."""

    address: Address
    name: str = ""

    def __str__(self) -> str:
        """As RFC 5321 §3.5.1 has it in replies."""
        return f"{self.name} <{self.address}>" if self.name else f"<{self.address}>"


Resolved = Account | Alias | MailingList

_DOMAIN = "SELECT domain, catch_all, postmaster, subaddresses FROM domains WHERE domain = $1"


async def domain(tx: Transaction, name: str) -> Domain | None:
    """A domain of ours by its name in any case, in A-labels or U-labels (RFC 6531 §3.2); None when it is not."""
    name = fold(name)
    for form in (name, *other_forms(name)):
        row = await tx.fetchrow(_DOMAIN, form)
        if row is not None:
            return read_domain(row)
    return None


async def spelt(tx: Transaction, address: Address) -> Address:
    """An address with its domain as we have it, in A-labels or in U-labels (RFC 6531 §3.2); one that is not ours as it is."""
    ours = await domain(tx, address.domain) if other_forms(address.domain) else None
    return address if ours is None else Address(address.local, ours.name)


def read_domain(row: Row) -> Domain:
    """A row of name, catch-all, postmaster and whether there are sub-addresses."""
    return Domain(row[0], parse_mailbox(row[1]), parse_mailbox(row[2]), bool(row[3]))


async def resolve(tx: Transaction, address: Address, most: int = ALL) -> Resolved | None:
    """What an address stands for; None when its domain is not ours or nobody has the address (`domain` tells which).

    In this order: the address itself, without its sub-address, postmaster and abuse, the domain's catch-all. Of an alias or a list at most `most`
    targets are read.
    """
    return await exact(tx, address, most=most) or await _otherwise(tx, address, most)


_FIND = "SELECT kind, account_id, written, owner FROM addresses WHERE address = $1"
_TARGETS = "SELECT written FROM members WHERE address = $1 ORDER BY target LIMIT $2"


async def exact(tx: Transaction, address: Address, detail: str = "", most: int = ALL) -> Resolved | None:
    """What the directory says of just this address."""
    row = await tx.fetchrow(_FIND, address.key)
    if row is None:
        return None
    kind, account_id, written, owner = row
    if kind == Kind.ACCOUNT:
        return await _account(tx, account_id, address, detail)
    targets = read_addresses([row[0] for row in await tx.fetch(_TARGETS, address.key, most)])
    name = parse_mailbox(written) or address
    if kind == Kind.LIST:
        return MailingList(name, targets, parse_mailbox(owner) or name)
    return Alias(name, targets)


_ACCOUNT = """
SELECT p.address, p.forwards, p.keeps_copy, a.state, a.used_bytes, a.quota_bytes
 FROM profiles p JOIN accounts a ON a.account_id = p.account_id WHERE p.account_id = $1
"""


async def account(tx: Transaction, account_id: int) -> Account | None:
    """An account by its id."""
    return await _account(tx, account_id, _NOBODY, "")


async def _account(tx: Transaction, account_id: int, reached_by: Address, detail: str) -> Account | None:
    row = await tx.fetchrow(_ACCOUNT, account_id)
    if row is None:
        return None
    written, forwards, keeps_copy, state, used, quota = row
    if written != f"{reached_by.local}@{reached_by.domain}":  # mostly it is, and needs no parsing
        reached_by = parse_mailbox(written) or Address(written, "")
    targets = read_addresses(forwards.split("\n")) if forwards else ()
    return Account(account_id, reached_by, detail, state == 0, targets, keeps_copy != 0, used, quota)


def read_addresses(written: list[str]) -> tuple[Address, ...]:
    """Addresses from their written forms."""
    return tuple(address for text in written if (address := parse_mailbox(text, unqualified=True)))


_BY_NAME = """
SELECT p.address, p.name FROM profiles p JOIN accounts a ON a.account_id = p.account_id
 WHERE LOWER(p.name) = $1 AND a.state = 0 ORDER BY p.address LIMIT $2
"""
_BY_LOCAL = """
SELECT a.written, COALESCE(p.name, '') FROM domains d JOIN addresses a ON a.address = $1 || '@' || d.domain
 LEFT JOIN profiles p ON p.account_id = a.account_id WHERE a.account_id = 0 OR p.address = a.written
 ORDER BY a.written LIMIT $2
"""


async def named(tx: Transaction, name: str, limit: int) -> list[Named]:
    """Accounts whose owner is called so (RFC 5321 §3.5.1), and what has this local part in any domain of ours; by address, ASCII case ignored.

    Goes through the domains: for people who ask, not for the way of a letter.
    """
    if not name:
        return []
    rows = list(await tx.fetch(_BY_NAME, fold(name), limit))
    rows += await tx.fetch(_BY_LOCAL, fold(name), limit)
    found = {row[0]: row[1] for row in rows}
    addresses = [(parse_mailbox(text), found[text]) for text in sorted(found)]
    return [Named(address, name) for address, name in addresses if address is not None][:limit]


_NOBODY = Address("", "")
_RULES = "SELECT delimiter, administrator FROM directory_rules"
# Of those who are let in ($2 is 0), else of all (1).
_OLDEST = """
SELECT MIN(a.account_id) FROM addresses d JOIN accounts a ON a.account_id = d.account_id WHERE d.domain = $1 AND d.kind = 1 AND a.state <= $2
"""
_OLDEST_OF_ALL = """
SELECT p.account_id FROM profiles p JOIN accounts a ON a.account_id = p.account_id WHERE a.state <= $1 ORDER BY p.account_id LIMIT 1
"""


async def _otherwise(tx: Transaction, address: Address, most: int) -> Resolved | None:
    ours = await domain(tx, address.domain)
    if ours is None:
        return None
    if ours.name != address.domain:  # it was given in its other form
        return await resolve(tx, Address(address.local, ours.name), most)
    rules = await tx.fetchrow(_RULES)
    delimiter, administrator = (rules[0], rules[1]) if rules is not None else ("+", "")
    local, detail = address.local, ""
    if ours.subaddresses and delimiter:
        local, _, detail = address.local.partition(delimiter)
        if local and local != address.local:
            found = await exact(tx, Address(local, address.domain), detail, most)
            if found is not None:
                return found
    if fold(local or address.local) in ROLES:
        return await _role(tx, address, ours, administrator)
    return Alias(address, (ours.catch_all,)) if ours.catch_all else None


async def administrator(tx: Transaction) -> str:
    """The address that was named as the administrator's, "" when none was."""
    rules = await tx.fetchrow(_RULES)
    return "" if rules is None else str(rules[1])


async def role_of_host(tx: Transaction, address: Address) -> Resolved | None:
    """Who has the mail for postmaster or abuse of this system itself, where its name is no domain of ours; None when nobody is here."""
    return await _role(tx, address, Domain(address.domain), await administrator(tx))


async def _role(tx: Transaction, address: Address, ours: Domain, administrator: str) -> Resolved | None:
    """RFC 5321 §4.5.1: postmaster must work in every domain, even if nobody said who that is: then it is the oldest account that is let in."""
    for target in (ours.postmaster, parse_mailbox(administrator)):
        if target is not None and target.key != address.key:
            return Alias(address, (target,))
    for state in (0, 1):
        for sql, args in ((_OLDEST, (address.domain, state)), (_OLDEST_OF_ALL, (state,))):
            row = await tx.fetchrow(sql, *args)
            if row is not None and row[0] is not None:
                return await account(tx, row[0])
    return None
