"""Whose a client certificate is: by its fingerprint, or by a mail address that its issuer has confirmed.

RFC 4422 appendix A (EXTERNAL), RFC 5280 §4.2.1.6 (rfc822Name). An identity is `sha256:` and the fingerprint, or `email:` and an address; each is one
account's, as an administrator has said. Not here: whether a certificate is valid, which TLS has seen to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from postroom.store.directory.errors import Taken
from postroom.store.engine.transaction import Transaction


class ClientCertificate(msgspec.Struct, frozen=True):
    """An identity that lets an account in; `created` in unix microseconds."""

    identity: str
    account_id: int
    label: str
    created: int


_COLUMNS = "identity, account_id, label, created"
_PUT = (
    f"INSERT INTO client_certificates ({_COLUMNS}) VALUES ($1, $2, $3, $4) ON CONFLICT (identity) DO NOTHING"  # noqa: S608 -- constants
)
_GET = f"SELECT {_COLUMNS} FROM client_certificates WHERE identity = $1"  # noqa: S608 -- constants
_ALL = f"SELECT {_COLUMNS} FROM client_certificates WHERE account_id = $1 ORDER BY identity"  # noqa: S608 -- constants
_REMOVE = "DELETE FROM client_certificates WHERE account_id = $1 AND identity = $2"
_REMOVE_ALL = "DELETE FROM client_certificates WHERE account_id = $1"


async def put(tx: Transaction, one: ClientCertificate) -> None:
    """Lets an account in by an identity; raises `Taken` when it is somebody's already."""
    if not await tx.execute(_PUT, one.identity, one.account_id, one.label, one.created):
        raise Taken(f"{one.identity} lets an account in already; delete it there first")


async def find(tx: Transaction, identities: Sequence[str]) -> ClientCertificate | None:
    """The first of the identities that is known."""
    for identity in identities:
        row = await tx.fetchrow(_GET, identity)
        if row is not None:
            return _certificate(row)
    return None


async def of_account(tx: Transaction, account_id: int) -> list[ClientCertificate]:
    """All of an account."""
    return [_certificate(row) for row in await tx.fetch(_ALL, account_id)]


async def remove(tx: Transaction, account_id: int, identity: str) -> bool:
    """Takes an identity away; False when it was not the account's."""
    return await tx.execute(_REMOVE, account_id, identity) > 0


async def remove_all(tx: Transaction, account_id: int) -> None:
    """Takes all of an account away."""
    await tx.execute(_REMOVE_ALL, account_id)


def _certificate(row: Sequence[Any]) -> ClientCertificate:
    identity, account_id, label, created = row
    return ClientCertificate(identity, account_id, label, created)
