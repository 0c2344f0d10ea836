"""What an account may hold, and what it holds.

RFC 9208 §3.1 (an account is one quota root), §4.1.3 and §6 (limits are set by the administrator: the account whose address the settings name as his).
Kept to where copies come: `delivery`, `copying`. Not here: accounts themselves (`accounts`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.address import parse_mailbox
from postroom.message.errors import NotPermitted
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Transaction

QUOTA: Final = "SELECT used_bytes, quota_bytes, used_msgs, quota_msgs FROM accounts WHERE account_id = $1"
LIMIT: Final = "UPDATE accounts SET quota_bytes = $2, quota_msgs = $3 WHERE account_id = $1"


class Quota(msgspec.Struct, frozen=True):
    """Octets and copies; a limit of 0 is none."""

    used_bytes: int = 0
    most_bytes: int = 0
    used_messages: int = 0
    most_messages: int = 0


async def get(tx: Transaction, account_id: int) -> Quota:
    """An account's quota; all zero when there is no such account."""
    row = await tx.fetchrow(QUOTA, account_id)
    return Quota(*row) if row is not None else Quota()


async def may_set(tx: Transaction, who: int) -> bool:
    """Whether an account is the administrator's."""
    named = parse_mailbox(await directory.administrator(tx))
    found = None if named is None else await directory.exact(tx, named)
    return isinstance(found, directory.Account) and found.account_id == who


async def limit(tx: Transaction, who: int, account_id: int, most: Quota) -> Quota:
    """Gives an account the limits of `most`, as account `who` asks; gives what holds then. Raises `NotPermitted`."""
    if not await may_set(tx, who):
        raise NotPermitted
    await tx.execute(LIMIT, account_id, most.most_bytes, most.most_messages)
    return await get(tx, account_id)
