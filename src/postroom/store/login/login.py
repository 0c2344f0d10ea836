"""Who may come in: one policy for every protocol.

The same words and the same work for a wrong password and an unknown name (RFC 4954 §6); limits by client and name (`throttle`); a short cache,
since mail clients log in all the time and argon2 is slow on purpose. RFC 1939 §7 (APOP), RFC 5802 §9 (what is shown to who is nobody), RFC 6750 §5
(tokens), RFC 6238 §5.2 (codes). Where an account has one-time codes, protocols without a place for one take app passwords only. Not here: SASL's exchanges (`proto.sasl`).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec

from postroom.message.address import Address, fold, parse_mailbox
from postroom.message.errors import AuthenticationFailed, TryLater
from postroom.message.idn import other_forms
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.identity import client_certificates, credentials, passkeys, tokens
from postroom.store.identity.credentials import NOBODY, Credential, CredentialKind, Credentials
from postroom.store.identity.passkeys import Passkey, Use
from postroom.store.login import passkey_proof, scram, totp
from postroom.store.login.attempts import Attempt, Attempts, Clock
from postroom.store.login.cache import GoodLogins
from postroom.store.login.passkey_proof import PasskeyRefused, Shown
from postroom.store.login.passwords import Passwords
from postroom.store.login.scram import ITERATIONS, Pair, salt_of
from postroom.store.login.standing import Ground, holds, usable
from postroom.store.login.throttle import Limits
from postroom.store.mailboxes.rights import visitor_of
from postroom.store.vault import Unreadable, Vault

ANONYMOUS: Final = "ANONYMOUS"
VISITING: Final = frozenset(("imap", "pop3"))  # RFC 4505 §5: nothing is sent or changed without a name
NOBODYS: Final = "nobody"  # no address has this key
REUSED: Final = "This passkey was refused: if that happens again, it may have been copied"
USED_EVERY = 3600 * 1_000_000  # microseconds: how exact a credential's last use is


class Login(msgspec.Struct, frozen=True):
    """Who has logged in; `address` as the account is written, `credential` what he showed: its kind and its label.

    `expires` is when that ends, in unix microseconds, 0 for never; `ground` what it stands on, None when that is not known.
    """

    account_id: int
    address: str
    credential: str = ""
    expires: int = 0
    session: bytes = b""  # which signed-in browser, b"" for none
    confirmed: int = 0  # when its user has last shown that it is he
    ground: Ground | None = None
    generation: int = 0  # of the account's credentials when he was let in


class LoginSettings(msgspec.Struct, frozen=True):
    """`domain` completes names without one, "" refuses them. A good login is remembered for `cache_seconds`."""

    limits: Limits = Limits()
    domain: str = ""
    cache_seconds: float = 300.0
    cache_entries: int = 10_000
    waiting_per_client: int = 50
    visited: str = ""  # the address of the account that anonymous users may visit, "" for none


class CodeWanted(Exception):
    """The password is right, and a one-time code must come with it."""


class ScramKept(msgspec.Struct, frozen=True):
    """What SCRAM works with for one name: salt, iterations, and StoredKey and ServerKey of each of its credentials by their ids."""

    salt: bytes
    iterations: int
    keys: tuple[tuple[int, Pair], ...]


class Proven(msgspec.Struct, frozen=True):
    """What a client has shown in an exchange; `credential_id` 0 is nothing."""

    username: str
    mechanism: str
    credential_id: int
    authorize_as: str = ""


class LoginPolicy:
    """Checks names and passwords. Without a `vault` nobody logs in by APOP. `attempts` holds back who fails too often;
    `on_visit` hears of each anonymous user: the protocol, his address, his trace."""

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
        self._cache = GoodLogins(settings.cache_seconds, settings.cache_entries)
        self.on_visit: Callable[[str, str, str], None] = lambda _protocol, _ip, _trace: None
        self.attempts = Attempts(engine, clock, settings.limits, settings.waiting_per_client)
        self._nobodys = scram.nobodys(vault, NOBODYS) if vault is not None else b""

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> Login:
        """The account with this name and password. `authorize_as` must be the same name or "": nobody acts for others.

        Raises `AuthenticationFailed`, `TooManyLogins`, or `TryLater`.
        """
        name = self._name(username)
        async with self.attempts.one(protocol, ip, username, name) as attempt:
            attempt.found = found = await self._credentials(name)
            attempt.method = "password"
            fits = await self._password_fits(attempt, found, password)
            return self._let_in(attempt, authorize_as, good=fits)

    async def sign_in(self, ip: str, username: str, password: bytes, code: str = "") -> Login:
        """On a page, where people type their own password, and a one-time code where the account has codes: raises `CodeWanted` without one.

        Raises else as `authenticate`.
        """
        name = self._name(username)
        async with self.attempts.one("web", ip, username, name) as attempt:
            attempt.found, attempt.method = await self._credentials(name), "password"
            main, codes = _of_a_person(attempt.found, self._clock.now())
            fits = await self._passwords.fits(main.verifier if main else None, password)
            if fits and codes is not None and attempt.found is not None:
                if not code:
                    raise CodeWanted
                attempt.method, owner = "password and code", attempt.found.account_id
                secret = self._require_vault().unseal(codes.verifier, totp_purpose(owner))
                step = totp.verify(secret, code, self._clock.now() // 1_000_000, codes.last_used)
                use = partial(credentials.used_once, account_id=owner, one=codes, now=step)
                fits = step > 0 and await self._engine.write(use, Urgency.CLIENT)
            return self._let_in(attempt, good=fits)

    async def by_passkey(self, ip: str, shown: Shown) -> Login:
        """On a page, with a passkey, which is password and code in one. Raises as `authenticate`."""
        async with self.attempts.one("web", ip, f"passkey of {shown.account_id}", None) as attempt:
            attempt.method, reading, now = passkeys.METHOD, self._engine.reading(), self._clock.now()
            attempt.found = await credentials.of_owner(reading, shown.account_id)
            one = await passkeys.find(reading, shown.account_id, shown.credential_id)
            if one is None:
                raise AuthenticationFailed
            attempt.label = one.label
            use = await _right_answer(one, shown, now)
            if not await self._engine.write(lambda tx: passkeys.used(tx, one, use), Urgency.CLIENT):
                raise AuthenticationFailed(REUSED)
            return self._let_in(attempt, good=True)

    async def apop(self, ip: str, username: str, challenge: bytes, digest: str) -> Login:
        """RFC 1939 §7: `digest` is the hexadecimal MD5 of the greeting's timestamp, angle brackets included, and the shared secret."""
        name = self._name(username)
        async with self.attempts.one("pop3", ip, username, name) as attempt:
            attempt.found, attempt.method = await self._credentials(name), "APOP"
            number, secret = _shared_secret(
                self._vault, attempt.found, usable(attempt.found, "pop3", self._clock.now())
            )
            attempt.stand(credential_id=number)
            expected = hashlib.md5(
                challenge + (secret or secrets.token_bytes(16)), usedforsecurity=False
            ).hexdigest()
            same = hmac.compare_digest(expected.encode(), digest.lower().encode("utf-8", "surrogatepass"))
            return self._let_in(attempt, good=secret is not None and same)

    async def scram(self, protocol: str, username: str, hash_name: str) -> ScramKept:
        """What SCRAM works with for this name; for one that is nobody's it looks alike, and always the same."""
        name = self._name(username)
        found = await self._credentials(name)
        key = found.address.key if found else name.key if name else f"? {username[:320]}"
        good = usable(found, protocol, self._clock.now())
        return _scram_of(self._require_vault(), key, good, hash_name, self._nobodys)

    async def shared_secret(self, protocol: str, username: str) -> tuple[int, bytes]:
        """The shared secret and its credential's id; for who has none, 0 and a random one."""
        found = await self._credentials(self._name(username))
        number, secret = _shared_secret(self._vault, found, usable(found, protocol, self._clock.now()))
        return (number, secret) if secret is not None else (0, secrets.token_bytes(16))

    async def proven(self, protocol: str, ip: str, proof: Proven) -> Login:
        """The end of an exchange in which the client proved a secret, or did not. Raises as `authenticate`."""
        name = self._name(proof.username)
        async with self.attempts.one(protocol, ip, proof.username, name) as attempt:
            attempt.found, attempt.method = await self._credentials(name), proof.mechanism
            good = usable(attempt.found, protocol, self._clock.now())
            one = next((one for one in good if one.credential_id == proof.credential_id), None)
            if one is not None and attempt.found is not None:
                attempt.label, attempt.expires = one.label, one.expires
                attempt.stand(credential_id=one.credential_id)
                await self._note_use(attempt.found.account_id, one)
            return self._let_in(attempt, proof.authorize_as, good=one is not None)

    async def bearer(self, protocol: str, ip: str, username: str, token: str) -> Login:
        """The account that a bearer token was given to; a `username` must be its name. Raises as `authenticate`."""
        name = self._name(username)
        async with self.attempts.one(protocol, ip, username, name) as attempt:
            now, attempt.method, reading = self._clock.now(), "token", self._engine.reading()
            one = await tokens.find(reading, token)
            attempt.found = await credentials.of_owner(reading, one.account_id if one else NOBODY)
            if one is not None:  # of a grant another token comes when this one has expired
                attempt.label, attempt.expires = one.label, 0 if one.grant_id else one.expires
                attempt.stand(token=one.token_hash, grant_id=one.grant_id)
            good = one is not None and one.good_for(protocol, now)
            if good and one is not None and now - one.last_used > USED_EVERY:
                await self._write_down(lambda tx: tokens.used(tx, one, now))
            return self._let_in(attempt, username, good=good)

    async def certified(
        self, protocol: str, ip: str, identities: Sequence[str], authorize_as: str = ""
    ) -> Login:
        """The account that a client certificate lets in, by what it says its holder is. Raises as `authenticate`."""
        name = self._name(authorize_as)
        async with self.attempts.one(protocol, ip, authorize_as or " ".join(identities), name) as attempt:
            attempt.method, reading = "certificate", self._engine.reading()
            one = await client_certificates.find(reading, identities)
            attempt.found = await credentials.of_owner(reading, one.account_id if one else NOBODY)
            attempt.label = one.label if one else ""
            attempt.stand(identity=one.identity if one else "")
            return self._let_in(attempt, authorize_as, good=one is not None)

    async def anonymous(self, protocol: str, ip: str, trace: str) -> Login:
        """A visitor (RFC 4505), who may see what its owner shows to anyone, by protocols for reading alone. Nothing was shown that could be guessed, so
        no failures are counted; the history says how many came, since strangers could fill it with their addresses. Raises `AuthenticationFailed`."""
        name = parse_mailbox(self._settings.visited) if protocol in VISITING else None
        found = await self._credentials(name)
        if found is None or not found.enabled:
            raise AuthenticationFailed(detail=f"there is nothing to visit by {protocol}")
        self.attempts.note(Attempt(protocol, "", ANONYMOUS, found=found), good=True)
        self.on_visit(protocol, ip, trace)
        ground = Ground(found.account_id, protocol)
        return Login(visitor_of(found.account_id), ANONYMOUS.lower(), ANONYMOUS, ground=ground)

    async def holds(self, ground: Ground) -> bool:
        """Whether who has logged in so would be let in still."""
        return await holds(self._engine.reading(), ground, self._clock.now())

    async def write_history(self) -> None:
        """Writes who logged in since the last time; now and then, and at the end."""
        await self.attempts.write()

    def _let_in(self, attempt: Attempt, authorize_as: str = "", *, good: bool) -> Login:
        found = attempt.found
        if not good or found is None or not found.enabled:
            raise AuthenticationFailed
        other = self._name(authorize_as) if authorize_as else found.address
        if other is None or not _same(other, found.address):
            raise AuthenticationFailed(detail=f"{found.address} asked to act as {authorize_as!r}")
        shown = f"{attempt.method} {attempt.label}"
        return Login(
            found.account_id,
            str(found.address),
            shown,
            attempt.expires,
            ground=attempt.ground,
            generation=found.generation,
        )

    def _name(self, username: str) -> Address | None:
        try:
            username.encode("utf-8")
        except UnicodeEncodeError:  # octets that were not UTF-8
            return None
        name = parse_mailbox(username, unqualified=bool(self._settings.domain))
        return Address(name.local, self._settings.domain) if name is not None and not name.domain else name

    async def _credentials(self, name: Address | None) -> Credentials | None:
        return None if name is None else await credentials.of_address(self._engine.reading(), name)

    async def _password_fits(self, attempt: Attempt, found: Credentials | None, password: bytes) -> bool:
        if found is None:
            return await self._passwords.fits(None, password)
        key = self._cache.key(attempt.protocol, found, password)
        known = self._cache.holds(key, self._clock.monotonic())
        if known is not None and usable(found, attempt.protocol, self._clock.now()):
            attempt.label, number = known
            attempt.stand(credential_id=number)
            return True
        fitting = await _fitting(
            self._passwords, usable(found, attempt.protocol, self._clock.now()), password
        )
        if fitting is None:
            return False
        attempt.label, attempt.expires = fitting.label, fitting.expires
        attempt.stand(credential_id=fitting.credential_id)
        if fitting.expires == 0:
            self._cache.add(key, self._clock.monotonic(), (fitting.label, fitting.credential_id))
        await self._note_use(found.account_id, fitting)
        with suppress(TryLater):  # too many passwords wait to be computed: another time
            await self._renew(found, fitting, password)
        return True

    async def _note_use(self, account_id: int, one: Credential) -> None:
        """When it was used."""
        now = self._clock.now()
        if now - one.last_used > USED_EVERY:
            await self._write_down(lambda tx: credentials.used(tx, account_id, one.credential_id, now))

    async def _renew(self, found: Credentials, one: Credential, password: bytes) -> None:
        """The verifier anew when its parameters are old, and what SCRAM needs where it is missing."""
        account_id, key = found.account_id, found.address.key
        if one.kind is not CredentialKind.PASSWORD:
            return
        if not scram_kept(self._vault, one, key) and self._vault is not None:
            kept = await self._passwords.scram(password, key, self._vault)
            if kept:
                await self._write_down(lambda tx: credentials.keep_scram(tx, account_id, one, kept))
        if self._passwords.outdated(one.verifier):
            verifier = await self._passwords.verifier(password)
            await self._write_down(lambda tx: credentials.replace_verifier(tx, account_id, one, verifier))

    async def _write_down(self, work: Callable[[Transaction], Awaitable[None]]) -> None:
        """A login does not fail for it."""
        with suppress(TryLater):
            await self._engine.write(work, Urgency.HOUSEKEEPING)

    def _require_vault(self) -> Vault:
        if self._vault is None:
            raise AuthenticationFailed(detail="SCRAM needs the vault")
        return self._vault


