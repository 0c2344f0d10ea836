"""Changes to accounts: made, removed, given quotas, passwords and forwards; and their listing.

An account is its address in the directory, its profile, its credentials, and what it holds (`mailboxes`). Not here: who may log in (`login`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.message.address import Address
from postroom.store.administration import aliases, domains
from postroom.store.directory import lookup as directory
from postroom.store.directory import principals
from postroom.store.directory.errors import InUse, NotFound
from postroom.store.directory.lookup import Account, Kind
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import (
    browser_sessions,
    client_certificates,
    credentials,
    grants,
    passkeys,
    tokens,
)
from postroom.store.identity.credentials import Credential, CredentialKind
from postroom.store.mailboxes import mailboxes


class Verifiers(msgspec.Struct, frozen=True):
    """What is kept of a password: a PHC string, and what SCRAM needs (b"" for nothing)."""

    phc: bytes
    scram: bytes = b""


class NewAccount(msgspec.Struct, frozen=True):
    """An account to be: `verifier` is a PHC string (`Passwords.verifier`), b"" for no password; a quota of 0 octets is none."""

    address: Address
    verifier: bytes = b""
    name: str = ""
    quota_bytes: int = 0
    scram: bytes = b""  # as in `Credential`


_PROFILE = """
INSERT INTO profiles (account_id, address, name, forwards, keeps_copy, generation) VALUES ($1, $2, $3, '', 1, 1)
"""


async def add(tx: Transaction, new: NewAccount, ids: Ids, now: int) -> int:
    """A new account with its mailboxes; gives its id. Raises `NotFound` for a foreign domain, `Taken` for an address in use."""
    account_id = ids.next()
    await aliases.register(tx, new.address, Kind.ACCOUNT, account_id)
    await tx.execute(_PROFILE, account_id, str(new.address), new.name)
    await principals.note(tx, new.address.domain, account_id)
    await mailboxes.create_account_mailboxes(tx, account_id, ids, now)
    if new.quota_bytes:
        await tx.execute(_QUOTA, account_id, new.quota_bytes)
    if new.verifier:
        await set_password(tx, new.address, Verifiers(new.verifier, new.scram), ids, now)
    return account_id


async def get(tx: Transaction, address: Address) -> Account:
    """The account with just this address; raises `NotFound`."""
    found = await directory.exact(tx, address)
    if isinstance(found, Account):
        return found
    what = f"{address} is not an account but an alias or list" if found else f"there is no account {address}"
    raise NotFound(f"{what}; see them with: postroom account list")


_HOLD = "SELECT address FROM addresses WHERE address = $1 {LOCK}"


async def _held(tx: Transaction, address: Address) -> Account:
    """As `get`; it stays so until the commit."""
    await tx.fetch(_HOLD, address.key)
    return await get(tx, address)


# what `accounts.state` says but 0; nothing is delivered any more to whoever is removed, though his mail is there until housekeeping
_DISABLED, _REMOVED = 1, 2

_STATE = "UPDATE accounts SET state = $2 WHERE account_id = $1"
_QUOTA = "UPDATE accounts SET quota_bytes = $2 WHERE account_id = $1"
_FORWARDS = "UPDATE profiles SET forwards = $2, keeps_copy = $3 WHERE account_id = $1"
_NAME = "UPDATE profiles SET name = $2 WHERE account_id = $1"
_REMOVE_PROFILE = "DELETE FROM profiles WHERE account_id = $1"
_REMOVE_ADDRESS = "DELETE FROM addresses WHERE address = $1 AND account_id = $2"


async def remove(tx: Transaction, address: Address) -> int:
    """Removes an account from the directory and closes what it holds; gives its id. Raises `NotFound` or `InUse`.

    Its mail is left to housekeeping: there may be much of it. What is still on its way to it finds no such mailbox.
    """
    found = await _held(tx, address)
    await domains.must_not_need(tx, address)
    await credentials.remove_all(tx, found.account_id)
    await tokens.remove_all(tx, found.account_id)
    await browser_sessions.remove_all(tx, found.account_id)
    await passkeys.remove_all(tx, found.account_id)
    await grants.remove_all(tx, found.account_id)
    await client_certificates.remove_all(tx, found.account_id)
    await tx.execute(_STATE, found.account_id, _REMOVED)
    await tx.execute(_REMOVE_PROFILE, found.account_id)
    await tx.execute(_REMOVE_ADDRESS, address.key, found.account_id)
    await principals.note(tx, address.domain, found.account_id, gone=True)
    return found.account_id


async def set_enabled(tx: Transaction, address: Address, *, enabled: bool) -> None:
    """A disabled account gets no mail and cannot log in; raises `NotFound`."""
    found = await _held(tx, address)
    await tx.execute(_STATE, found.account_id, 0 if enabled else _DISABLED)


async def set_quota(tx: Transaction, address: Address, quota_bytes: int) -> None:
    """Octets that the account may hold, 0 for any number; raises `NotFound`."""
    if quota_bytes < 0:
        raise ValueError(f"a quota of {quota_bytes} octets; 0 means none")
    found = await get(tx, address)
    await tx.execute(_QUOTA, found.account_id, quota_bytes)


async def set_forwards(
    tx: Transaction, address: Address, targets: Sequence[Address], *, keeps_copy: bool
) -> None:
    """Where else the account's mail goes, () for nowhere; `keeps_copy` also files it here. Raises `NotFound`, `InUse` or `TooMany`."""
    aliases.check_number(address, len(targets))
    found = await get(tx, address)
    if any(target.key == address.key for target in targets):
        raise InUse(f"{address} cannot forward to itself; to keep a copy here, say so")
    await tx.execute(
        _FORWARDS, found.account_id, "\n".join(str(target) for target in targets), int(keeps_copy)
    )


async def set_name(tx: Transaction, address: Address, name: str) -> None:
    """The name that people see; raises `NotFound`."""
    found = await get(tx, address)
    await tx.execute(_NAME, found.account_id, name)
    await principals.note(tx, address.domain, found.account_id)


async def set_password(tx: Transaction, address: Address, new: Verifiers, ids: Ids, now: int) -> None:
    """Replaces the password; raises `NotFound`."""
    found = await get(tx, address)
    password = Credential(ids.next(), CredentialKind.PASSWORD, new.phc, scram=new.scram)
    await credentials.put(tx, found.account_id, password, now)


async def set_shared_secret(tx: Transaction, address: Address, sealed: bytes, ids: Ids, now: int) -> None:
    """Turns APOP on with a secret that was sealed for `login.shared_secret_purpose`, or off with b""; raises `NotFound`."""
    found = await get(tx, address)
    if not sealed:
        await credentials.remove_kind(tx, found.account_id, CredentialKind.SHARED_SECRET)
        return
    secret = Credential(ids.next(), CredentialKind.SHARED_SECRET, sealed)
    await credentials.put(tx, found.account_id, secret, now)


_LISTING = """
SELECT address, account_id FROM addresses
 WHERE kind = 1 AND address > $1 AND ($2 = '' OR domain = $2) ORDER BY address LIMIT $3
"""


async def listing(tx: Transaction, domain: str = "", after: str = "", limit: int = 200) -> list[Account]:
    """Accounts, of one domain or of all, by address, from the first whose key is above `after`."""
    rows = await tx.fetch(_LISTING, after, domain, limit)
    found = [await directory.account(tx, row[1]) for row in rows]
    return [one for one in found if one is not None]
