"""AUTHENTICATE: a SASL exchange in lines.

RFC 9051 §6.2.2, RFC 4959 §3 (an initial response; `=` is the empty one), RFC 4422 §3. It reads what a client claims; nothing is checked. Not here:
the mechanisms (`proto.sasl`).
"""

from __future__ import annotations

import msgspec

from postroom.proto.imap.commands.session import Authenticate, LogIn, SaslAsked, SaslLogIn, StartTls
from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.verb import Command
from postroom.proto.sasl.exchange import (
    Ask,
    Challenge,
    Credentials,
    EncodingError,
    Knowledge,
    Outcome,
    SaslError,
    ServerExchange,
    decode_base64,
    decode_initial,
    encode_base64,
)
from postroom.proto.sasl.mechanisms import Channel, begin, usable


class Wrong(msgspec.Struct, frozen=True):
    """Why there is no exchange, or no more: a status, words, a response code."""

    status: str
    words: str
    code: str = ""


Step = LogIn | SaslAsked | SaslLogIn | Wrong | bytes  # bytes: the next challenge, in base64


def mechanisms(config: ImapConfig, channel: Channel) -> tuple[str, ...]:
    """Those that may be used now."""
    return usable(
        config.mechanisms,
        secure=channel.secure,
        plaintext_allowed=config.plaintext,
        channel=channel,
        supply=config.sasl,
    )


def untimely(command: Command, config: ImapConfig, *, secure: bool) -> Wrong | None:
    """Why LOGIN or STARTTLS may not be given now; None for those that may, and for all else."""
    if isinstance(command, LogIn) and not (secure or config.plaintext):
        words = "A password needs TLS: say STARTTLS first, or use the port for TLS"
        return Wrong("NO", words, "PRIVACYREQUIRED")
    if isinstance(command, StartTls) and secure:
        return Wrong("BAD", "TLS has begun already")
    if isinstance(command, StartTls) and not config.starttls:
        return Wrong("BAD", "STARTTLS is not offered here")
    return None


class Exchange:
    """One AUTHENTICATE, from `begin` over `respond` to a step that is no challenge."""

    __slots__ = ("_config", "_exchange", "_mechanism")

    def __init__(self, config: ImapConfig) -> None:
        self._config = config
        self._mechanism = ""
        self._exchange: ServerExchange | None = None

    def begin(self, command: Authenticate, channel: Channel) -> Step:
        """The first step."""
        config = self._config
        allowed = mechanisms(config, channel)
        self._mechanism = command.mechanism
        if command.mechanism not in allowed:
            if command.mechanism in config.mechanisms and not channel.secure:
                return Wrong("NO", "Only over TLS", "PRIVACYREQUIRED")
            return Wrong("NO", f"Use one of: {' '.join(allowed) or 'none before STARTTLS'}", "CANNOT")
        self._exchange = begin(
            command.mechanism, allowed, (config.host, "imap"), config.sasl, channel.binding
        )
        try:
            return self._step(None if command.initial is None else decode_initial(command.initial))
        except EncodingError:
            return Wrong("BAD", "The initial response is not base64")

    def respond(self, line: bytes) -> Step:
        """The client's next line."""
        if line == b"*":
            return Wrong("BAD", "The login is given up")
        try:
            return self._step(decode_base64(line))
        except EncodingError:
            return Wrong("BAD", "The response is not base64")

    def _step(self, response: bytes | None) -> Step:
        assert self._exchange is not None
        try:
            result = self._exchange.step(response)
        except EncodingError:
            raise
        except SaslError:
            return self._senseless()
        return self._advance(result)

    def tell(self, knowledge: Knowledge) -> Step:
        """Answers `SaslAsked`."""
        assert self._exchange is not None
        try:
            result = self._exchange.know(knowledge)
        except SaslError:
            return self._senseless()
        return self._advance(result)

    def _senseless(self) -> Wrong:
        return Wrong("BAD", f"That is not what {self._mechanism} prescribes")

    def _advance(self, result: Outcome) -> Step:
        if isinstance(result, Challenge):
            return encode_base64(result.data)
        if isinstance(result, Ask):
            return SaslAsked(result.about)
        if isinstance(result, Credentials):
            return LogIn(result.authcid, result.password, result.mechanism, result.authzid)
        return SaslLogIn(result, self._mechanism)
