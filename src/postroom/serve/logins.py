"""What sessions ask of the login policy, whatever their protocol: whether a claim is good, and what a SASL exchange has to know.

RFC 4422 §3.6 (the outcome), RFC 5802 §9 (what is shown of a name). Not here: the policy itself (`store.login.login`), SASL (`proto.sasl`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from postroom.message.errors import AuthenticationFailed, MailError
from postroom.net.session import Connection, TlsFacts
from postroom.net.tls.client_certificate import identities
from postroom.proto.sasl.exchange import (
    Anonymous,
    Binding,
    Claim,
    Credentials,
    Denied,
    External,
    Granted,
    Key,
    Knowledge,
    Proof,
    Secret,
    Token,
    Verifier,
    WhoIs,
)
from postroom.store.login.login import Login, Proven, ScramKept
from postroom.store.login.standing import Ground

_HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}


class LoggedIn(Protocol):
    """Who somebody is."""

    @property
    def account_id(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def ground(self) -> Ground | None: ...


class Logins(Protocol):
    """Checks credentials. Raises `AuthenticationFailed`, `TooManyLogins` or another `MailError`. See `store.login.login.LoginPolicy`."""

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> Login:
        """By password (UTF-8)."""

    async def scram(self, protocol: str, username: str, hash_name: str) -> ScramKept:
        """What SCRAM works with for a name."""

    async def shared_secret(self, protocol: str, username: str) -> tuple[int, bytes]:
        """A credential's id and the secret."""

    async def proven(self, protocol: str, ip: str, proof: Proven) -> Login:
        """By a proof that was looked at."""

    async def bearer(self, protocol: str, ip: str, username: str, token: str) -> Login:
        """By a bearer token."""

    async def certified(
        self, protocol: str, ip: str, identities: Sequence[str], authorize_as: str = ""
    ) -> Login:
        """By a client certificate."""

    async def anonymous(self, protocol: str, ip: str, trace: str) -> Login:
        """Without a name."""


class Caller(msgspec.Struct, frozen=True):
    """Who wants to log in: by which protocol, from where, with which client certificate (DER, b"" without a checked one)."""

    protocol: str
    ip: str
    certificate: bytes = b""


class Bindable(Protocol):
    """A protocol's machine, as far as SASL needs to know of its TLS channel."""

    binding: Binding | None
    certificate: bool


def caller(protocol: str, connection: Connection) -> Caller:
    """The other end of a connection."""
    return Caller(protocol, connection.peer.ip, _checked(connection.tls))


def attach(machine: Bindable, connection: Connection | None, facts: TlsFacts | None) -> None:
    """Lets a machine know of the TLS channel, before it is told that TLS has begun."""
    machine.certificate = bool(_checked(facts))
    machine.binding = connection.binding if connection and facts is not None and facts.bindable else None


async def tell(logins: Logins, who: Caller, about: WhoIs | Proof | Token) -> Knowledge:
    """What an exchange has asked. A refusal is told too, since some exchanges have last words; other errors are raised."""
    if not isinstance(about, WhoIs):
        try:
            return Granted(await judge(logins, who, about), about.mechanism)
        except AuthenticationFailed as error:
            return Denied(error)
    name = about.mechanism.removesuffix("-PLUS")
    if name in _HASHES:
        kept = await logins.scram(who.protocol, about.authcid, _HASHES[name])
        return Verifier(kept.salt, kept.iterations, tuple(Key(number, *pair) for number, pair in kept.keys))
    return Secret(*await logins.shared_secret(who.protocol, about.authcid))


async def judge(logins: Logins, who: Caller, claim: Claim | Token) -> LoggedIn:
    """The account that a claim is good for; raises a `MailError`."""
    protocol, ip = who.protocol, who.ip
    if isinstance(claim, Credentials):
        password = claim.password.encode()
        return await logins.authenticate(protocol, ip, claim.authcid, password, claim.authzid)
    if isinstance(claim, Proof):
        proof = Proven(claim.authcid, claim.mechanism, claim.credential, claim.authzid)
        return await logins.proven(protocol, ip, proof)
    if isinstance(claim, Token):
        return await logins.bearer(protocol, ip, claim.authcid, claim.token)
    if isinstance(claim, External):
        return await logins.certified(protocol, ip, identities(who.certificate), claim.authzid)
    if isinstance(claim, Anonymous):
        return await logins.anonymous(protocol, ip, claim.trace)
    if isinstance(claim, Granted):
        granted: Login = claim.who
        return granted
    raise claim.why if isinstance(claim.why, MailError) else AuthenticationFailed


def _checked(facts: TlsFacts | None) -> bytes:
    return facts.certificate if facts is not None and facts.verified else b""
