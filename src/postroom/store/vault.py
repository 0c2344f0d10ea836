"""Secrets at rest: AES-256-GCM under a key in a file that only the server's user can read.

For what must be known in clear again, such as a shared secret for APOP (RFC 1939 §7); whoever has the database alone has nothing. RFC 5116 §5.2
(AEAD_AES_256_GCM). Not here: passwords, which are never known in clear (`passwords`).
"""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postroom.store.engine.durable import give_away
from postroom.store.engine.refused import StoreRefused

KEY_OCTETS = 32
_NONCE_OCTETS = 12
_VERSION = b"\x01"


class Unreadable(Exception):
    """The sealed octets are not this key's, or not for this purpose."""


class Vault:
    """Seals and opens secrets with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._root = hmac.digest(key, b"Postroom: what is derived", "sha256")

    @classmethod
    def open(cls, path: Path) -> Vault:
        """Reads the key file, or makes one (mode 0600). Raises `StoreRefused` when it is damaged or others can read it."""
        return cls(key_in(path))

    def derive(self, purpose: str) -> bytes:
        """32 octets that are always the same for a purpose, and tell nothing of those for others."""
        return hmac.digest(self._root, purpose.encode("utf-8", "surrogatepass"), "sha256")

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """The secret encrypted; it opens for the same purpose only, so that it cannot be moved to another row."""
        nonce = os.urandom(_NONCE_OCTETS)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """The inverse of `seal`; raises `Unreadable`."""
        nonce, body = sealed[1 : 1 + _NONCE_OCTETS], sealed[1 + _NONCE_OCTETS :]
        if sealed[:1] != _VERSION or len(nonce) != _NONCE_OCTETS:
            raise Unreadable("not sealed by this program")
        try:
            return self._cipher.decrypt(nonce, body, purpose.encode())
        except InvalidTag:
            raise Unreadable("sealed with another key or for another purpose") from None


def key_in(path: Path) -> bytes:
    """The 32 octets of a key file, which is made (mode 0600) when there is none; raises `StoreRefused` when it is damaged or others can read it."""
    try:
        return _read(path)
    except FileNotFoundError:
        return _make(path)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        key = file.read(KEY_OCTETS + 1)
    if mode & 0o077:
        raise StoreRefused(f"{path} can be read by others (mode {mode:04o}): chmod 600 {path}")
    if len(key) != KEY_OCTETS:
        raise StoreRefused(f"{path} is damaged: a key has {KEY_OCTETS} octets; restore it from a backup")
    return key


def _make(path: Path) -> bytes:
    """A new key file, whole or not at all, and durable; the one of another process if that was faster."""
    key = os.urandom(KEY_OCTETS)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        give_away(file.fileno(), path.parent)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike a rename, it does not replace
    except FileExistsError:
        return _read(path)
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return key
