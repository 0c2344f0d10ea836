"""The AUTHORIZATION state: names, passwords, digests, SASL, TLS and UTF8.

RFC 1939 §4 and §7 (USER, PASS, APOP), RFC 5034 §4 (AUTH), RFC 1734 §2 (AUTH alone, as its clients know it), RFC 2595 §4 (STLS), RFC 6856 §2
(UTF8). It reads what a client claims and hands it out; it never learns whether a name exists. Not here: any check of a password.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from postroom.proto.pop3.commands import Offer
from postroom.proto.pop3.events import ApopLogin, Asked, Login, Pop3Event, SaslLogin, StartTls
from postroom.proto.pop3.replies import Replies
from postroom.proto.pop3.texts import ENGLISH, Text
from postroom.proto.sasl.exchange import (
    MAX_RESPONSE,
    Ask,
    Challenge,
    Credentials,
    Knowledge,
    Outcome,
    SaslError,
    ServerExchange,
    decode_base64,
    decode_initial,
    encode_base64,
    identity,
)
from postroom.proto.sasl.mechanisms import PASSWORDS_ONLY, Channel, Supply, begin, usable


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one session; lengths are octets before the CRLF."""

    line: int = 255  # RFC 2449 §4
    auth_line: int = MAX_RESPONSE  # base64 of a SASL response, RFC 5034 §4
    faults: int = 20  # protocol faults until the connection is closed
    failed_logins: int = 3  # likewise
    queued: int = 262_144  # octets waiting to be sent above which the next command waits


class Pop3Config(msgspec.Struct, frozen=True):
    """What a service offers. `plaintext`: passwords are taken without TLS too. `login_delay` in seconds; `expire` in days, None: never."""

    host: str
    stls: bool = False
    plaintext: bool = False
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    sasl: Supply = PASSWORDS_ONLY  # what the mechanisms need
    login_delay: int = 0
    expire: int | None = None
    implementation: str = "Postroom"
    language: str = ENGLISH
    limits: Limits = Limits()


