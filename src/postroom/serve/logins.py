"""What sessions ask of the login policy, whatever their protocol.

Not here: the policy itself (`store.login`), SASL (`proto.sasl`).
"""

from __future__ import annotations

from typing import Protocol


class LoggedIn(Protocol):
    """Who somebody is."""

    @property
    def account_id(self) -> int: ...
    @property
    def address(self) -> str: ...


class Logins(Protocol):
    """Checks credentials. Raises `AuthenticationFailed`, `TooManyLogins` or another `MailError`."""

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> LoggedIn:
        """By password (UTF-8)."""
