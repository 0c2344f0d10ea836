"""What users have allowed programs by OAuth: for each a grant, with the code and the refresh tokens by which its program gets bearer tokens.

RFC 6749 §4.1.2 (a code is good once: when it comes again, all that it gave ends), RFC 9700 §4.14.2 (a refresh token is replaced at every use; one that
was spent before, however long ago, ends the grant, since somebody else may have it), RFC 7009 §2.1 (revoking one revokes the grant). Kept are only hashes. The
refresh tokens of a grant begin alike, so that the oldest is known, too; each is made of the one before by a key of the server's, so that whoever spends one twice
within moments (its answer was lost, or two processes of a program have asked) gets the same one. Not here: what is asked of the user and what goes over the
wire (`web.oauth`), the login by a token (`login`).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from postroom.store.engine.transaction import Transaction
from postroom.store.identity import generations, tokens
from postroom.store.identity.tokens import Token

CODE: Final = "prc"  # how an authorization code begins
REFRESH: Final = "prr"
CODE_SECONDS: Final = 60  # that a code is good (RFC 6749 §4.1.2 allows 600)
ACCESS_SECONDS: Final = 3600  # that a bearer token is good
IDLE_SECONDS: Final = 90 * 86_400  # after which a grant that nobody uses ends
GRACE_SECONDS: Final = 60  # in which a refresh token may come again: the answer may have been lost
FAMILY_OCTETS: Final = 16  # by which the refresh tokens of a grant begin
MOST_GRANTS: Final = 100  # of one account; the one that was not used longest makes room
_SECOND: Final = 1_000_000  # microseconds


class Grant(msgspec.Struct, frozen=True):
    """What one program may do. `client` is SHA-256 of its client_id, `scopes` are protocols; times are unix microseconds.

    `challenge` is PKCE's, S256 (RFC 7636 §4.2): what must come with the code has it as its hash. `spent_hash` is the refresh token before this one.
    """

    account_id: int
    grant_id: int
    client: bytes
    label: str
    scopes: tuple[str, ...]
    created: int
    last_used: int = 0
    expires: int = 0
    code_hash: bytes = b""
    challenge: str = ""
    refresh_hash: bytes = b""
    spent_hash: bytes = b""
    spent_at: int = 0


class Issued(msgspec.Struct, frozen=True):
    """What a program gets, in clear for the only time."""

    access: str
    refresh: str
    grant: Grant


_COLUMNS = (
    "account_id, grant_id, client, label, scopes, created, last_used, expires, code_hash, challenge, refresh_hash, "
    "spent_hash, spent_at"
)
_PUT = f"INSERT INTO grants ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"  # noqa: S608 -- constants
_ALL = f"SELECT {_COLUMNS} FROM grants WHERE account_id = $1 ORDER BY created, grant_id"  # noqa: S608 -- constants
_RENEW = """
UPDATE grants SET last_used = $3, expires = $4, refresh_hash = $5, spent_hash = $6, spent_at = $7 WHERE account_id = $1 AND grant_id = $2
"""
_REMOVE = "DELETE FROM grants WHERE account_id = $1 AND grant_id = $2"
_REMOVE_ALL = "DELETE FROM grants WHERE account_id = $1"


async def allow(tx: Transaction, grant: Grant) -> str:
    """Keeps a new grant and gives the code that its program is to bring; ends those of the account that have expired or are too many."""
    await generations.hold(tx, grant.account_id)
    there = []
    for one in await of_account(tx, grant.account_id):
        if one.expires <= grant.created:
            await revoke(tx, one)
        else:
            there.append(one)
    there.sort(key=lambda one: one.last_used or one.created)
    for one in there[: max(0, len(there) + 1 - MOST_GRANTS)]:
        await revoke(tx, one)
    text, code_hash = tokens.new_token(grant.account_id, CODE)
    expires = grant.created + CODE_SECONDS * _SECOND
    await _put(tx, msgspec.structs.replace(grant, code_hash=code_hash, expires=expires))
    return text


async def redeem(tx: Transaction, code: str, client: bytes, challenge: str, now: int) -> Issued | None:
    """What a code is good for; None when it is none, or not this client's with this challenge: then it is good for nobody any more."""
    account_id, code_hash = tokens.account_of(code, CODE), tokens.hash_of(code)
    await generations.hold(tx, account_id)
    grants = await of_account(tx, account_id)
    one = next((grant for grant in grants if hmac.compare_digest(grant.code_hash, code_hash)), None)
    if one is None:
        return None
    if one.refresh_hash or now >= one.expires or (one.client, one.challenge) != (client, challenge):
        await revoke(tx, one)
        return None
    return await _issue(tx, one, now, _first(one))


