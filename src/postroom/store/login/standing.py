"""Whether somebody who has logged in would be let in still, by the same protocol with what he has shown.

A login ends with its account, when that is disabled or deleted, and with its credential: when it is removed or replaced, has expired, or is not
enough any more, since one-time codes are wanted. Not here: logging in (`login`), who is asked about (`serve.standing`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction
from postroom.store.identity import browser_sessions, client_certificates, credentials, grants, tokens
from postroom.store.identity.credentials import Credential, CredentialKind, Credentials

LOGIN_KINDS: Final = frozenset(
    (CredentialKind.PASSWORD, CredentialKind.APP_PASSWORD, CredentialKind.SHARED_SECRET)
)


class Ground(msgspec.Struct, frozen=True):
    """What a login stands on: beside the account one of the others, or none, for who is anonymous. `token` and `browser` are hashes."""

    account_id: int
    protocol: str
    credential_id: int = 0
    token: bytes = b""
    grant_id: int = 0
    identity: str = ""
    browser: bytes = b""


def usable(found: Credentials | None, protocol: str, now: int) -> list[Credential]:
    """What is good for a login by this protocol now. Where a one-time code is wanted, the password alone is not enough."""
    good = [one for one in (found.credentials if found else ()) if one.good_for(protocol, now)]
    if any(one.kind is CredentialKind.TOTP for one in good):
        good = [one for one in good if one.kind is not CredentialKind.PASSWORD]
    return [one for one in good if one.kind in LOGIN_KINDS]


async def holds(tx: Transaction, ground: Ground, now: int) -> bool:
    """Whether it does."""
    account_id = ground.account_id
    found = await credentials.of_owner(tx, account_id)
    if found is None or not found.enabled:
        return False
    if ground.credential_id:
        return any(one.credential_id == ground.credential_id for one in usable(found, ground.protocol, now))
    if ground.grant_id:  # its program gets another token when this one has expired
        allowed = await grants.of_account(tx, account_id)
        return any(one.grant_id == ground.grant_id and one.expires > now for one in allowed)
    if ground.token:
        given = await tokens.of_account(tx, account_id)
        return any(one.token_hash == ground.token and one.good_for(ground.protocol, now) for one in given)
    if ground.identity:
        shown = await client_certificates.find(tx, (ground.identity,))
        return shown is not None and shown.account_id == account_id
    if ground.browser:
        browsers = await browser_sessions.of_account(tx, account_id)
        return any(one.session_hash == ground.browser and one.expires > now for one in browsers)
    return True
