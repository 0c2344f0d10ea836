"""What the methods about one's own account work with: passwords, the vault, what the history has not written yet, and where programs find the server.

Not here: who may (`serve.jmap.account.own_account`), and the methods.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from postroom.store.login.passwords import Passwords
from postroom.store.vault import Vault


class Program(msgspec.Struct, frozen=True):
    """A service that mail programs are set up with. `tls`: from the first octet; else by STARTTLS."""

    protocol: str
    host: str
    port: int
    tls: bool


class AccountKeys(msgspec.Struct, frozen=True):
    """`issuer` is what authenticators call the server; `programs` gives its services, the recommended first."""

    passwords: Passwords
    vault: Vault
    issuer: str
    write_history: Callable[[], Awaitable[None]]
    programs: Callable[[], Sequence[Program]]
