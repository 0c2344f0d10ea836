"""What a SASL mechanism is, seen from the protocols that carry it.

RFC 4422 §3 (authentication exchange), RFC 4954 §4 and RFC 5034 §4 (how SMTP and POP3 carry one: base64 in lines, "=" for an empty initial
response, "*" to cancel). RFC 5802 §3 and §9 (what a server keeps for SCRAM). Not here: the mechanisms, and whether a password is right.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

MAX_RESPONSE = 12_288  # octets of base64 in one line, RFC 4954 §4


class SaslError(Exception):
    """What the peer sent is not what the mechanism prescribes. The words are for the log; a peer learns no more than "failed"."""


class EncodingError(SaslError):
    """It is not base64 (RFC 4954 §4: a 501 of its own)."""


class Challenge(msgspec.Struct, frozen=True):
    """What the server says next."""

    data: bytes


class Credentials(msgspec.Struct, frozen=True):
    """What the client claims to be; nothing is checked yet. `authzid` "" means the same identity as `authcid`."""

    mechanism: str
    authcid: str
    password: str
    authzid: str = ""

    def __repr__(self) -> str:
        """Without the password: a log or a traceback may show it."""
        return f"Credentials({self.mechanism!r}, {self.authcid!r}, authzid={self.authzid!r})"


class Proof(msgspec.Struct, frozen=True):
    """Whether the client knows a secret: `credential` is the one that it proved, 0 none."""

    mechanism: str
    authcid: str
    credential: int
    authzid: str = ""


class Token(msgspec.Struct, frozen=True):
    """A bearer token (RFC 6750 §2.1). `authcid` "" leaves it to the token whose it is."""

    mechanism: str
    authcid: str
    token: str

    def __repr__(self) -> str:
        """Without the token."""
        return f"Token({self.mechanism!r}, {self.authcid!r})"


class External(msgspec.Struct, frozen=True):
    """The client is whom its certificate says (RFC 4422 appendix A); `authzid` "" takes the account that the certificate is for."""

    mechanism: str
    authzid: str


class Anonymous(msgspec.Struct, frozen=True):
    """The client does not say who it is (RFC 4505); `trace` is what it says instead, which proves nothing."""

    mechanism: str
    trace: str


class WhoIs(msgspec.Struct, frozen=True):
    """What is kept for this name? Answered by `Verifier` or `Secret`, for an unknown name too."""

    mechanism: str
    authcid: str


class Ask(msgspec.Struct, frozen=True):
    """The exchange goes on when it is told: for `WhoIs` what is kept, for the others `Granted` or `Denied`."""

    about: WhoIs | Proof | Token


class Key(msgspec.Struct, frozen=True):
    """RFC 5802 §3: StoredKey and ServerKey of one credential."""

    credential: int
    stored: bytes
    server: bytes


class Verifier(msgspec.Struct, frozen=True):
    """What SCRAM keeps of the secrets of one name, which share salt and iteration count; no keys: there is none that would do."""

    salt: bytes
    iterations: int
    keys: tuple[Key, ...] = ()


class Secret(msgspec.Struct, frozen=True):
    """A shared secret in clear; `credential` 0: nobody's, only for the same work."""

    credential: int
    secret: bytes

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Secret({self.credential})"


class Granted(msgspec.Struct, frozen=True):
    """The policy lets the client in; `who` is the policy's, and only handed on."""

    who: Any
    mechanism: str = ""


class Denied(msgspec.Struct, frozen=True):
    """It does not, and why."""

    why: Exception


Claim = (
    Credentials | Proof | External | Anonymous | Granted | Denied
)  # an exchange's end; the last two were told to it
Knowledge = Verifier | Secret | Granted | Denied
Outcome = Challenge | Ask | Claim
Nonce = Callable[[], str]  # printable ASCII without commas, quotes and spaces, never the same twice
Binding = Callable[
    [str], bytes
]  # the data of a channel binding by its name (RFC 5056 §2), b"" where there is none


