"""What SCRAM keeps of a password, sealed: with it nobody can log in, but guesses are cheaper to try on it than on argon2.

RFC 5802 §3 and §9 (salt, iteration count, StoredKey, ServerKey). All secrets of an account have one salt, made of the vault's key and the address,
so that a server can name it before it knows which secret is meant, and for names that do not exist. Not here: the computation, which is a
function that is handed in, and the exchange (`proto.sasl`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from postroom.store.vault import Unreadable, Vault

ITERATIONS: Final = 10_000  # of PBKDF2, RFC 7677 §4: at least 4096; a client pays for each login
SALT_OCTETS: Final = 16

Pair = tuple[bytes, bytes]  # StoredKey, ServerKey
Derive = Callable[
    [bytes, bytes, int], Mapping[str, Pair]
]  # password, salt, iterations; {} for a password that cannot be


class ScramKeys(msgspec.Struct, frozen=True):
    """What is kept of one secret, by the name of the hash."""

    salt: bytes
    iterations: int
    keys: Mapping[str, Pair]


def salt_of(vault: Vault, name: str) -> bytes:
    """The salt of an address' key, or of a name that is none: always the same."""
    return vault.derive(f"SCRAM salt of {name}")[:SALT_OCTETS]


def make(derive: Derive, vault: Vault, password: bytes, key: str) -> bytes:
    """What is to be kept for a password of the account with this address (its key); b"" when the password has no prepared form."""
    salt = salt_of(vault, key)
    keys = derive(password, salt, ITERATIONS)
    if not keys:
        return b""
    return vault.seal(msgspec.msgpack.encode(ScramKeys(salt, ITERATIONS, dict(keys))), _purpose(key))


def nobodys(vault: Vault, key: str) -> bytes:
    """As `make`, of no password: what is read for who has nothing."""
    keys = {name: (bytes(size), bytes(size)) for name, size in (("sha1", 20), ("sha256", 32))}
    return vault.seal(msgspec.msgpack.encode(ScramKeys(bytes(SALT_OCTETS), ITERATIONS, keys)), _purpose(key))


def read(vault: Vault, sealed: bytes, key: str) -> ScramKeys | None:
    """The inverse; None for what another vault has sealed, and for nothing."""
    try:
        return msgspec.msgpack.decode(vault.unseal(sealed, _purpose(key)), type=ScramKeys) if sealed else None
    except (Unreadable, msgspec.DecodeError):
        return None


def _purpose(key: str) -> str:
    return f"SCRAM keys of {key}"