def _same(one: Address, other: Address) -> bool:
    """Whether two are one account's; the domain may be in A-labels or in U-labels."""
    if one.key == other.key:
        return True
    return fold(one.local) == fold(other.local) and other.domain in other_forms(one.domain)


def _of_a_person(found: Credentials | None, now: int) -> tuple[Credential | None, Credential | None]:
    """His own password and his one-time codes, as far as there are any."""
    good = {one.kind: one for one in (found.credentials if found else ()) if one.good_for("web", now)}
    return good.get(CredentialKind.PASSWORD), good.get(CredentialKind.TOTP)


async def _fitting(passwords: Passwords, usable: Sequence[Credential], password: bytes) -> Credential | None:
    """Which of these has this password."""
    digest = hashlib.sha256(password).digest()
    for one in usable:
        if one.kind is CredentialKind.APP_PASSWORD and hmac.compare_digest(one.verifier, digest):
            return one
    main = next((one for one in usable if one.kind is CredentialKind.PASSWORD), None)
    return main if await passwords.fits(main.verifier if main else None, password) else None


async def _right_answer(one: Passkey, shown: Shown, now: int) -> Use:
    try:
        return await asyncio.to_thread(passkey_proof.answered, one, shown, now)
    except PasskeyRefused as error:
        raise AuthenticationFailed(detail=str(error)) from error


