"""Who may come in: one policy for every protocol.

The same words and the same work for a wrong password and an unknown name (RFC 4954 §6); limits by client and name (`throttle`); a short cache,
since mail clients log in all the time and argon2 is slow on purpose. RFC 1939 §7 (APOP). Not here: SASL's exchanges (`proto.sasl`).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.message.errors import AuthenticationFailed, TooManyLogins, TryLater
from postroom.store import credentials
from postroom.store.credentials import Credential, CredentialKind, Credentials
from postroom.store.engine import Engine, Urgency
from postroom.store.passwords import MAX_PASSWORD, Passwords, prepared
from postroom.store.throttle import Limits, Throttle, client_of
from postroom.store.vault import Unreadable, Vault

FAILED: Final = "login failed"
SUCCEEDED: Final = "login succeeded"
USED_EVERY = 3600 * 1_000_000  # microseconds: how exact a credential's last use is


class Login(msgspec.Struct, frozen=True):
    """Who has logged in; `address` as the account is written."""

    account_id: int
    address: str


class LoginSettings(msgspec.Struct, frozen=True):
    """`domain` completes names without one, "" refuses them. A good login is remembered for `cache_seconds`."""

    limits: Limits = Limits()
    domain: str = ""
    cache_seconds: float = 300.0
    cache_entries: int = 10_000
    waiting_per_client: int = 50


class Clock(Protocol):
    """What is asked of a clock."""

    def now(self) -> int:
        """Unix microseconds."""

    def monotonic(self) -> float:
        """Seconds."""


class LoginPolicy:
    """Checks names and passwords. Without a `vault` nobody logs in by APOP.

    `announce` tells other processes of one store what became of a login, a topic and words for their `heard`: so that many processes
    together allow no more failures than one would.
    """

    def __init__(
        self,
        engine: Engine,
        passwords: Passwords,
        clock: Clock,
        settings: LoginSettings = LoginSettings(),  # noqa: B008 -- frozen
        vault: Vault | None = None,
    ) -> None:
        self._engine = engine
        self._passwords = passwords
        self._clock = clock
        self._settings = settings
        self._vault = vault
        self._throttle = Throttle(settings.limits)
        self._turns = _Turns(settings.waiting_per_client)
        self._cache = _Cache(settings)
        self.announce: Callable[..., None] = _tell_nobody

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> Login:
        """The account with this name and password. `authorize_as` must be the same name or "": nobody acts for others.

        Raises `AuthenticationFailed`, `TooManyLogins`, or `TryLater`.
        """
        name = self._name(username)
        async with self._attempt(ip, username, name):
            found = await self._credentials(name)
            if not await self._password_fits(protocol, found, password) or not found or not found.enabled:
                raise AuthenticationFailed
            other = self._name(authorize_as) if authorize_as else name
            if other is None or name is None or other.key != name.key:
                raise AuthenticationFailed(detail=f"{found.address} asked to act as {authorize_as!r}")
            return Login(found.account_id, str(found.address))

    async def apop(self, ip: str, username: str, challenge: bytes, digest: str) -> Login:
        """RFC 1939 §7: `digest` is the hexadecimal MD5 of the greeting's timestamp, angle brackets included, and the shared secret."""
        name = self._name(username)
        async with self._attempt(ip, username, name):
            found = await self._credentials(name)
            secret = self._shared_secret(found)
            real = secret is not None and found is not None and found.enabled
            expected = hashlib.md5(
                challenge + (secret or secrets.token_bytes(16)), usedforsecurity=False
            ).hexdigest()
            same = hmac.compare_digest(expected.encode(), digest.lower().encode("utf-8", "surrogatepass"))
            if found is None or not (real and same):
                raise AuthenticationFailed
            return Login(found.account_id, str(found.address))

    @asynccontextmanager
    async def _attempt(self, ip: str, username: str, name: Address | None) -> AsyncIterator[None]:
        """One client's attempts come one after another, so that each sees what became of the last."""
        client, key = client_of(ip), _key(name.key if name else f"? {username[:320]}")
        async with self._turns.of(client):
            wait = self._throttle.wait(client, key, self._clock.monotonic())
            if wait > 0:
                raise TooManyLogins(f"Too many failed logins, try again in {math.ceil(wait)} s")
            try:
                yield
            except AuthenticationFailed:
                self._throttle.failed(client, key, self._clock.monotonic())
                self.announce(FAILED, client, key)
                raise
            if self._throttle.succeeded(client, key, self._clock.monotonic()):
                self.announce(SUCCEEDED, client, key)

    def heard(self, topic: str, client: str, key: str) -> None:
        """What another process announced: it counts here too."""
        note = self._throttle.failed if topic == FAILED else self._throttle.succeeded
        note(client, key, self._clock.monotonic())

    def _name(self, username: str) -> Address | None:
        try:
            username.encode("utf-8")
        except UnicodeEncodeError:  # octets that were not UTF-8
            return None
        name = parse_mailbox(username, unqualified=bool(self._settings.domain))
        return Address(name.local, self._settings.domain) if name is not None and not name.domain else name

    async def _credentials(self, name: Address | None) -> Credentials | None:
        return None if name is None else await credentials.of_address(self._engine.reading(), name)

    async def _password_fits(self, protocol: str, found: Credentials | None, password: bytes) -> bool:
        if found is None:
            return await self._passwords.fits(None, password)
        key = self._cache.key(protocol, found, password)
        if self._cache.holds(key, self._clock.monotonic()):
            return True
        fitting = await self._fitting(protocol, found, password)
        if fitting is None:
            return False
        self._cache.add(key, self._clock.monotonic())
        await self._note_use(found.account_id, fitting, password)
        return True

    async def _fitting(self, protocol: str, found: Credentials, password: bytes) -> Credential | None:
        now = self._clock.now()
        usable = [one for one in found.credentials if one.good_for(protocol, now)]
        digest = hashlib.sha256(password).digest()
        for one in usable:
            if one.kind is CredentialKind.APP_PASSWORD and hmac.compare_digest(one.verifier, digest):
                return one
        main = next((one for one in usable if one.kind is CredentialKind.PASSWORD), None)
        return main if await self._passwords.fits(main.verifier if main else None, password) else None

    async def _note_use(self, account_id: int, one: Credential, password: bytes) -> None:
        """When it was used, and the verifier anew when its parameters are old. A login does not fail for it."""
        now = self._clock.now()
        try:
            if one.kind is CredentialKind.PASSWORD and self._passwords.outdated(one.verifier):
                verifier = await self._passwords.verifier(password)
                await self._engine.write(
                    lambda tx: credentials.replace_verifier(tx, account_id, one, verifier),
                    Urgency.HOUSEKEEPING,
                )
            if now - one.last_used > USED_EVERY:
                await self._engine.write(
                    lambda tx: credentials.used(tx, account_id, one.credential_id, now), Urgency.HOUSEKEEPING
                )
        except TryLater:
            pass

    def _shared_secret(self, found: Credentials | None) -> bytes | None:
        now = self._clock.now()
        for one in found.credentials if found else ():
            if (
                one.kind is CredentialKind.SHARED_SECRET
                and one.good_for("pop3", now)
                and self._vault
                and found
            ):
                try:
                    return self._vault.unseal(one.verifier, shared_secret_purpose(found.account_id))
                except Unreadable:
                    return None
        return None


