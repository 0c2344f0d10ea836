"""App passwords: one for each program, random, shown once, and kept as SHA-256 beside the account's other credentials.

RFC 6749 has a better way (`grants`), for programs that know it. On pages they are good for nothing: there people type their own. Not here: checking them
(`login`).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from postroom.store.directory.errors import InUse, Taken
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import credentials, generations
from postroom.store.identity.credentials import Credential, CredentialKind

PROTOCOLS: Final = ("smtp", "pop3", "imap", "sieve", "jmap")  # that one may be for
MOST_APP_PASSWORDS: Final = 50  # of one account
MOST_LABEL: Final = 100  # characters
_OCTETS: Final = 32


def new_secret() -> str:
    """A random one."""
    return secrets.token_urlsafe(_OCTETS)


def is_label(text: str) -> bool:
    """Whether something may be called that."""
    return bool(text.strip()) and len(text) <= MOST_LABEL and text.isprintable()


def credential(secret: str, number: int, label: str, now: int) -> Credential:
    """What is kept of one; for every protocol, and without an end."""
    verifier = hashlib.sha256(secret.encode()).digest()
    return Credential(number, CredentialKind.APP_PASSWORD, verifier, label, created=now)


async def of_account(tx: Transaction, account_id: int) -> list[Credential]:
    """An account's, oldest first."""
    found = await credentials.of_account(tx, account_id)
    return [one for one in found if one.kind is CredentialKind.APP_PASSWORD]


async def put(tx: Transaction, account_id: int, made: Credential) -> None:
    """Adds one. Raises `InUse` when there are too many, `Taken` for a label that there is."""
    await generations.hold(tx, account_id)
    there = await of_account(tx, account_id)
    if len(there) >= MOST_APP_PASSWORDS:
        raise InUse(f"there are {len(there)} app passwords: delete one first")
    if any(one.label == made.label for one in there):
        raise Taken(f"there is an app password {made.label!r} already: choose another name")
    await credentials.put(tx, account_id, made, made.created)