def _scram_of(
    vault: Vault, key: str, usable: Sequence[Credential], hash_name: str, nobodys: bytes
) -> ScramKept:
    kept: list[tuple[int, Pair]] = []
    shape = salt_of(vault, key), ITERATIONS
    for one in usable:
        keys = scram.read(vault, one.scram, key)
        if keys is None or hash_name not in keys.keys:
            continue
        if not kept:
            shape = keys.salt, keys.iterations
        if (keys.salt, keys.iterations) == shape:
            kept.append((one.credential_id, keys.keys[hash_name]))
    if not kept:
        scram.read(vault, nobodys, NOBODYS)  # the same work
    return ScramKept(*shape, tuple(kept))


def scram_kept(vault: Vault | None, one: Credential, key: str) -> bool:
    """Whether there is what SCRAM needs, and it can be read."""
    return vault is not None and scram.read(vault, one.scram, key) is not None


def _shared_secret(
    vault: Vault | None, found: Credentials | None, usable: Sequence[Credential]
) -> tuple[int, bytes | None]:
    """The credential's id and the secret; 0 and None where there is none, or it cannot be read."""
    one = next((one for one in usable if one.kind is CredentialKind.SHARED_SECRET), None)
    if one is None or vault is None or found is None:
        return 0, None
    try:
        return one.credential_id, vault.unseal(one.verifier, shared_secret_purpose(found.account_id))
    except Unreadable:
        return 0, None


def shared_secret_purpose(account_id: int) -> str:
    """What `Vault.seal` is told of a shared secret before it becomes a credential."""
    return f"shared secret of account {account_id}"


def totp_purpose(account_id: int) -> str:
    """Likewise of the secret of one-time codes."""
    return f"one-time codes of account {account_id}"