class Authorization:
    """A session that nobody has logged in to yet. It is replaced, never cleaned, when TLS begins."""

    __slots__ = (
        "_channel",
        "_config",
        "_exchange",
        "_mechanism",
        "_name",
        "_replies",
        "_secure",
        "_timestamp",
        "utf8",
    )

    def __init__(self, replies: Replies, config: Pop3Config, timestamp: str, channel: Channel) -> None:
        """`timestamp` is the one of the greeting, "" without APOP."""
        self._replies = replies
        self._config = config
        self._timestamp = timestamp
        self._channel = channel
        self._secure = channel.secure
        self._mechanism = ""
        self._name: str | None = None
        self._exchange: ServerExchange | None = None
        self.utf8 = False

    def offer(self, *, logged_in: bool = False) -> Offer:
        """What CAPA announces: the same before and after the login, but for STLS (RFC 2449 §5, RFC 2595 §4)."""
        config = self._config
        passwords = self._secure or config.plaintext
        return Offer(
            passwords=passwords,
            mechanisms=usable(
                config.mechanisms,
                secure=self._secure,
                plaintext_allowed=config.plaintext,
                channel=self._channel,
                supply=config.sasl,
            ),
            stls=config.stls and not self._secure and not self.utf8 and not logged_in,
            login_delay=config.login_delay,
            expire=config.expire,
            implementation=config.implementation,
        )

    def forget_name(self) -> None:
        """PASS counts only immediately after USER (RFC 1939 §7)."""
        self._name = None

    def user(self, arguments: list[bytes]) -> Pop3Event | None:
        """Any name is good here: an answer that depends on it would tell who exists (RFC 1939 §13)."""
        self._name = None
        if not self.offer().passwords:
            self._replies.err(self._replies.words(Text.TLS_FIRST))
        elif (name := credential(arguments[0].strip())) is None:
            self._replies.fault(self._replies.words(Text.NOT_UTF8))
        else:
            self._name = name
            self._replies.ok(self._replies.words(Text.NAME_TAKEN))
        return None

    def password(self, arguments: list[bytes]) -> Pop3Event | None:
        """The rest of the line is the password, spaces included."""
        name, self._name = self._name, None
        if not self.offer().passwords:
            self._replies.err(self._replies.words(Text.TLS_FIRST))
        elif name is None:
            self._replies.fault(self._replies.words(Text.USER_FIRST))
        elif (password := credential(arguments[0])) is None:
            self._replies.fault(self._replies.words(Text.NOT_UTF8))
        else:
            return Login(name, password)
        return None

    def apop(self, arguments: list[bytes]) -> Pop3Event | None:
        """The digest proves the secret and does not carry it, so it is good without TLS too."""
        name, digest = credential(arguments[0]), arguments[1].lower()
        if not self._timestamp:
            self._replies.err(self._replies.words(Text.NO_APOP))
        elif name is None:
            self._replies.fault(self._replies.words(Text.NOT_UTF8))
        elif len(digest) != 32 or digest.translate(None, b"0123456789abcdef"):
            self._replies.fault(self._replies.words(Text.USAGE, syntax="APOP name digest"))
        else:
            return ApopLogin(name, digest.decode("ascii"), self._timestamp)
        return None

    def auth(self, arguments: list[bytes]) -> Pop3Event | None:
        """Begins a SASL exchange; alone, lists the mechanisms, as clients from before CAPA ask for them."""
        mechanisms = self.offer().mechanisms
        if not arguments:
            self._replies.ok(self._replies.words(Text.MECHANISMS))
            self._replies.listing(mechanisms)
            self._replies.end()
            return None
        name = arguments[0].decode("ascii", "replace").upper()
        if name not in mechanisms:
            self._no_such_mechanism(name, mechanisms)
            return None
        self._mechanism = name
        self._exchange = begin(
            name, mechanisms, (self._config.host, "pop"), self._config.sasl, self._channel.binding
        )
        return self._step(decode_initial, arguments[1] if len(arguments) > 1 else None)

    def _no_such_mechanism(self, name: str, mechanisms: tuple[str, ...]) -> None:
        if name in self._config.mechanisms and not self._secure:
            self._replies.err(self._replies.words(Text.TLS_FIRST))
        else:
            self._replies.fault(self._replies.words(Text.NO_SUCH_MECHANISM, mechanisms=" ".join(mechanisms)))

    @property
    def exchanging(self) -> bool:
        """Whether the next line is a response to a challenge and no command."""
        return self._exchange is not None

    def respond(self, line: bytes) -> Pop3Event | None:
        """The client's response, or `*`, with which it gives up."""
        if line == b"*":
            self.cancel()
            self._replies.failed_logins += 1  # perhaps he knows already that he is refused (RFC 7628 §3.2.3)
            self._replies.err(self._replies.words(Text.SASL_CANCELLED))
            return None
        return self._step(decode_base64, line)

    def cancel(self) -> None:
        """Ends an exchange without an answer."""
        self._exchange = None

    def _step(self, decode: Callable[[bytes], bytes], response: bytes | None) -> Pop3Event | None:
        assert self._exchange is not None
        try:
            result = self._exchange.step(None if response is None else decode(response))
        except SaslError:
            return self._senseless()
        return self._advance(result)

    def tell(self, knowledge: Knowledge) -> Pop3Event | None:
        """Answers `Asked`: the exchange goes on."""
        assert self._exchange is not None
        try:
            result = self._exchange.know(knowledge)
        except SaslError:
            return self._senseless()
        return self._advance(result)

    def _senseless(self) -> Pop3Event | None:
        self.cancel()
        self._replies.fault(self._replies.words(Text.SASL_SYNTAX))
        return None

    def _advance(self, result: Outcome) -> Pop3Event | None:
        if isinstance(result, Challenge):
            self._replies.challenge(encode_base64(result.data))
            return None
        if isinstance(result, Ask):
            return Asked(result.about)
        self.cancel()
        if isinstance(result, Credentials):
            return Login(result.authcid, result.password, result.mechanism, result.authzid)
        return SaslLogin(result, self._mechanism)

    def start_tls(self, _: list[bytes]) -> Pop3Event | None:
        """Allowed once, and not after UTF8 (RFC 6856 §2.1)."""
        if self._secure:
            self._replies.err(self._replies.words(Text.TLS_ACTIVE))
        elif self.utf8:
            self._replies.err(self._replies.words(Text.STLS_AFTER_UTF8))
        elif not self._config.stls:
            self._replies.err(self._replies.words(Text.NO_STLS))
        else:
            return StartTls()
        return None

    def enable_utf8(self, _: list[bytes]) -> Pop3Event | None:
        """From here on messages go out as they are."""
        self.utf8 = True
        self._replies.ok(self._replies.words(Text.UTF8_ON))
        return None


def credential(octets: bytes) -> str | None:
    """A name or password as text; None when it is not UTF-8 (RFC 6856 §2.2)."""
    try:
        return identity(octets)
    except SaslError:
        return None


HANDLERS: dict[bytes, Callable[[Authorization, list[bytes]], Pop3Event | None]] = {
    b"USER": Authorization.user,
    b"PASS": Authorization.password,
    b"APOP": Authorization.apop,
    b"AUTH": Authorization.auth,
    b"STLS": Authorization.start_tls,
    b"UTF8": Authorization.enable_utf8,
}
