"""Whether APOP is offered: only while some account has a shared secret.

A timestamp in the greeting is the offer (RFC 1939 §7), made before anybody has said who he is; programs that prefer APOP then try nothing else, and
their users, who have no such secret, cannot log in. Not here: the check of a digest (`store.login`).
"""

from __future__ import annotations

import secrets

from postroom.store import credentials
from postroom.store.credentials import CredentialKind
from postroom.store.engine import Engine


class ApopOffer:
    """One server's offer; `look` is called after changes, and now and then for those made elsewhere."""

    def __init__(self, engine: Engine, hostname: str) -> None:
        self._engine = engine
        self._hostname = hostname
        self._wanted = False

    async def look(self) -> bool:
        """Looks whether there is a secret; gives False, as a chore that has nothing more to do."""
        self._wanted = await credentials.any_of(self._engine.reading(), CredentialKind.SHARED_SECRET)
        return False

    def stamp(self) -> str:
        """A timestamp never used before, \"\" while there is nothing to offer."""
        return f"<{secrets.token_hex(8)}@{self._hostname}>" if self._wanted else ""
