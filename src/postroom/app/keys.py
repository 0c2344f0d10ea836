"""Secrets that a server makes once and keeps in files that only its user can read.

The key of the sender rewriting scheme stands here; the vault's is `store.vault`'s, those of certificates `net`'s. Not here: passwords.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from postroom.app.settings import SettingsError

OCTETS = 32


def secret_key(path: Path) -> bytes:
    """The key in a file, made (mode 0600) when there is none; raises `SettingsError` for a file of another length."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != OCTETS:
            raise SettingsError(
                f"{path} is damaged: restore it, or remove it and lose what it protects"
            ) from None
        return key
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(OCTETS)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
