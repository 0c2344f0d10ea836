"""EXTERNAL: the client is whom its certificate says.

RFC 4422 appendix A. Not here: certificates, and whose they are.
"""

from __future__ import annotations

from postroom.proto.sasl.exchange import (
    AsksNothing,
    Challenge,
    Login,
    Outcome,
    SaslError,
    Terms,
    identity,
)
from postroom.proto.sasl.exchange import External as Claimed


class ExternalServer(AsksNothing):
    """RFC 4422 appendix A.1: the identity to act as, or nothing."""

    def __init__(self, terms: Terms) -> None:
        """It needs nothing of the terms."""

    def step(self, response: bytes | None) -> Outcome:
        """An empty challenge when there was no initial response, then the claim."""
        return Challenge(b"") if response is None else Claimed("EXTERNAL", identity(response))


class ExternalClient:
    """Says nothing: the certificate's account is meant."""

    complete = True

    def __init__(self, login: Login) -> None:  # noqa: ARG002 - it needs nothing of it
        self._sent = False

    def step(self, challenge: bytes) -> bytes:
        """Nothing, once."""
        if challenge or self._sent:
            raise SaslError("EXTERNAL has one message")
        self._sent = True
        return b""
