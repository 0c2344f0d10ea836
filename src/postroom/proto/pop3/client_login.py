"""How a client gets in: capabilities, TLS, and the best login there is, as one dialogue that reads from top to bottom.

RFC 2449 §5 (CAPA), RFC 2595 §4 (STLS; what was known before it is forgotten), RFC 5034 §4 (AUTH), RFC 1939 §7 (APOP, USER, PASS), RFC 6856
§2.1 (UTF8). A password never leaves in the clear where TLS is required. Not here: octets, and what a person is told.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from postroom.proto.pop3.apop import apop_digest
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

LONGEST_COMMAND = 253  # octets without the CRLF, RFC 2449 §4


class Response(msgspec.Struct, frozen=True):
    """A whole response: `code` is the response code without its brackets, `lines` those of a multi-line one, `content` a message's."""

    command: str
    ok: bool
    text: str
    code: str = ""
    lines: tuple[bytes, ...] = ()
    content: bytes = b""
    challenge: bool = False  # `text` is a SASL challenge, in base64


class Send(msgspec.Struct, frozen=True):
    """A command of the login; `shown` is how a dialogue shows it."""

    line: bytes
    shown: str
    multi_line: bool = False


class Upgrade(msgspec.Struct, frozen=True):
    """The server is ready for the TLS handshake."""


class Pop3Account(msgspec.Struct, frozen=True):
    """Who logs in and how.

    `secure`: the connection has TLS from its beginning; else it gets it by STLS, or the login is refused; only with `plaintext` the password
    goes without. `apop`: prove the secret instead of sending a password.
    """

    user: str
    password: str
    secure: bool = False
    plaintext: bool = False
    apop: bool = False
    utf8: bool = True
    server: str = ""  # its name, for logins that prove whom they are meant for
    nonce: Nonce = no_nonce
    token: str = ""  # a bearer token, instead of the password
    certificate: bool = False  # TLS shows one of ours, which may say who we are

    def __repr__(self) -> str:
        """Without the password."""
        return f"Pop3Account(user={self.user!r}, secure={self.secure}, plaintext={self.plaintext})"


class LoginRefused(Exception):
    """The login cannot be done; `code` is the server's response code, "" when the client gave up by itself."""

    def __init__(self, text: str, code: str = "") -> None:
        self.text = text
        self.code = code
        super().__init__(text)


Capabilities = dict[str, tuple[str, ...]]
Step = Send | Upgrade
Steps = Generator[Step, Response | None, Capabilities]


def login(account: Pop3Account, timestamp: str, binding: Binding | None = None) -> Steps:
    """The dialogue: yields what to do, is sent the response, returns the capabilities. `binding` is the TLS channel's. Raises `LoginRefused`."""
    if not (account.user + account.password).isprintable():
        raise LoginRefused(
            "A name or a password with control characters cannot be sent: check the account's settings"
        )
    offered = yield from _capabilities()
    if not (account.secure or account.plaintext):
        yield from _start_tls()
        offered = yield from _capabilities()
    if account.utf8 and "UTF8" in offered:
        yield Send(b"UTF8", "UTF8")
    secure = account.secure or not account.plaintext
    channel = of_client(binding, secure=secure, certificate=account.certificate)
    yield from _log_in(account, offered, timestamp, channel)
    return offered


def _capabilities() -> Steps:
    response = yield Send(b"CAPA", "CAPA", multi_line=True)
    assert response is not None
    found: Capabilities = {}
    for line in response.lines:
        tag, *arguments = line.decode("ascii", "replace").split() or [""]
        found[tag.upper()] = tuple(arguments)
    return found


def _start_tls() -> Generator[Step, Response | None, None]:
    response = yield Send(b"STLS", "STLS")  # whatever CAPA says: who has no CAPA may still have STLS
    assert response is not None
    if not response.ok:
        raise LoginRefused("The server offers no TLS, and without it no password is sent")
    yield Upgrade()


def _log_in(
    account: Pop3Account, offered: Capabilities, timestamp: str, channel: Channel
) -> Generator[Step, Response | None, None]:
    names = offered.get("SASL", ())
    who = login_of(account, "pop", names, channel)
    if account.apop:
        if not timestamp:
            raise LoginRefused("The server's greeting has no timestamp, so it does not know APOP")
        digest = apop_digest(timestamp, account.password)
        response = yield Send(f"APOP {account.user} {digest}".encode(), f"APOP {account.user} ******")
    elif chosen := choose(names, who, channel, plaintext_allowed=account.plaintext):
        response = yield from _sasl(who, chosen[0])
    else:
        response = yield Send(b"USER " + account.user.encode(), f"USER {account.user}")
        assert response is not None
        if response.ok:
            response = yield Send(b"PASS " + account.password.encode(), "PASS ******")
    assert response is not None
    if not response.ok:
        raise LoginRefused(response.text, response.code)


def _sasl(who: Login, mechanism: str) -> Generator[Step, Response | None, Response | None]:
    row = MECHANISMS[mechanism]
    try:
        exchange = row.client(who)
    except SaslError as error:
        raise LoginRefused(f"AUTH {mechanism} cannot be done: {error}") from None
    initial = encode_initial(exchange.step(b"")) if row.client_first else b""
    line = b"AUTH " + mechanism.encode()
    if (
        initial and len(line) + 1 + len(initial) <= LONGEST_COMMAND
    ):  # RFC 5034 §4: else it has to wait for the challenge
        line, initial = line + b" " + initial, b""
    response = yield Send(line, f"AUTH {mechanism}" + (" ******" if line.count(b" ") > 1 else ""))
    while response is not None and response.challenge:
        try:
            answer = initial or encode_base64(exchange.step(decode_base64(response.text.encode())))
        except SaslError:
            yield Send(b"*", "*")
            raise LoginRefused(f"The server's part of AUTH {mechanism} makes no sense") from None
        initial = b""
        response = yield Send(answer, "******")
    if response is not None and response.ok and not exchange.complete:
        raise LoginRefused("The server does not prove that it knows the password")
    return response
