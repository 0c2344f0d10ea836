"""The generation of an account's credentials, by which what was looked at before one of them changed is known to be old.

Not here: the credentials (`credentials`, `tokens`, `grants`, `passkeys`), and what ends with a generation (`standing`, `push_subscriptions`).
"""

from __future__ import annotations

from postroom.store.engine.transaction import Transaction

_HOLD = "SELECT generation FROM profiles WHERE account_id = $1 {LOCK}"
_ADVANCE = "UPDATE profiles SET generation = generation + 1 WHERE account_id = $1"


async def hold(tx: Transaction, account_id: int) -> int | None:
    """An account's generation, which nobody else changes until the commit; None without such an account."""
    row = await tx.fetchrow(_HOLD, account_id)
    return None if row is None else int(row[0])


async def advance(tx: Transaction, account_id: int) -> None:
    """Begins the next one: who is just signing in waits for the commit and is refused, or has finished."""
    await tx.execute(_ADVANCE, account_id)
