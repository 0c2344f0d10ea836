"""MTA-STS policies of other domains: what was fetched, and until when it holds.

RFC 8461 §3.3 (policies are kept for their max_age) and §10.2 (fetched again long before that). Not here: what a policy says, and who fetches it.
"""

from __future__ import annotations

import msgspec

from postroom.store.engine.transaction import Row, Transaction


class StoredPolicy(msgspec.Struct, frozen=True):
    """A policy as text, under the `id` of the record that led to it. Times are unix microseconds; `used` is when mail last asked, to a day."""

    domain: str
    id: str
    policy: bytes
    fetched: int
    expires: int
    refresh: int
    used: int


_COLUMNS = "domain, id, policy, fetched, expires, refresh, used"
_PUT = f"""
INSERT INTO sts_policies ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
 ON CONFLICT (domain) DO UPDATE SET id = excluded.id, policy = excluded.policy, fetched = excluded.fetched, expires = excluded.expires,
  refresh = excluded.refresh, used = CASE WHEN sts_policies.used > excluded.used THEN sts_policies.used ELSE excluded.used END
"""  # noqa: S608 -- constants


async def put(tx: Transaction, policy: StoredPolicy) -> None:
    """Keeps a policy in the place of the domain's former one."""
    await tx.execute(
        _PUT,
        policy.domain,
        policy.id,
        policy.policy,
        policy.fetched,
        policy.expires,
        policy.refresh,
        policy.used,
    )


_GET = f"SELECT {_COLUMNS} FROM sts_policies WHERE domain = $1"  # noqa: S608 -- constants


async def get(tx: Transaction, domain: str) -> StoredPolicy | None:
    """The policy of a domain, expired or not."""
    row = await tx.fetchrow(_GET, domain)
    return None if row is None else _read(row)


_USED = "UPDATE sts_policies SET used = $2 WHERE domain = $1 AND used < $2"


async def mark_used(tx: Transaction, domain: str, now: int) -> None:
    """Mail has asked for it."""
    await tx.execute(_USED, domain, now)


_DUE = f"""
SELECT {_COLUMNS} FROM sts_policies WHERE refresh <= $1 AND used >= $2 ORDER BY refresh, domain LIMIT $3
"""  # noqa: S608 -- constants


async def due(tx: Transaction, now: int, used_since: int, limit: int) -> list[StoredPolicy]:
    """Policies whose time to be fetched again has come, of domains that got mail since."""
    return [_read(row) for row in await tx.fetch(_DUE, now, used_since, limit)]


_LATER = "UPDATE sts_policies SET refresh = $2 WHERE domain = $1"


async def fetch_later(tx: Transaction, domain: str, refresh: int) -> None:
    """It could not be fetched now."""
    await tx.execute(_LATER, domain, refresh)


_PRUNE = "DELETE FROM sts_policies WHERE expires <= $1"


async def prune(tx: Transaction, now: int) -> None:
    """Forgets what has expired."""
    await tx.execute(_PRUNE, now)


def _read(row: Row) -> StoredPolicy:
    domain, name, policy, fetched, expires, refresh, used = row
    return StoredPolicy(domain, name, bytes(policy), fetched, expires, refresh, used)
