"""What is offered for logins only while some account has what it takes: APOP and its like a shared secret, OAUTHBEARER a token or a way to get one.

A timestamp in the greeting is the offer of APOP (RFC 1939 §7), made before anybody has said who he is; programs that prefer it, or CRAM-MD5, then try
nothing else, and their users, who have no such secret, cannot log in. Not here: the check of a login (`store.login.login`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from postroom.proto.sasl.exchange import Discovery
from postroom.proto.sasl.mechanisms import Need, Supply
from postroom.store.engine.transaction import Engine
from postroom.store.identity import credentials, tokens
from postroom.store.identity.credentials import CredentialKind


class LoginOffers:
    """One server's offers; `look` is called after changes, and now and then for those made elsewhere."""

    def __init__(
        self,
        engine: Engine,
        hostname: str,
        *,
        discovery: Callable[[], Discovery] = Discovery,
        guessable: bool = False,
        visited: bool = False,
    ) -> None:
        """`discovery`: where programs can get a token (OAuth), nowhere without a URL; `guessable`: what lets a listener guess, and does not show, the password
        may go without TLS; `visited`: there is an account that anonymous users may visit."""
        self._engine = engine
        self._discovery = discovery
        self._always = frozenset((Need.NOTHING,)) if visited else frozenset()
        self._hostname = hostname
        self._kept = self._always
        self.supply = Supply(lambda: secrets.token_urlsafe(18), lambda: self._kept, guessable, discovery)

    async def look(self) -> bool:
        """Looks what there is; gives False, as a chore that has nothing more to do."""
        tx = self._engine.reading()
        secret = await credentials.any_of(tx, CredentialKind.SHARED_SECRET)
        token = bool(self._discovery().url) or await tokens.any_of(tx)
        found = ((Need.SECRET, secret), (Need.TOKEN, token))
        self._kept = self._always | {need for need, there in found if there}
        return False

    def stamp(self) -> str:
        """A timestamp never used before, \"\" while there is nothing to offer."""
        return f"<{secrets.token_hex(8)}@{self._hostname}>" if Need.SECRET in self._kept else ""