def shared_secret_purpose(account_id: int) -> str:
    """What `Vault.seal` is told of a shared secret before it becomes a credential."""
    return f"shared secret of account {account_id}"


def _tell_nobody(*_words: str) -> None:
    """There is no other process."""


def _key(name: str) -> str:
    """What is counted for a name: bounded, and no reading for others, since passwords are typed as names too."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class _Turns:
    """A lock for each client while someone of it tries to log in."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, client: str) -> AsyncIterator[None]:
        lock, users = self._locks.get(client, (asyncio.Lock(), 0))
        if users > self._most:
            raise TooManyLogins("Too many logins at once, try again later")
        self._locks[client] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(client)
            if users > 1:
                self._locks[client] = (lock, users - 1)


class _Cache:
    """Digests of logins that were good, under a key of this process: of no use to whoever reads the memory's dump without it."""

    def __init__(self, settings: LoginSettings) -> None:
        self._secret = secrets.token_bytes(32)
        self._seconds = settings.cache_seconds
        self._most = settings.cache_entries
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def key(self, protocol: str, found: Credentials, password: bytes) -> bytes:
        """Differs for other accounts, protocols, passwords and generations; each part has its length before it."""
        digest = hmac.new(self._secret, digestmod="sha256")
        parts = (str(found.account_id), str(found.generation), protocol)
        for part in (*(part.encode() for part in parts), prepared(password[: MAX_PASSWORD + 1])):
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()

    def holds(self, key: bytes, now: float) -> bool:
        return now < self._until.get(key, -math.inf)

    def add(self, key: bytes, now: float) -> None:
        self._until[key] = now + self._seconds
        self._until.move_to_end(key)
        if len(self._until) > self._most:
            self._until.popitem(last=False)
