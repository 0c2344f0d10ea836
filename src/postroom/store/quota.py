"""What an account may hold, and what it holds.

RFC 9208 §3.1 (an account is one quota root). Kept to where copies come: `delivery`, `copying`. Not here: changes of limits (`accounts`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.engine import Transaction

QUOTA: Final = "SELECT used_bytes, quota_bytes, used_msgs, quota_msgs FROM accounts WHERE account_id = $1"


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