def no_binding(_kind: str) -> bytes:
    """Of a connection that nothing can be bound to."""
    return b""


def no_nonce() -> str:
    """Of who cannot make one: mechanisms that need it are not used."""
    return ""


class Discovery(msgspec.Struct, frozen=True):
    """Where a client without a good token may learn how to get one: the URL of an authorization server's metadata, and the scope to ask for."""

    url: str = ""
    scope: str = ""


class Terms(msgspec.Struct, frozen=True):
    """What a server's exchange begins with. `bindable`: mechanisms with channel binding are offered beside; `service` as in RFC 2743 §4.1."""

    host: str
    service: str
    nonce: Nonce
    binding: Binding
    bindable: bool = False
    discovery: Discovery = Discovery()


class Login(msgspec.Struct, frozen=True):
    """What a client's exchange begins with. `token` is a bearer token; `bindable`: the server offers mechanisms with channel binding; `trace` is what who has
    no name says (RFC 4505 §2)."""

    user: str
    password: str
    service: str
    host: str
    nonce: Nonce = no_nonce
    binding: Binding = no_binding
    token: str = ""
    bindable: bool = False
    trace: str = ""

    def __repr__(self) -> str:
        """Without secrets."""
        return f"Login({self.user!r}, {self.service!r})"


class ServerExchange(Protocol):
    """The server's end: `step` takes the client's response (None at the start, when there was no initial response)."""

    def step(self, response: bytes | None) -> Outcome:
        """What to send, what to find out, or the client's claim; raises `SaslError`."""

    def know(self, knowledge: Knowledge) -> Outcome:
        """Answers `Ask`. Raises `SaslError`."""


class ClientExchange(Protocol):
    """The client's end: `step` takes the server's challenge (b"" for an empty one, or for none before an initial response)."""

    @property
    def complete(self) -> bool:
        """Whether the server may say yes now: where it has to prove itself, it has done so."""

    def step(self, challenge: bytes) -> bytes:
        """The response; raises `SaslError` when the server asks for more than the mechanism has, or proves nothing."""


class AsksNothing:
    """Of a server's exchange that needs no knowledge."""

    def know(self, knowledge: Knowledge) -> Outcome:
        """Never called."""
        raise SaslError(f"nothing was asked, and told was {type(knowledge).__name__}")


class Final:
    """The end of an exchange with a last word of the server's, which the client answers with nothing (RFC 4422 §3.1, RFC 4954 §4)."""

    def __init__(self, granted: Granted) -> None:
        self._granted = granted

    def step(self, response: bytes | None) -> Granted:
        """The client's nothing; anything else raises `SaslError`."""
        if response:
            raise SaslError("the last response must be empty")
        return self._granted


def decode_base64(text: bytes) -> bytes:
    """RFC 4648 §4, to the letter: no foreign character, padding where it belongs and nowhere else; raises `EncodingError`."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise EncodingError("not base64") from None
    if base64.b64encode(data) != text:  # the decoder lets bits and padding pass that no encoder makes
        raise EncodingError("not canonical base64")
    return data


def decode_initial(text: bytes) -> bytes:
    """As `decode_base64`, of an initial response: "=" is the empty one (RFC 4954 §4)."""
    return b"" if text == b"=" else decode_base64(text)


def encode_base64(data: bytes) -> bytes:
    """RFC 4648 §4, without line breaks."""
    return base64.b64encode(data)


def encode_initial(data: bytes) -> bytes:
    """As `encode_base64`, of an initial response: the empty one is "="."""
    return base64.b64encode(data) or b"="


def identity(octets: bytes) -> str:
    """A name or a password as text: UTF-8, no NUL (RFC 4616 §2); raises `SaslError`."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise SaslError("not UTF-8") from None
    if "\0" in text:
        raise SaslError("NUL in a name or a password")
    return text
