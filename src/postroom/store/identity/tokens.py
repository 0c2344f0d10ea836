"""Bearer tokens: who has one may do what it is for, until it expires (RFC 6750).

A token names its account, so that one row is looked at, and 256 random bits; kept is only their hash. `scopes` are protocols, () is all of them. One
that a program got by OAuth ends with its grant (`grants`). Not here: how a program comes by one, and the login (`login`).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text, parse_id
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import generations

SECRET_OCTETS: Final = 32
MOST_TOKENS: Final = 200  # of one account; the one that expires first makes room
NEVER: Final = 0
BEARER: Final = "prt"  # how a token begins
_FORM = re.compile(r"([a-z]{3})_(A[0-9a-z]{1,13})_([A-Za-z0-9_-]{43})\Z")


class Token(msgspec.Struct, frozen=True):
    """A token that was given out; times are unix microseconds, `expires` 0 is never."""

    account_id: int
    token_hash: bytes
    label: str = ""
    scopes: tuple[str, ...] = ()
    created: int = 0
    expires: int = NEVER
    last_used: int = 0
    grant_id: int = 0  # 0: it was made by hand

    def good_for(self, protocol: str, now: int) -> bool:
        """Whether it may be used by this protocol at this time."""
        return (not self.scopes or protocol in self.scopes) and (self.expires == NEVER or now < self.expires)


def new_token(account_id: int, kind: str = BEARER) -> tuple[str, bytes]:
    """A new token and the hash that is kept of it; `kind` is three letters by which people tell what it is."""
    text = token_of(account_id, kind, secrets.token_bytes(SECRET_OCTETS))
    return text, hash_of(text)


def token_of(account_id: int, kind: str, secret: bytes) -> str:
    """The token with these `SECRET_OCTETS` octets."""
    written = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    return f"{kind}_{id_text(IdKind.ACCOUNT, account_id)}_{written}"


def secret_of(text: str) -> bytes:
    """The octets of a token that has the form of one."""
    return base64.urlsafe_b64decode(f"{text[-43:]}=")


def hash_of(text: str) -> bytes:
    """SHA-256: what is random needs nothing slow."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def account_of(text: str, kind: str = BEARER) -> int:
    """The account that a token of this kind says it is of, 0 for what is none of ours."""
    found = _FORM.match(text)
    return (parse_id(IdKind.ACCOUNT, found[2]) or 0) if found and found[1] == kind else 0


_COLUMNS = "account_id, token_hash, label, scopes, created, expires, last_used, grant_id"
_PUT = f"INSERT INTO tokens ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)"  # noqa: S608 -- constants
_GET = f"SELECT {_COLUMNS} FROM tokens WHERE account_id = $1 AND token_hash = $2"  # noqa: S608 -- constants
_ALL = f"SELECT {_COLUMNS} FROM tokens WHERE account_id = $1 ORDER BY created, token_hash"  # noqa: S608 -- constants
_REMOVE = "DELETE FROM tokens WHERE account_id = $1 AND token_hash = $2"
_REMOVE_GRANTED = "DELETE FROM tokens WHERE account_id = $1 AND grant_id = $2"
_REMOVE_ALL = "DELETE FROM tokens WHERE account_id = $1"
_EXPIRED = "DELETE FROM tokens WHERE account_id = $1 AND expires <> 0 AND expires < $2"
_USED = "UPDATE tokens SET last_used = $3 WHERE account_id = $1 AND token_hash = $2 AND last_used < $3"
_ANY = "SELECT 1 FROM tokens LIMIT 1"


async def put(tx: Transaction, token: Token) -> None:
    """Adds a token, and forgets those of the account that have expired. At most `MOST_TOKENS` stay."""
    await generations.hold(tx, token.account_id)
    await tx.execute(_EXPIRED, token.account_id, token.created)
    there = await of_account(tx, token.account_id)
    doomed = sorted(there, key=lambda one: (one.expires == NEVER, one.expires, one.created))
    for one in doomed[: max(0, len(there) + 1 - MOST_TOKENS)]:
        await remove(tx, one.account_id, one.token_hash)
    scopes, key = " ".join(token.scopes), (token.account_id, token.token_hash)
    await tx.execute(_PUT, *key, token.label, scopes, token.created, token.expires, token.grant_id)


async def find(tx: Transaction, text: str) -> Token | None:
    """The token of this text; None for what is none, after the same statement."""
    row = await tx.fetchrow(_GET, account_of(text), hash_of(text))
    return None if row is None else _token(row)


async def of_account(tx: Transaction, account_id: int) -> list[Token]:
    """An account's tokens, oldest first."""
    return [_token(row) for row in await tx.fetch(_ALL, account_id)]


async def revoke(tx: Transaction, account_id: int, token_hash: bytes) -> None:
    """Ends a token, and what was told by push to who had it (RFC 8620 §7.2)."""
    await remove(tx, account_id, token_hash)
    await generations.advance(tx, account_id)


async def remove(tx: Transaction, account_id: int, token_hash: bytes) -> bool:
    """Forgets a token; False when there is none."""
    return await tx.execute(_REMOVE, account_id, token_hash) > 0


async def remove_granted(tx: Transaction, account_id: int, grant_id: int) -> None:
    """Revokes all that came of a grant."""
    await tx.execute(_REMOVE_GRANTED, account_id, grant_id)


async def remove_all(tx: Transaction, account_id: int) -> None:
    """Revokes all of an account."""
    await tx.execute(_REMOVE_ALL, account_id)


async def used(tx: Transaction, token: Token, now: int) -> None:
    """Notes when it was last used."""
    await tx.execute(_USED, token.account_id, token.token_hash, now)


async def any_of(tx: Transaction) -> bool:
    """Whether anybody has one."""
    return await tx.fetchrow(_ANY) is not None


def _token(row: Sequence[Any]) -> Token:
    account_id, token_hash, label, scopes, *rest = row
    return Token(account_id, bytes(token_hash), label, tuple(scopes.split()), *rest)
