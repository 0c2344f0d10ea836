"""Passkeys: public keys by which the owner of an account signs in on pages, in place of password and code.

W3C Web Authentication Level 3 §7.2: an authenticator's count must grow (step 22), and a challenge is answered once: it must be younger than the one that
the same key has answered last. An account has a bounded number. Not here: whether an answer is right (`passkey_proof`), who may come in (`login`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from postroom.store.directory.errors import InUse, Taken
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import browser_sessions, generations

MOST_PASSKEYS: Final = 20  # of one account
METHOD: Final = "passkey"  # what the history of logins says


class Passkey(msgspec.Struct, frozen=True):
    """One of an account; times are unix microseconds, 0 is never. `suspect`: when it was shown with a count that had been already."""

    account_id: int
    credential_id: bytes
    public_key: bytes
    sign_count: int = 0
    label: str = ""
    created: int = 0
    last_used: int = 0
    challenged: int = 0
    backed_up: bool = False
    suspect: int = 0


class Use(msgspec.Struct, frozen=True):
    """A right answer: its count, when its challenge was made, and whether the key is backed up by now."""

    sign_count: int
    challenged: int
    backed_up: bool
    now: int


_COLUMNS = "account_id, credential_id, public_key, sign_count, label, created, last_used, challenged, backed_up, suspect"
_PUT = f"INSERT INTO passkeys ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, 0)"  # noqa: S608 -- constants
_ALL = f"SELECT {_COLUMNS} FROM passkeys WHERE account_id = $1 ORDER BY created, credential_id"  # noqa: S608 -- constants
_FIND = f"SELECT {_COLUMNS} FROM passkeys WHERE account_id = $1 AND credential_id = $2"  # noqa: S608 -- constants
_USED = """
UPDATE passkeys SET sign_count = $3, challenged = $4, backed_up = $5, last_used = $6
 WHERE account_id = $1 AND credential_id = $2 AND challenged < $4 AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))
"""
_SUSPECT = "UPDATE passkeys SET suspect = $3 WHERE account_id = $1 AND credential_id = $2"
_REMOVE = "DELETE FROM passkeys WHERE account_id = $1 AND credential_id = $2"
_REMOVE_ALL = "DELETE FROM passkeys WHERE account_id = $1"


async def put(tx: Transaction, new: Passkey) -> None:
    """Adds one. Raises `InUse` when there are too many, `Taken` for a label or a key that is there."""
    await generations.hold(tx, new.account_id)
    there = await of_account(tx, new.account_id)
    if len(there) >= MOST_PASSKEYS:
        raise InUse(f"there are {len(there)} passkeys already: delete one first")
    if any(new.credential_id == one.credential_id or new.label == one.label for one in there):
        raise Taken(f"there is a passkey {new.label!r} already: choose another name")
    await tx.execute(
        _PUT,
        new.account_id,
        new.credential_id,
        new.public_key,
        new.sign_count,
        new.label,
        new.created,
        int(new.backed_up),
    )


async def find(tx: Transaction, account_id: int, credential_id: bytes) -> Passkey | None:
    """One of an account."""
    row = await tx.fetchrow(_FIND, account_id, credential_id)
    return None if row is None else _passkey(row)


async def of_account(tx: Transaction, account_id: int) -> list[Passkey]:
    """All of an account, oldest first."""
    return [_passkey(row) for row in await tx.fetch(_ALL, account_id)]


async def used(tx: Transaction, one: Passkey, use: Use) -> bool:
    """Notes a use; False when the challenge was answered already, or the count has not grown: then the key is suspect."""
    key = (one.account_id, one.credential_id)
    if await tx.execute(_USED, *key, use.sign_count, use.challenged, int(use.backed_up), use.now):
        return True
    now = await find(tx, *key)
    if now is not None and (now.sign_count or use.sign_count) and use.sign_count <= now.sign_count:
        await tx.execute(_SUSPECT, *key, use.now)
    return False


async def remove(tx: Transaction, one: Passkey, session: bytes = b"") -> bool:
    """Takes one away, and ends the browsers that were signed in with it, but for `session`; False when there is none."""
    await generations.advance(tx, one.account_id)  # first: who signs in meanwhile waits, or has finished
    await browser_sessions.remove_begun(tx, one.account_id, f"{METHOD} {one.label}", session)
    return await tx.execute(_REMOVE, one.account_id, one.credential_id) > 0


async def remove_all(tx: Transaction, account_id: int) -> None:
    """Takes all of an account away."""
    await tx.execute(_REMOVE_ALL, account_id)


def short_id(one: Passkey) -> str:
    """By which people and other protocols call one: an authenticator's own may be as long as it likes."""
    return hashlib.sha256(one.credential_id).hexdigest()[:24]


def _passkey(row: Sequence[Any]) -> Passkey:
    account_id, credential_id, public_key, *counted, backed_up, suspect = row
    found = Passkey(account_id, bytes(credential_id), bytes(public_key), *counted)
    return msgspec.structs.replace(found, backed_up=bool(backed_up), suspect=suspect)
