"""Attempts to log in: one client's come one after another, failures make it wait, and what became of each goes into the account's history.

RFC 4954 §4 and RFC 9051 §11.3 (guessing is slowed down). Not here: whether a login is good (`login`), how long one waits (`throttle`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec

from postroom.message.address import Address
from postroom.message.errors import AuthenticationFailed, TooManyLogins
from postroom.message.idn import other_forms
from postroom.store.engine.transaction import Engine
from postroom.store.identity.credentials import Credentials
from postroom.store.login import history as logins
from postroom.store.login.standing import Ground
from postroom.store.login.throttle import Limits, Throttle, client_of
from postroom.store.turns import Turns

FAILED: Final = "login failed"
SUCCEEDED: Final = "login succeeded"


class Clock(Protocol):
    """What is asked of a clock."""

    def now(self) -> int:
        """Unix microseconds."""

    def monotonic(self) -> float:
        """Seconds."""


class Attempt(msgspec.Struct):
    """What is known of somebody who tries to log in; it goes into the account's history."""

    protocol: str
    ip: str
    method: str = ""
    label: str = ""
    expires: int = 0
    found: Credentials | None = None
    ground: Ground | None = None

    def stand(
        self, *, credential_id: int = 0, token: bytes = b"", grant_id: int = 0, identity: str = ""
    ) -> None:
        """What the login stands on, if it is good."""
        if self.found is not None:
            self.ground = Ground(
                self.found.account_id, self.protocol, credential_id, token, grant_id, identity
            )


class Attempts:
    """Those of one process. `waiting` is how many of one client may wait for their turn.

    `announce` tells other processes of one store what became of a login, a topic and words for their `heard`: so that many processes
    together allow no more failures than one would.
    """

    def __init__(self, engine: Engine, clock: Clock, limits: Limits, waiting: int) -> None:
        self._engine = engine
        self._clock = clock
        self._waiting = waiting
        self._throttle = Throttle(limits)
        self._turns = Turns[str]()
        self._history = logins.Gathered()
        self.announce: Callable[..., None] = _tell_nobody

    @asynccontextmanager
    async def one(
        self, protocol: str, ip: str, username: str, name: Address | None
    ) -> AsyncIterator[Attempt]:
        """One client's attempts come one after another, so that each sees what became of the last. Raises `TooManyLogins`."""
        client, key = client_of(ip), _key(_one_form(name) if name else f"? {username[:320]}")
        attempt = Attempt(protocol, ip)
        if self._turns.number(client) > self._waiting:
            raise TooManyLogins("Too many logins at once, try again later")
        async with self._turns.of(client):
            wait = self._throttle.wait(client, key, self._clock.monotonic())
            if wait > 0:
                raise TooManyLogins(f"Too many failed logins, try again in {math.ceil(wait)} s")
            try:
                yield attempt
            except AuthenticationFailed:
                self._throttle.failed(client, key, self._clock.monotonic())
                self.announce(FAILED, client, key)
                self.note(attempt, good=False)
                raise
            self.note(attempt, good=True)
            if self._throttle.succeeded(client, key, self._clock.monotonic()):
                self.announce(SUCCEEDED, client, key)

    def note(self, attempt: Attempt, *, good: bool) -> None:
        """Into the history of the account, where there is one."""
        if attempt.found is not None:
            one = logins.Login(
                attempt.found.account_id, attempt.protocol, attempt.ip, attempt.method, attempt.label, good
            )
            self._history.note(one, self._clock.now())

    def heard(self, topic: str, client: str, key: str) -> None:
        """What another process announced: it counts here too."""
        note = self._throttle.failed if topic == FAILED else self._throttle.succeeded
        note(client, key, self._clock.monotonic())

    async def write(self) -> None:
        """Writes who logged in since the last time."""
        await self._history.write(self._engine)


def _tell_nobody(*_words: str) -> None:
    """There is no other process."""


def _one_form(name: Address) -> str:
    """The same for all forms of a domain: else each would be guessed at anew."""
    forms = (name.domain, *other_forms(name.domain))
    in_ascii = next((form for form in forms if form.isascii()), name.domain)
    return Address(name.local, in_ascii).key


def _key(name: str) -> str:
    """What is counted for a name: bounded, and no reading for others, since passwords are typed as names too."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
