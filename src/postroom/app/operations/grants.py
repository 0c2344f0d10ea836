"""Operations on what users have allowed programs by OAuth: to see it, and to end it.

RFC 7009 §2.1 (with a grant end its tokens). Not here: how a user allows something (`web.oauth`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from postroom.app.control import Caller
from postroom.app.operations.access import KeyRecord, NamedKey, OfAccount, named
from postroom.app.operations.office import Office, Operation, own_address
from postroom.message.address import Address
from postroom.store.administration import accounts
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.identity import grants
from postroom.store.identity.grants import Grant


async def list_grants(office: Office, _: Caller, wanted: OfAccount) -> AsyncIterator[KeyRecord]:
    """Yields the programs that have tokens, oldest first."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    for one in await _in_use(tx, who):
        yield _record(who, one)


async def revoke_grant(office: Office, _: Caller, old: NamedKey) -> AsyncIterator[KeyRecord]:
    """Ends one; yields what it was."""
    who = await own_address(office.engine.reading(), old.address)

    async def work(tx: Transaction) -> KeyRecord:
        there = {str(one.grant_id): one for one in await _in_use(tx, who)}
        record = named([_record(who, one) for one in there.values()], old)
        await grants.revoke(tx, there[record.id])
        return record

    yield await office.engine.write(work, Urgency.CLIENT)


async def _in_use(tx: Transaction, who: Address) -> list[Grant]:
    """All but those whose code nobody has brought."""
    found = await accounts.get(tx, who)
    return [one for one in await grants.of_account(tx, found.account_id) if one.last_used]


def _record(who: Address, one: Grant) -> KeyRecord:
    scopes = list(one.scopes)
    return KeyRecord(str(who), str(one.grant_id), one.label, scopes, one.created, one.expires, one.last_used)


LIST = Operation("grant.list", OfAccount, KeyRecord, list_grants, reads=True)
REVOKE = Operation("grant.revoke", NamedKey, KeyRecord, revoke_grant)
