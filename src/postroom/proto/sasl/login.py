"""LOGIN: name and password, one after the other; never standardised, still what many clients try first.

No RFC defines it (draft-murchison-sasl-login describes what is deployed). The words of the prompts are ignored by clients, but some compare
them. Not here: whether TLS is required (`mechanisms`), and any check of the password.
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

USERNAME = b"Username:"
PASSWORD = b"Password:"


class LoginServer(AsksNothing):
    """Asks for the name, unless it came as the initial response, then for the password."""

    def __init__(self, terms: Terms) -> None:  # noqa: ARG002 - it needs nothing of them
        self._authcid: str | None = None

    def step(self, response: bytes | None) -> Challenge | Credentials:
        """The next question, or the claim."""
        if response is None:
            return Challenge(USERNAME)
        if self._authcid is None:
            self._authcid = identity(response)
            return Challenge(PASSWORD)
        password = identity(response)
        if not self._authcid or not password:
            raise SaslError("an empty name or password")
        return Credentials("LOGIN", self._authcid, password)


class LoginClient:
    """Answers the first question with the name and the second with the password."""

    complete = True

    def __init__(self, login: Login) -> None:
        self._answers = [login.password.encode(), login.user.encode()]

    def step(self, challenge: bytes) -> bytes:  # noqa: ARG002 - the order counts, not the words
        """The next answer."""
        if not self._answers:
            raise SaslError("LOGIN has two answers, and the server asks for another")
        return self._answers.pop()
