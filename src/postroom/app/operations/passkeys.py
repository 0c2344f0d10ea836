"""Operations on passkeys: to see whose there are, and to take one away, when it was lost or nobody knows it.

Made they are by their owners alone, in a browser (`serve.jmap.account.passkey`). Not here: signing in (`store.login.login`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from postroom.app.control import Caller
from postroom.app.operations.access import KeyRecord, NamedKey, OfAccount, named
from postroom.app.operations.office import Office, Operation, own_address
from postroom.message.address import Address
from postroom.store.administration import accounts
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.identity import passkeys
from postroom.store.identity.passkeys import Passkey


async def list_passkeys(office: Office, _: Caller, wanted: OfAccount) -> AsyncIterator[KeyRecord]:
    """Yields them, oldest first."""
    tx = office.engine.reading()
    who = await own_address(tx, wanted.address)
    account_id = (await accounts.get(tx, who)).account_id
    for one in await passkeys.of_account(tx, account_id):
        yield _record(who, one)


async def delete_passkey(office: Office, _: Caller, old: NamedKey) -> AsyncIterator[KeyRecord]:
    """Takes one away; yields what it was."""
    who = await own_address(office.engine.reading(), old.address)

    async def work(tx: Transaction) -> KeyRecord:
        account_id = (await accounts.get(tx, who)).account_id
        there = {_record(who, one).id: one for one in await passkeys.of_account(tx, account_id)}
        record = named([_record(who, one) for one in there.values()], old)
        await passkeys.remove(tx, there[record.id])
        return record

    yield await office.engine.write(work, Urgency.CLIENT)


def _record(who: Address, one: Passkey) -> KeyRecord:
    return KeyRecord(str(who), passkeys.short_id(one), one.label, ["web"], one.created, 0, one.last_used)


LIST = Operation("passkey.list", OfAccount, KeyRecord, list_passkeys, reads=True)
DELETE = Operation("passkey.delete", NamedKey, KeyRecord, delete_passkey)
