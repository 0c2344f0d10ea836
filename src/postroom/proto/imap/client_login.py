"""How a client gets in: capabilities, TLS, the best login there is, and what is switched on after it, as one dialogue.

RFC 9051 §6.1.1 (CAPABILITY), §6.2.1 (STARTTLS; what was known before it is forgotten), §6.2.2 (AUTHENTICATE), §6.2.3 (LOGIN, LOGINDISABLED), §7.1.4
(PREAUTH), RFC 4959 §3 (SASL-IR), RFC 5161 §3 (ENABLE), RFC 2971 §3.1 (ID). A password never leaves in the clear where TLS is required. Not here:
octets, and what a person is told.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import msgspec

from postroom.proto.imap.client_commands import Part, Request, request, string
from postroom.proto.imap.client_values import Capabilities
from postroom.proto.sasl.exchange import (
    Binding,
    Login,
    Nonce,
    SaslError,
    decode_base64,
    encode_base64,
    encode_initial,
    no_nonce,
)
from postroom.proto.sasl.mechanisms import MECHANISMS, Channel, choose, login_of, of_client

T = TypeVar("T")


class ImapAccount(msgspec.Struct, frozen=True):
    """Who logs in and how.

    `secure`: the connection has TLS from its beginning; else it gets it by STARTTLS, or the login is refused; only with `plaintext` the
    password goes without. `identity` are the fields of ID.
    """

    user: str
    password: str
    secure: bool = False
    plaintext: bool = False
    identity: tuple[tuple[str, str], ...] = ()
    server: str = ""  # its name, for logins that prove whom they are meant for
    nonce: Nonce = no_nonce
    token: str = ""  # a bearer token, instead of the password
    certificate: bool = False  # TLS shows one of ours, which may say who we are

    def __repr__(self) -> str:
        """Without the password."""
        return f"ImapAccount(user={self.user!r}, secure={self.secure}, plaintext={self.plaintext})"


class Upgrade(msgspec.Struct, frozen=True):
    """The server is ready for the TLS handshake."""


class Answer(msgspec.Struct, frozen=True):
    """What came of a step. `capabilities` and `enabled` are what was heard meanwhile; a `challenge` is the server's, in base64."""

    ok: bool
    text: str
    code: str = ""
    capabilities: Capabilities | None = None
    enabled: frozenset[str] = frozenset()
    challenge: bool = False


class Greeting(msgspec.Struct, frozen=True):
    """The server's first words; `preauth`: it knows already who is there."""

    capabilities: Capabilities | None
    preauth: bool


class Entered(msgspec.Struct, frozen=True):
    """The login is done. `utf8`: from now on names and strings are UTF-8."""

    capabilities: Capabilities
    utf8: bool


class LoginRefused(Exception):
    """The login cannot be done; `code` is the server's response code, "" when the client gave up by itself."""

    def __init__(self, text: str, code: str = "") -> None:
        self.text = text
        self.code = code
        super().__init__(text)


class Say(msgspec.Struct, frozen=True):
    """A line of a SASL exchange, without its CRLF."""

    line: bytes


Step = Request | Say | Upgrade
Steps = Generator[Step, Answer | None, T]


def login(account: ImapAccount, greeting: Greeting, binding: Binding | None = None) -> Steps[Entered]:
    """The dialogue: yields what to do, is sent the answer, returns what is there. `binding` is the TLS channel's. Raises `LoginRefused`."""
    if not (account.user + account.password).isprintable():
        raise LoginRefused(
            "A name or a password with control characters cannot be sent: check the account's settings"
        )
    can = greeting.capabilities
    if not (account.secure or account.plaintext):
        if greeting.preauth:  # RFC 9051 §7.1.4: there is no way to TLS from here
            raise LoginRefused("The server lets everybody in without TLS: someone may be in between")
        yield from _start_tls(can or (yield from _capabilities()))
        can = None  # RFC 9051 §6.2.1: what was said before may be anybody's
    if can is None:
        can = yield from _capabilities()
    if not greeting.preauth:
        secure = account.secure or not account.plaintext
        channel = of_client(binding, secure=secure, certificate=account.certificate)
        said = yield from _log_in(account, can, channel)
        can = said or (yield from _capabilities())
    if account.identity and can.has("ID"):
        yield _identity(account.identity)
    return Entered(can, (yield from _enable(can)))


