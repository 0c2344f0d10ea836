"""Operations on domains: added, listed, removed, changed.

RFC 6376 §3.1: a new domain has keys at once, since mail without signatures is distrusted everywhere. Not here: what else the DNS is to have
(`app.dns.records`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller
from postroom.app.dkim_rotation import made, new_names
from postroom.app.dns.forms import WrittenRecord, written
from postroom.app.operations.dkim import ALGORITHMS, keeper, key_record
from postroom.app.operations.office import Office, Operation, own_address
from postroom.store.administration import domains
from postroom.store.directory.dkim_keys import DkimKey
from postroom.store.directory.lookup import Domain
from postroom.store.engine.transaction import Transaction, Urgency

SLICE = 500


class NamedDomain(msgspec.Struct, frozen=True):
    """Which domain."""

    name: str


class ListDomains(msgspec.Struct, frozen=True):
    """All of them."""


class ChangeDomain(msgspec.Struct, frozen=True):
    """What is to be different: None leaves it, "" takes it away."""

    name: str
    catch_all: str | None = None
    postmaster: str | None = None
    subaddresses: bool | None = None


class DomainRecord(msgspec.Struct, frozen=True):
    """A domain of ours; addresses are "" where there is none."""

    domain: str
    catch_all: str = ""
    postmaster: str = ""
    subaddresses: bool = True


class AddedDomain(DomainRecord, frozen=True):
    """A new domain, and what the DNS is to have of its keys ([] where [signing] dkim is off)."""

    keys: list[WrittenRecord] = []


async def add(office: Office, _: Caller, new: NamedDomain) -> AsyncIterator[AddedDomain]:
    """Adds a domain with keys, which sign its mail when their records are found in the DNS."""
    now = office.clock.now()
    algorithms = ALGORITHMS["both"] if office.settings.signing.dkim else ()
    keys = await made(new_names((), algorithms, now // 1_000_000))

    async def work(tx: Transaction) -> tuple[Domain, list[DkimKey]]:
        added = await domains.add(tx, new.name, now)
        return added, await keeper(office).put(tx, added.name, keys, now)

    added, rows = await office.engine.write(work, Urgency.CLIENT)
    yield AddedDomain(added.name, keys=[written(key_record(row)) for row in rows])


async def list_(office: Office, _: Caller, __: ListDomains) -> AsyncIterator[DomainRecord]:
    """Yields all domains by name."""
    after = ""
    while found := await domains.listing(office.engine.reading(), after, SLICE):
        for one in found:
            yield _record(one)
        after = found[-1].name


async def remove(office: Office, _: Caller, old: NamedDomain) -> AsyncIterator[DomainRecord]:
    """Removes a domain that has no addresses any more."""

    async def work(tx: Transaction) -> Domain:
        found = await domains.named(tx, old.name)
        await domains.remove(tx, found.name)
        return found

    yield _record(await office.engine.write(work, Urgency.CLIENT))


async def change(office: Office, _: Caller, wanted: ChangeDomain) -> AsyncIterator[DomainRecord]:
    """Changes what is not None."""
    read = office.engine.reading()
    catch_all = await own_address(read, wanted.catch_all) if wanted.catch_all else None
    postmaster = await own_address(read, wanted.postmaster) if wanted.postmaster else None

    async def work(tx: Transaction) -> Domain:
        found = await domains.named(tx, wanted.name)
        changed = Domain(
            found.name,
            found.catch_all if wanted.catch_all is None else catch_all,
            found.postmaster if wanted.postmaster is None else postmaster,
            found.subaddresses if wanted.subaddresses is None else wanted.subaddresses,
        )
        await domains.change(tx, changed)
        return changed

    yield _record(await office.engine.write(work, Urgency.CLIENT))


def _record(found: Domain) -> DomainRecord:
    return DomainRecord(
        found.name, str(found.catch_all or ""), str(found.postmaster or ""), found.subaddresses
    )


ADD = Operation("domain.add", NamedDomain, AddedDomain, add)
LIST = Operation("domain.list", ListDomains, DomainRecord, list_, reads=True)
REMOVE = Operation("domain.remove", NamedDomain, DomainRecord, remove)
CHANGE = Operation("domain.set", ChangeDomain, DomainRecord, change)