async def refresh(tx: Transaction, text: str, client: bytes, now: int, key: bytes) -> Issued | None:
    """What a refresh token is good for; None when it is none or another client's. One that was spent for long ends its grant. `key`: the server's own."""
    account_id, refresh_hash = tokens.account_of(text, REFRESH), tokens.hash_of(text)
    await generations.hold(tx, account_id)
    one = _of_refresh(await of_account(tx, account_id), text)
    if one is None or one.client != client:
        return None
    spent_at = now if refresh_hash == one.refresh_hash else one.spent_at
    known = refresh_hash in (one.refresh_hash, one.spent_hash)
    if not known or now - spent_at > GRACE_SECONDS * _SECOND or now >= one.expires:
        await revoke(tx, one)
        return None
    following = _family(one) + hmac.digest(key, text.encode(), "sha256")[FAMILY_OCTETS:]
    spent = msgspec.structs.replace(one, spent_hash=refresh_hash, spent_at=spent_at)
    return await _issue(tx, spent, now, following)


async def give(tx: Transaction, grant: Grant, now: int) -> Issued:
    """A new grant whose program gets its tokens at once: the device asked by a code of its own (RFC 8628 §3.5)."""
    one = msgspec.structs.replace(grant, code_hash=tokens.hash_of(await allow(tx, grant)))
    return await _issue(tx, one, now, _first(one))


async def revoke_by(tx: Transaction, text: str) -> None:
    """Ends the grant whose bearer or refresh token this is; a token that was made by hand ends alone; of what is none nothing happens."""
    account_id = tokens.account_of(text, REFRESH)
    grants = await of_account(tx, account_id or tokens.account_of(text))
    token = None if account_id else await tokens.find(tx, text)
    one = _of_refresh(grants, text) if account_id else _of_token(grants, token)
    if one is not None:
        await revoke(tx, one)
    elif token is not None:
        await tokens.revoke(tx, token.account_id, token.token_hash)


async def of_account(tx: Transaction, account_id: int) -> list[Grant]:
    """An account's grants, oldest first; those whose code nobody has brought among them."""
    return [_grant(row) for row in await tx.fetch(_ALL, account_id)]


async def revoke(tx: Transaction, grant: Grant) -> None:
    """Ends a grant, all tokens that came of it, and what its program had itself told by push."""
    await generations.hold(tx, grant.account_id)  # first: its program may just be getting another token
    await tokens.remove_granted(tx, grant.account_id, grant.grant_id)
    await tx.execute(_REMOVE, grant.account_id, grant.grant_id)
    # Else nothing came of it; a generation ends what all programs of the account are told
    if grant.refresh_hash:
        await generations.advance(tx, grant.account_id)


async def remove_all(tx: Transaction, account_id: int) -> None:
    """Ends all of an account; its tokens are `tokens.remove_all`'s."""
    await tx.execute(_REMOVE_ALL, account_id)


async def _issue(tx: Transaction, one: Grant, now: int, secret: bytes) -> Issued:
    access, access_hash = tokens.new_token(one.account_id)
    text = tokens.token_of(one.account_id, REFRESH, secret)
    expires = now + ACCESS_SECONDS * _SECOND
    token = Token(one.account_id, access_hash, one.label, one.scopes, now, expires, grant_id=one.grant_id)
    await tokens.put(tx, token)
    key, spent = (one.account_id, one.grant_id), (one.spent_hash, one.spent_at)
    await tx.execute(_RENEW, *key, now, now + IDLE_SECONDS * _SECOND, tokens.hash_of(text), *spent)
    return Issued(access, text, one)


def _first(one: Grant) -> bytes:
    """The secret of a grant's first refresh token."""
    return _family(one) + secrets.token_bytes(tokens.SECRET_OCTETS - FAMILY_OCTETS)


def _family(one: Grant) -> bytes:
    return one.code_hash[:FAMILY_OCTETS]


async def _put(tx: Transaction, grant: Grant) -> None:
    values = msgspec.structs.asdict(grant)
    await tx.execute(_PUT, *{**values, "scopes": " ".join(grant.scopes)}.values())


def _of_refresh(grants: Sequence[Grant], text: str) -> Grant | None:
    """Whose refresh token this is, or was."""
    return next((one for one in grants if _descends(text, one)), None)


def _descends(text: str, one: Grant) -> bool:
    if tokens.hash_of(text) in (one.refresh_hash, one.spent_hash):
        return True  # it may be from before tokens had families
    return hmac.compare_digest(tokens.secret_of(text)[:FAMILY_OCTETS], _family(one))


def _of_token(grants: Sequence[Grant], token: Token | None) -> Grant | None:
    return next((one for one in grants if token is not None and one.grant_id == token.grant_id), None)


def _grant(row: Sequence[Any]) -> Grant:
    account_id, grant_id, client, label, scopes, created, last_used, expires, *kept = row
    code_hash, challenge, refreshed, spent, spent_at = kept
    return Grant(
        account_id,
        grant_id,
        bytes(client),
        label,
        tuple(scopes.split()),
        created,
        last_used,
        expires,
        bytes(code_hash),
        challenge,
        bytes(refreshed),
        bytes(spent),
        spent_at,
    )
