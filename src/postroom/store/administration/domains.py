"""Changes to the domains of the directory, and to the rules that hold for all of them.

Not here: a domain's keys and DNS records, and what an address resolves to (`directory`).
"""

from __future__ import annotations

import msgspec

from postroom.message.address import Address, fold, parse_domain
from postroom.message.idn import a_labels, u_labels
from postroom.store.directory import dkim_keys
from postroom.store.directory import lookup as directory
from postroom.store.directory.errors import BadName, InUse, NotFound, Taken
from postroom.store.directory.lookup import Domain, read_domain
from postroom.store.engine.transaction import Transaction


class Rules(msgspec.Struct, frozen=True):
    """For all domains: what separates a sub-address's detail ("" for no sub-addresses), and who gets postmaster's and abuse's mail."""

    delimiter: str = "+"
    administrator: Address | None = None


_RULES = """
INSERT INTO directory_rules (rules, delimiter, administrator) VALUES (1, $1, $2)
 ON CONFLICT (rules) DO UPDATE SET delimiter = excluded.delimiter, administrator = excluded.administrator
"""


async def set_rules(tx: Transaction, rules: Rules) -> None:
    """Replaces the rules."""
    if len(rules.delimiter) > 1 or rules.delimiter in ("@", ".", " "):
        raise BadName(f"{rules.delimiter!r} cannot separate a sub-address: use one character, such as + or -")
    await tx.execute(_RULES, rules.delimiter, str(rules.administrator or ""))


_ADD = """
INSERT INTO domains (domain, catch_all, postmaster, subaddresses, created) VALUES ($1, '', '', 1, $2) ON CONFLICT (domain) DO NOTHING
"""


async def add(tx: Transaction, name: str, now: int) -> Domain:
    """A new domain; raises `BadName` or `Taken`, in whichever form it is there already (RFC 6531 §3.2)."""
    domain = parse_domain(name)
    if domain is None or domain.startswith("["):
        raise BadName(f"{name!r} is not a domain name; it looks like example.com")
    if not domain.isascii():
        domain = _in_u_labels(domain)
    there = await directory.domain(tx, domain)
    if there is not None or not await tx.execute(_ADD, domain, now):
        raise Taken(f"the domain {there.name if there else domain} exists already")
    return Domain(domain)


def _in_u_labels(domain: str) -> str:
    """An internationalized name as all write it: one in capitals would be found by nobody else's spelling."""
    try:
        return u_labels(a_labels(domain))
    except ValueError as error:
        raise BadName(f"{domain!r} is not an internationalized domain name: {error}") from error


_FIRST_ADDRESS = "SELECT address FROM addresses WHERE domain = $1 ORDER BY address LIMIT 1"
_LOCK = "SELECT domain FROM domains WHERE domain = $1 {LOCK}"
_REMOVE = "DELETE FROM domains WHERE domain = $1"


async def remove(tx: Transaction, name: str) -> None:
    """Removes a domain without addresses, and its keys; raises `NotFound` or `InUse`."""
    domain = await held(tx, name)
    row = await tx.fetchrow(_FIRST_ADDRESS, domain)
    if row is not None:
        raise InUse(f"{domain} still has addresses, such as {row[0]}: remove them first")
    await dkim_keys.delete_all(tx, domain)
    await tx.execute(_REMOVE, domain)


async def held(tx: Transaction, name: str) -> str:
    """The name of a domain of ours, its row locked until the commit; raises `NotFound`."""
    found = await directory.domain(tx, name)
    if found is None or await tx.fetchrow(_LOCK, found.name) is None:
        raise NotFound(f"{name!r} is not a domain of this system; add it with: postroom domain add {name}")
    return found.name


async def named(tx: Transaction, name: str) -> Domain:
    """A domain of ours in any of its forms; raises `NotFound`."""
    found = await directory.domain(tx, name)
    if found is None:
        raise NotFound(f"{name!r} is not a domain of this system; see them with: postroom domain list")
    return found


_LISTING = """
SELECT domain, catch_all, postmaster, subaddresses FROM domains WHERE domain > $1 ORDER BY domain LIMIT $2
"""


async def listing(tx: Transaction, after: str = "", limit: int = 1000) -> list[Domain]:
    """Domains by name, from the first above `after`."""
    return [read_domain(row) for row in await tx.fetch(_LISTING, after, limit)]


_SET = "UPDATE domains SET catch_all = $2, postmaster = $3, subaddresses = $4 WHERE domain = $1"


async def change(tx: Transaction, domain: Domain) -> None:
    """Sets catch-all, postmaster and sub-addresses of a domain; raises `NotFound`.

    An address of ours that is set must exist: mail to it would be refused after we took it.
    """
    name = await held(tx, domain.name)
    for address in (domain.catch_all, domain.postmaster):
        if address is not None:
            await _must_be_reachable(tx, address)
    await tx.execute(
        _SET, name, str(domain.catch_all or ""), str(domain.postmaster or ""), int(domain.subaddresses)
    )


_OURS = "SELECT domain FROM domains WHERE domain = $1"
_EXISTS = "SELECT address FROM addresses WHERE address = $1 {LOCK}"  # nobody removes it meanwhile


async def _must_be_reachable(tx: Transaction, address: Address) -> None:
    ours = await tx.fetchrow(_OURS, address.domain) is not None
    if ours and await tx.fetchrow(_EXISTS, address.key) is None:
        raise NotFound(f"{address} does not exist; add the account or alias first")


_NEEDED = (
    "SELECT domain FROM domains WHERE LOWER(catch_all) = $1 OR LOWER(postmaster) = $1 ORDER BY domain LIMIT 1"
)


async def must_not_need(tx: Transaction, address: Address) -> None:
    """Raises `InUse` when a domain's catch-all or postmaster is this address."""
    row = await tx.fetchrow(_NEEDED, fold(str(address)))
    if row is not None:
        raise InUse(f"{address} gets the mail of {row[0]}'s catch-all or postmaster: change that first")
