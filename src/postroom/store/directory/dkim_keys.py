"""The keys by which the mail of our domains is signed: rows, one for each selector.

RFC 6376 §3.1 (selectors). The private part comes here encrypted, and is bound to its row by what it was encrypted for (`purpose`). Not here: what
the phases mean and when they change (`mailauth.dkim.rotation`), and encryption (`vault`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.directory.errors import InUse, NotFound, Taken
from postroom.store.engine.transaction import Row, Transaction

MOST_KEYS: Final = 32  # of a domain, those included that only remain to be verified by
SIGNING: Final = "signing"  # the phase whose keys are used


class DkimKey(msgspec.Struct, frozen=True):
    """One selector. `since` is when its phase began, in unix microseconds; `record` the text of its TXT record; `secret` is encrypted."""

    domain: str
    selector: str
    algorithm: str
    phase: str
    since: int
    record: str
    secret: bytes = b""


def purpose(domain: str, selector: str) -> str:
    """What the private part is encrypted for."""
    return f"dkim {selector}._domainkey.{domain}"


_COLUMNS: Final = "domain, selector, algorithm, phase, since, record, private"
_OF: Final = f"SELECT {_COLUMNS} FROM dkim_keys WHERE domain = $1 ORDER BY selector LIMIT {MOST_KEYS}"  # noqa: S608 -- constants
_IN_PHASE: Final = f"SELECT {_COLUMNS} FROM dkim_keys WHERE domain = $1 AND phase = $2 ORDER BY selector"  # noqa: S608 -- constants
_PUT: Final = """
INSERT INTO dkim_keys (domain, selector, algorithm, phase, since, created, record, private)
 VALUES ($1, $2, $3, $4, $5, $5, $6, $7) ON CONFLICT (domain, selector) DO NOTHING
"""
_MOVE: Final = "UPDATE dkim_keys SET phase = $3, since = $4 WHERE domain = $1 AND selector = $2"
_REVOKE: Final = "UPDATE dkim_keys SET phase = $3, since = $4, record = $5, private = $6 WHERE domain = $1 AND selector = $2"
_DELETE: Final = "DELETE FROM dkim_keys WHERE domain = $1 AND selector = $2"
_DELETE_ALL: Final = "DELETE FROM dkim_keys WHERE domain = $1"
_DOMAINS: Final = "SELECT DISTINCT domain FROM dkim_keys WHERE domain > $1 ORDER BY domain LIMIT $2"


async def of(tx: Transaction, domain: str) -> list[DkimKey]:
    """All keys of a domain, by selector."""
    return [_read(row) for row in await tx.fetch(_OF, domain)]


async def signing(tx: Transaction, domain: str) -> list[DkimKey]:
    """Those that sign now, by selector."""
    return [_read(row) for row in await tx.fetch(_IN_PHASE, domain, SIGNING)]


async def domains(tx: Transaction, after: str = "", limit: int = 1000) -> list[str]:
    """The domains that have keys, by name, from the first above `after`."""
    return [str(row[0]) for row in await tx.fetch(_DOMAINS, after, limit)]


async def put(tx: Transaction, key: DkimKey) -> None:
    """Adds a key; the caller holds the domain's row. Raises `Taken`, or `InUse` when the domain has as many as it may."""
    if len(await of(tx, key.domain)) >= MOST_KEYS:
        raise InUse(
            f"{key.domain} has {MOST_KEYS} DKIM keys: delete one that is not needed any more, with: postroom dkim delete"
        )
    if not await tx.execute(
        _PUT, key.domain, key.selector, key.algorithm, key.phase, key.since, key.record, key.secret
    ):
        raise Taken(f"{key.domain} has a selector {key.selector} already; choose another name")


async def move(tx: Transaction, key: DkimKey, phase: str, now: int) -> None:
    """Its next phase begins."""
    _found(key, await tx.execute(_MOVE, key.domain, key.selector, phase, now))


async def revoke(tx: Transaction, key: DkimKey, phase: str, record: str, now: int) -> None:
    """Its next phase begins, with another record and without its private part."""
    _found(key, await tx.execute(_REVOKE, key.domain, key.selector, phase, now, record, b""))


async def delete(tx: Transaction, key: DkimKey) -> None:
    """Removes it."""
    _found(key, await tx.execute(_DELETE, key.domain, key.selector))


async def delete_all(tx: Transaction, domain: str) -> None:
    """Removes all keys of a domain."""
    await tx.execute(_DELETE_ALL, domain)


def _found(key: DkimKey, rows: int) -> None:
    if not rows:
        raise NotFound(f"{key.domain} has no selector {key.selector} any more")


def _read(row: Row) -> DkimKey:
    domain, selector, algorithm, phase, since, record, secret = row
    return DkimKey(domain, selector, algorithm, phase, since, record, bytes(secret))
