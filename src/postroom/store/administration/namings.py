"""Who names an address of ours: targets of aliases, members and owners of lists, forwards, the administrator.

What they name may go, or never have been there: RFC 5321 §3.9 has mail for such a member fail, and its sender is told, not whoever can mend it. Reads
only, for people who ask. Not here: a domain's catch-all and postmaster, who cannot go (`domains.must_not_need`), what an address stands for (`directory`), expansion (`deliver.router`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Final

import msgspec

from postroom.message.address import Address, fold, parse_mailbox
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Kind
from postroom.store.engine.transaction import Transaction

SLICE: Final = 500

_ADMINISTRATOR: Final = "administrator"
_REMEDIES: Final = MappingProxyType(
    {
        "alias": "postroom alias set {0} --remove {1}",
        "list": "postroom list members remove {0} {1}",
        "owner of the list": "postroom list owner {0} ADDRESS",
        "forward of": "postroom account set {0} --forward ADDRESS, or --no-forward",
        _ADMINISTRATOR: "name another in the configuration, [server] administrator",
    }
)


class Naming(msgspec.Struct, frozen=True):
    """`kind` and `address` say who names `target`, such as "alias" and info@example.com; `address` is "" for what there is one of."""

    kind: str
    address: str
    target: Address

    @property
    def who(self) -> str:
        """Such as `the alias info@example.com`."""
        return f"the {self.kind} {self.address}".rstrip()

    @property
    def remedy(self) -> str:
        """What makes an end of it."""
        return _REMEDIES[self.kind].format(self.address, self.target)


async def of(tx: Transaction, address: Address) -> list[Naming]:
    """Who names this address, or a sub-address of it. For what is there still."""
    found = []
    async for one in _all(tx):
        alike = one.target.domain == address.domain and fold(one.target.local).startswith(fold(address.local))
        if alike and one.address != str(address):
            meant = await directory.resolve(tx, one.target, 1)
            if meant is not None and meant.address.key == address.key:
                found.append(one)
    return found


async def dead_ends(tx: Transaction) -> AsyncIterator[Naming]:
    """Those that name an address in a domain of ours which nobody has."""
    ours: dict[str, bool] = {}
    async for one in _all(tx):
        domain = one.target.domain
        if domain not in ours:
            ours[domain] = await directory.domain(tx, domain) is not None
        if ours[domain] and await directory.resolve(tx, one.target, 1) is None:
            yield one


async def _all(tx: Transaction) -> AsyncIterator[Naming]:
    for walk in (_of_members, _of_owners, _of_forwards, _of_the_rules):
        async for kind, address, target in walk(tx):
            found = parse_mailbox(target)
            if found is not None:
                yield Naming(kind, address, found)


_MEMBERS = """
SELECT m.address, m.target, a.kind, a.written, m.written FROM members m JOIN addresses a ON a.address = m.address
 WHERE m.address > $1 OR (m.address = $1 AND m.target > $2) ORDER BY m.address, m.target LIMIT $3
"""


async def _of_members(tx: Transaction) -> AsyncIterator[tuple[str, str, str]]:
    last = ("", "")
    while rows := await tx.fetch(_MEMBERS, *last, SLICE):
        for row in rows:
            yield Kind(row[2]).name.lower(), row[3], row[4]
        last = (rows[-1][0], rows[-1][1])


_OWNERS = (
    "SELECT address, written, owner FROM addresses WHERE kind = 3 AND address > $1 ORDER BY address LIMIT $2"
)


async def _of_owners(tx: Transaction) -> AsyncIterator[tuple[str, str, str]]:
    last = ""
    while rows := await tx.fetch(_OWNERS, last, SLICE):
        for row in rows:
            yield "owner of the list", row[1], row[2]
        last = rows[-1][0]


_FORWARDS = """
SELECT account_id, address, forwards FROM profiles WHERE forwards <> '' AND account_id > $1 ORDER BY account_id LIMIT $2
"""


async def _of_forwards(tx: Transaction) -> AsyncIterator[tuple[str, str, str]]:
    last = -1
    while rows := await tx.fetch(_FORWARDS, last, SLICE):
        for row in rows:
            for target in row[2].split("\n"):
                yield "forward of", row[1], target
        last = rows[-1][0]


async def _of_the_rules(tx: Transaction) -> AsyncIterator[tuple[str, str, str]]:
    yield _ADMINISTRATOR, "", await directory.administrator(tx)
