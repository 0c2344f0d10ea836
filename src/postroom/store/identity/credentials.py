"""What an account logs in with: a password's verifier, app passwords, a shared secret for APOP and its like, a secret for one-time codes.

Only verifiers are kept; the shared secret, which RFC 1939 §7 needs in clear, is encrypted before it comes here. Every change raises the
account's generation, so that no cache answers for what is not true any more. Not here: hashing (`passwords`), checking (`login`).
"""

from __future__ import annotations

import enum

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import browser_sessions, generations


class CredentialKind(enum.IntEnum):
    """What a verifier is: a PHC string, SHA-256 of a random password, or an encrypted secret (the others)."""

    PASSWORD = 1
    APP_PASSWORD = 2
    SHARED_SECRET = 3
    TOTP = 4
    TOTP_UNCONFIRMED = 5


class Credential(msgspec.Struct, frozen=True):
    """One way to log in. `scopes` are the protocols that it is good for, () all; times are unix microseconds, `expires` 0 is never."""

    credential_id: int
    kind: CredentialKind
    verifier: bytes
    label: str = ""
    scopes: tuple[str, ...] = ()
    expires: int = 0
    last_used: int = 0
    scram: bytes = b""  # what SCRAM keeps of it (`store.login.scram`), b"" for nothing
    created: int = 0

    def good_for(self, protocol: str, now: int) -> bool:
        """Whether it may be used by this protocol at this time."""
        return (not self.scopes or protocol in self.scopes) and (self.expires == 0 or now < self.expires)


class Credentials(msgspec.Struct, frozen=True):
    """All that a login needs to know of an account."""

    account_id: int
    address: Address
    enabled: bool
    generation: int
    credentials: list[Credential]


NOBODY = 0  # no account has this id
_ACCOUNT = "SELECT account_id FROM addresses WHERE address = $1 AND kind = 1"
_PROFILE = """
SELECT p.address, p.generation, a.state FROM profiles p JOIN accounts a ON a.account_id = p.account_id WHERE p.account_id = $1
"""
_ALL = """
SELECT credential_id, kind, verifier, label, scopes, expires, last_used, scram, created FROM credentials WHERE account_id = $1 ORDER BY credential_id
"""
_ANY = "SELECT 1 FROM credentials WHERE kind = $1 LIMIT 1"


async def any_of(tx: Transaction, kind: CredentialKind) -> bool:
    """Whether any account has a credential of this kind."""
    return await tx.fetchrow(_ANY, kind) is not None


async def of_address(tx: Transaction, address: Address) -> Credentials | None:
    """What the account with this address logs in with; None when the address is no account's, after as many statements."""
    row = await tx.fetchrow(_ACCOUNT, (await directory.spelt(tx, address)).key)
    return await of_owner(tx, NOBODY if row is None else row[0])


async def of_owner(tx: Transaction, account_id: int) -> Credentials | None:
    """The same of an account by its id."""
    profile = await tx.fetchrow(_PROFILE, account_id)
    found = await of_account(tx, account_id)
    written = None if profile is None else parse_mailbox(profile[0])
    if profile is None or written is None:
        return None
    return Credentials(account_id, written, profile[2] == 0, profile[1], found)


async def of_account(tx: Transaction, account_id: int) -> list[Credential]:
    """An account's credentials, oldest first."""
    return [
        Credential(
            row[0],
            CredentialKind(row[1]),
            bytes(row[2]),
            row[3],
            tuple(row[4].split()),
            row[5],
            row[6],
            bytes(row[7]),
            row[8],
        )
        for row in await tx.fetch(_ALL, account_id)
    ]


_PUT = """
INSERT INTO credentials (account_id, credential_id, kind, verifier, label, scopes, created, expires, last_used, scram)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)
"""
_REMOVE_KIND = "DELETE FROM credentials WHERE account_id = $1 AND kind = $2"
_REMOVE = "DELETE FROM credentials WHERE account_id = $1 AND credential_id = $2"
_REMOVE_ALL = "DELETE FROM credentials WHERE account_id = $1"
_VERIFIER = (
    "UPDATE credentials SET verifier = $4 WHERE account_id = $1 AND credential_id = $2 AND verifier = $3"
)
_SCRAM = "UPDATE credentials SET scram = $4 WHERE account_id = $1 AND credential_id = $2 AND verifier = $3"
_USED_ONCE = (
    "UPDATE credentials SET last_used = $3 WHERE account_id = $1 AND credential_id = $2 AND last_used < $3"
)
_USED = "UPDATE credentials SET last_used = $3 WHERE account_id = $1 AND credential_id = $2"


async def put(tx: Transaction, account_id: int, new: Credential, now: int) -> None:
    """Adds a credential. A password or a shared secret takes the place of the former one; a new password ends what browsers were signed in to."""
    await generations.advance(tx, account_id)  # first: who signs in meanwhile waits, or has finished
    if new.kind is not CredentialKind.APP_PASSWORD:
        await tx.execute(_REMOVE_KIND, account_id, new.kind)
    if new.kind is CredentialKind.PASSWORD:
        await browser_sessions.remove_all(tx, account_id)
    scopes = " ".join(new.scopes)
    await tx.execute(
        _PUT,
        account_id,
        new.credential_id,
        new.kind,
        new.verifier,
        new.label,
        scopes,
        now,
        new.expires,
        new.scram,
    )


async def remove(tx: Transaction, account_id: int, credential_id: int) -> bool:
    """Takes a credential away; False when there was none of this id."""
    removed = await tx.execute(_REMOVE, account_id, credential_id)
    await generations.advance(tx, account_id)
    return removed > 0


async def remove_kind(tx: Transaction, account_id: int, kind: CredentialKind) -> bool:
    """Takes all credentials of a kind away (the shared secret: APOP is off then); False when there was none."""
    removed = await tx.execute(_REMOVE_KIND, account_id, kind)
    await generations.advance(tx, account_id)
    return removed > 0


async def remove_all(tx: Transaction, account_id: int) -> None:
    """Takes all credentials away: nobody logs in any more."""
    await generations.advance(tx, account_id)
    await tx.execute(_REMOVE_ALL, account_id)
    await browser_sessions.remove_all(tx, account_id)


async def replace_verifier(tx: Transaction, account_id: int, old: Credential, verifier: bytes) -> None:
    """The same password under new parameters; nothing happens when the password was changed meanwhile."""
    await tx.execute(_VERIFIER, account_id, old.credential_id, old.verifier, verifier)


async def keep_scram(tx: Transaction, account_id: int, old: Credential, scram: bytes) -> None:
    """What SCRAM keeps of the same password; nothing happens when the password was changed meanwhile."""
    await tx.execute(_SCRAM, account_id, old.credential_id, old.verifier, scram)


async def used_once(tx: Transaction, account_id: int, one: Credential, now: int) -> bool:
    """Notes a use that must be later than the last, as of a code of `totp`; False when it is not."""
    return await tx.execute(_USED_ONCE, account_id, one.credential_id, now) > 0


async def used(tx: Transaction, account_id: int, credential_id: int, now: int) -> None:
    """Notes when a credential was last good for a login."""
    await tx.execute(_USED, account_id, credential_id, now)