def _capabilities() -> Steps[Capabilities]:
    answer = yield request("CAPABILITY")
    assert answer is not None
    if answer.capabilities is None:
        raise LoginRefused(f"The server does not say what it can: {answer.text}")
    return answer.capabilities


def _start_tls(can: Capabilities) -> Steps[None]:
    if not can.has("STARTTLS"):
        raise LoginRefused("The server offers no TLS, and without it no password is sent")
    answer = yield request("STARTTLS")
    assert answer is not None
    if not answer.ok:
        raise LoginRefused(f"The server refuses TLS, and without it no password is sent: {answer.text}")
    yield Upgrade()


def _log_in(account: ImapAccount, can: Capabilities, channel: Channel) -> Steps[Capabilities | None]:
    names = tuple(name for name in MECHANISMS if can.has(f"AUTH={name}"))
    who = login_of(account, "imap", names, channel)
    chosen = choose(names, who, channel, plaintext_allowed=account.plaintext)
    if chosen:
        answer = yield from _sasl(who, chosen[0], can)
    elif can.has("LOGINDISABLED"):  # RFC 9051 §6.2.3: the client must not try
        raise LoginRefused("The server takes no password here (LOGINDISABLED): use TLS")
    else:
        answer = yield _plain_login(account)
    assert answer is not None
    if not answer.ok:
        raise LoginRefused(answer.text, answer.code)
    return answer.capabilities


def _plain_login(account: ImapAccount) -> Request:
    user, password = string(account.user, utf8=False), string(account.password, utf8=False)
    return msgspec.structs.replace(request("LOGIN", user, password), shown="LOGIN ****** ******")


def _sasl(who: Login, mechanism: str, can: Capabilities) -> Steps[Answer | None]:
    row = MECHANISMS[mechanism]
    try:
        exchange = row.client(who)
    except SaslError as error:
        raise LoginRefused(f"AUTHENTICATE {mechanism} cannot be done: {error}") from None
    initial = encode_initial(exchange.step(b"")) if row.client_first else b""
    words: list[Part] = [mechanism.encode()]
    shown = f"AUTHENTICATE {mechanism}"
    if initial and can.has("SASL-IR"):
        words.append(initial)
        initial, shown = b"", f"{shown} ******"
    answer = yield msgspec.structs.replace(request("AUTHENTICATE", *words), shown=shown)
    while answer is not None and answer.challenge:
        try:
            said = initial or encode_base64(exchange.step(decode_base64(answer.text.encode())))
        except SaslError:
            yield Say(b"*")
            raise LoginRefused(f"The server's part of AUTHENTICATE {mechanism} makes no sense") from None
        initial = b""
        answer = yield Say(b"" if said == b"=" else said)  # RFC 9051 §6.2.2: an empty line, here
    if answer is not None and answer.ok and not exchange.complete:
        raise LoginRefused("The server does not prove that it knows the password")
    return answer


def _identity(fields: tuple[tuple[str, str], ...]) -> Request:
    words = [string(text, utf8=False) for pair in fields for text in pair]
    return request("ID", b"(%b)" % b" ".join(word for word in words if isinstance(word, bytes)))


def _enable(can: Capabilities) -> Steps[bool]:
    wanted = [name for name in ("IMAP4rev2", "UTF8=ACCEPT") if name.upper() in can.names]
    if not wanted or not can.has("ENABLE"):
        return False
    answer = yield request("ENABLE", *(name.encode() for name in wanted))
    assert answer is not None
    return bool(answer.enabled & {"IMAP4REV2", "UTF8=ACCEPT"})
