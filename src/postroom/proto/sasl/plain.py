"""PLAIN: name and password in one message.

RFC 4616. Only for connections that nobody overhears. Not here: whether TLS is required (`mechanisms`), and any check of the password.
"""

from __future__ import annotations

from postroom.proto.sasl.exchange import (
    AsksNothing,
    Challenge,
    Credentials,
    Login,
    SaslError,
    Terms,
    identity,
)


class PlainServer(AsksNothing):
    """RFC 4616 §2: `[authzid] NUL authcid NUL passwd`."""

    def __init__(self, terms: Terms) -> None:
        """It needs nothing of the terms."""

    def step(self, response: bytes | None) -> Challenge | Credentials:
        """An empty challenge when there was no initial response, then the claim."""
        if response is None:
            return Challenge(b"")
        parts = response.split(b"\0")
        if len(parts) != 3:
            raise SaslError("not of the form authzid NUL authcid NUL password")
        authzid, authcid, password = (identity(part) for part in parts)
        if not authcid or not password:
            raise SaslError("an empty name or password")
        return Credentials("PLAIN", authcid, password, authzid)


class PlainClient:
    """The client's one message."""

    complete = True

    def __init__(self, login: Login) -> None:
        self._message: bytes | None = f"\0{login.user}\0{login.password}".encode()

    def step(self, challenge: bytes) -> bytes:  # noqa: ARG002 - whatever it says, there is one answer
        """The message, once."""
        message, self._message = self._message, None
        if message is None:
            raise SaslError("PLAIN has one message, and the server asks for another")
        return message
