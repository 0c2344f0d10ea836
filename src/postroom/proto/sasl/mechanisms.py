"""The SASL mechanisms that Postroom speaks, each declared once, in a client's order of preference.

RFC 4422 §3.1 (names). EHLO's AUTH, CAPA's SASL, IMAP's AUTH= and the documentation derive from this table: a mechanism is two classes and a row.
What shows a password goes over TLS only, what lets it be guessed only where that was asked for; what needs a token, a shared secret or a certificate
is offered where there is one. Not here: what a service's settings leave out.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType
from typing import Protocol

import msgspec

from postroom.proto.sasl.anonymous import AnonymousClient, AnonymousServer
from postroom.proto.sasl.bearer import BearerClient, BearerServer
from postroom.proto.sasl.digests import CramMd5Client, CramMd5Server, DigestMd5Client, DigestMd5Server
from postroom.proto.sasl.exchange import (
    Binding,
    ClientExchange,
    Discovery,
    Login,
    Nonce,
    ServerExchange,
    Terms,
    no_binding,
    no_nonce,
)
from postroom.proto.sasl.external import ExternalClient, ExternalServer
from postroom.proto.sasl.login import LoginClient, LoginServer
from postroom.proto.sasl.plain import PlainClient, PlainServer
from postroom.proto.sasl.scram import BINDINGS, ScramClient, ScramServer


class Need(enum.Enum):
    """What a client has to have."""

    PASSWORD = "a password"
    SECRET = "a shared secret, which the server can read"
    TOKEN = "a bearer token"
    CERTIFICATE = "a client certificate"
    NOTHING = "nothing: it gives no name"


class Exposure(enum.Enum):
    """What somebody who listens gets."""

    SHOWN = "the secret itself"
    GUESSABLE = "what guesses can be tried on"
    NOTHING = "nothing"


class Mechanism(msgspec.Struct, frozen=True):
    """One row. `client_first` begins with the client's message; `bound` ties the login to the TLS channel."""

    name: str
    rfc: str
    need: Need
    exposure: Exposure
    client_first: bool
    server: Callable[[Terms], ServerExchange]
    client: Callable[[Login], ClientExchange]
    bound: bool = False

    @property
    def plaintext(self) -> bool:
        """Whether it sends the secret as it is."""
        return self.exposure is Exposure.SHOWN

    @property
    def nonce(self) -> bool:
        """Whether the server's end needs one."""
        return self.exposure is Exposure.GUESSABLE


class Supply(msgspec.Struct, frozen=True):
    """What a service brings along. Without a `nonce`, what needs one is not offered; `kept` tells what some account has, beside passwords;
    `guessable`: mechanisms that let a listener guess may go without TLS; `discovery` tells where tokens are to be had."""

    nonce: Nonce | None = None
    kept: Callable[[], frozenset[Need]] = frozenset
    guessable: bool = False
    discovery: Callable[[], Discovery] = Discovery


def _scram(name: str, rfc: str, hash_name: str, *, plus: bool = False) -> Mechanism:
    return Mechanism(
        name,
        rfc,
        Need.PASSWORD,
        Exposure.GUESSABLE,
        client_first=True,
        server=partial(ScramServer, name=name, hash_name=hash_name, plus=plus),
        client=partial(ScramClient, hash_name=hash_name, plus=plus),
        bound=plus,
    )


def _bearer(name: str, rfc: str) -> Mechanism:
    return Mechanism(
        name,
        rfc,
        Need.TOKEN,
        Exposure.SHOWN,
        client_first=True,
        server=partial(BearerServer, name=name),
        client=partial(BearerClient, name=name),
    )


