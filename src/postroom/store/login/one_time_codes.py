"""Whether an account needs one-time codes: enrolled, confirmed by a first code, then wanted.

RFC 6238. The secret is sealed. Not here: the codes themselves (`totp`), the login (`login`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.directory.errors import NotFound
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import credentials
from postroom.store.identity.credentials import Credential, CredentialKind
from postroom.store.login import totp
from postroom.store.login.login import totp_purpose
from postroom.store.vault import Vault

OFF: Final = "off"
UNCONFIRMED: Final = "unconfirmed"
ON: Final = "on"
_KINDS: Final = {ON: CredentialKind.TOTP, UNCONFIRMED: CredentialKind.TOTP_UNCONFIRMED}


class Standing(msgspec.Struct, frozen=True):
    """How an account stands; `web_only`: mail programs may go on with the password alone."""

    state: str = OFF
    web_only: bool = False


class Enrolment(msgspec.Struct, frozen=True):
    """The beginning: `number` is the credential's id."""

    number: int
    secret: bytes
    now: int
    web_only: bool = False


class First(msgspec.Struct, frozen=True):
    """The first code, and the id of the credential to be."""

    number: int
    code: str
    now: int


async def standing(tx: Transaction, account_id: int) -> Standing:
    """How an account stands."""
    for state, kind in _KINDS.items():
        one = await _of_kind(tx, account_id, kind)
        if one is not None:
            return Standing(state, bool(one.scopes))
    return Standing()


async def enrol(tx: Transaction, vault: Vault, account_id: int, new: Enrolment) -> None:
    """Keeps a secret; nothing is asked for until a first code has confirmed it."""
    sealed = vault.seal(new.secret, totp_purpose(account_id))
    scopes = ("web",) if new.web_only else ()
    one = Credential(new.number, CredentialKind.TOTP_UNCONFIRMED, sealed, scopes=scopes)
    await credentials.put(tx, account_id, one, new.now)


async def confirm(tx: Transaction, vault: Vault, account_id: int, first: First) -> Standing:
    """Has codes asked for from now on; raises `NotFound` where nothing waits for it, or the code is wrong."""
    one = await _of_kind(tx, account_id, CredentialKind.TOTP_UNCONFIRMED)
    if one is None:
        raise NotFound("there are no codes to confirm: enrol first")
    secret = vault.unseal(one.verifier, totp_purpose(account_id))
    step = totp.verify(secret, first.code, first.now // 1_000_000)
    if not step:
        raise NotFound("that is not the code of this moment: are the clocks right?")
    on = Credential(first.number, CredentialKind.TOTP, one.verifier, scopes=one.scopes)
    await credentials.put(tx, account_id, on, first.now)
    await credentials.used(tx, account_id, on.credential_id, step)
    await credentials.remove_kind(tx, account_id, CredentialKind.TOTP_UNCONFIRMED)
    return Standing(ON, bool(one.scopes))


async def end(tx: Transaction, account_id: int) -> None:
    """The password alone is enough again."""
    for kind in _KINDS.values():
        await credentials.remove_kind(tx, account_id, kind)


async def _of_kind(tx: Transaction, account_id: int, kind: CredentialKind) -> Credential | None:
    found = await credentials.of_account(tx, account_id)
    return next((one for one in found if one.kind is kind), None)