MECHANISMS: Mapping[str, Mechanism] = MappingProxyType(
    {
        row.name: row
        for row in (
            Mechanism(
                "EXTERNAL",
                "RFC 4422",
                Need.CERTIFICATE,
                Exposure.NOTHING,
                True,
                ExternalServer,
                ExternalClient,
            ),
            _scram("SCRAM-SHA-256-PLUS", "RFC 7677", "sha256", plus=True),
            _scram("SCRAM-SHA-1-PLUS", "RFC 5802", "sha1", plus=True),
            _scram("SCRAM-SHA-256", "RFC 7677", "sha256"),
            _scram("SCRAM-SHA-1", "RFC 5802", "sha1"),
            Mechanism("PLAIN", "RFC 4616", Need.PASSWORD, Exposure.SHOWN, True, PlainServer, PlainClient),
            Mechanism("LOGIN", "no RFC", Need.PASSWORD, Exposure.SHOWN, False, LoginServer, LoginClient),
            Mechanism(
                "DIGEST-MD5",
                "RFC 2831",
                Need.SECRET,
                Exposure.GUESSABLE,
                False,
                DigestMd5Server,
                DigestMd5Client,
            ),
            Mechanism(
                "CRAM-MD5", "RFC 2195", Need.SECRET, Exposure.GUESSABLE, False, CramMd5Server, CramMd5Client
            ),
            _bearer("OAUTHBEARER", "RFC 7628"),
            _bearer("XOAUTH2", "no RFC"),
            Mechanism(
                "ANONYMOUS",
                "RFC 4505",
                Need.NOTHING,
                Exposure.NOTHING,
                True,
                AnonymousServer,
                AnonymousClient,
            ),
        )
    }
)
NAMED = tuple(name for name, row in MECHANISMS.items() if row.need is not Need.NOTHING)
USUAL = tuple(name for name in NAMED if MECHANISMS[name].need is not Need.SECRET)
PASSWORDS_ONLY = Supply()


class Channel(msgspec.Struct, frozen=True):
    """A connection, as far as it matters here: TLS, a client certificate that was checked, data to bind to."""

    secure: bool = False
    certificate: bool = False
    binding: Binding | None = None

    @property
    def bindable(self) -> bool:
        """Whether a login can be bound to it."""
        return self.binding is not None


def usable(
    names: tuple[str, ...],
    *,
    secure: bool,
    plaintext_allowed: bool = False,
    channel: Channel | None = None,
    supply: Supply = PASSWORDS_ONLY,
) -> tuple[str, ...]:
    """Those of `names` that a server may offer now. `plaintext_allowed` is a lab's: all goes without TLS."""
    channel = channel or Channel(secure)
    clear = secure or plaintext_allowed
    kept = (supply.kept() | {Need.PASSWORD}) - {Need.CERTIFICATE}
    if channel.certificate:
        kept |= {Need.CERTIFICATE}
    return tuple(
        row.name
        for row in (MECHANISMS[name] for name in names if name in MECHANISMS)
        if (clear or (supply.guessable and not row.plaintext))
        and row.need in kept
        and (channel.bindable or not row.bound)
        and (supply.nonce is not None or not row.nonce)
    )


def begin(
    name: str,
    offered: Collection[str],
    where: tuple[str, str],
    supply: Supply = PASSWORDS_ONLY,
    binding: Binding | None = None,
) -> ServerExchange:
    """The server's end of an exchange by one of the mechanisms that are offered. `where`: our name, and the service's (RFC 2743 §4.1)."""
    bindable = any(MECHANISMS[one].bound for one in offered)
    nonce, bound = supply.nonce or no_nonce, binding or no_binding
    terms = Terms(*where, nonce, bound, bindable, supply.discovery())
    return MECHANISMS[name].server(terms)


def of_client(binding: Binding | None, *, secure: bool, certificate: bool) -> Channel:
    """A client's channel; a binding that has no data is none."""
    there = secure and binding is not None and any(binding(kind) for kind in BINDINGS)
    return Channel(secure, secure and certificate, binding if there else None)


class Account(Protocol):
    """Who logs in, as clients of several protocols keep it."""

    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def server(self) -> str: ...
    @property
    def nonce(self) -> Nonce: ...
    @property
    def token(self) -> str: ...


def login_of(account: Account, service: str, offered: tuple[str, ...], channel: Channel) -> Login:
    """What an exchange with a server that offers these mechanisms begins with."""
    bindable = any(name.endswith("-PLUS") for name in offered)
    return Login(
        account.user,
        account.password,
        service,
        account.server or "localhost",
        account.nonce,
        channel.binding or no_binding,
        account.token,
        bindable,
    )


def choose(offered: tuple[str, ...], login: Login, channel: Channel, *, plaintext_allowed: bool) -> list[str]:
    """What a client may use of what a server offers, the strongest first. A token is used where there is one, else the password; who has no name is anonymous."""
    need = Need.TOKEN if login.token else Need.PASSWORD
    needs = {Need.CERTIFICATE} if channel.certificate and not login.password else {need}
    if need is Need.PASSWORD and login.password:
        needs.add(Need.SECRET)
    if not (login.user or login.password or login.token or channel.certificate):
        needs = {Need.NOTHING}
    return [
        row.name
        for row in MECHANISMS.values()
        if row.name in offered
        and row.need in needs
        and (channel.secure or plaintext_allowed or not row.plaintext)
        and (channel.bindable or not row.bound)
        and (login.nonce is not no_nonce or not row.nonce)
    ]
