"""AUTH: the exchange between a conversation and a SASL mechanism.

RFC 4954 §4 and §6. Responses are masked in the dialogue. Not here: the mechanisms (`proto.sasl`), and whether a password is right.
"""

from __future__ import annotations

from postroom.proto.sasl.exchange import (
    Ask,
    Challenge,
    EncodingError,
    Knowledge,
    Outcome,
    SaslError,
    ServerExchange,
    decode_base64,
    decode_initial,
    encode_base64,
)
from postroom.proto.sasl.mechanisms import MECHANISMS, begin
from postroom.proto.smtp import texts
from postroom.proto.smtp.commands import Auth
from postroom.proto.smtp.conversation import Conversation
from postroom.proto.smtp.events import Asked, Authenticate
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.speech import MASKED
from postroom.wire.lines import LineFault

CANCEL = b"*"


def begin_login(conversation: Conversation, command: Auth) -> Authenticate | Asked | None:
    """AUTH was said where it may be."""
    mechanism = MECHANISMS.get(command.mechanism)
    standing = conversation.offer.standing
    if conversation.authenticated:
        conversation.say(texts.AUTH_TWICE)
    elif mechanism is None or mechanism.name not in conversation.config.mechanisms:
        conversation.say(texts.AUTH_UNKNOWN)
    elif mechanism.name not in standing.mechanisms:
        conversation.say(texts.AUTH_UNKNOWN if standing.tls else texts.AUTH_NEEDS_TLS)
    elif command.initial is not None or conversation.in_step():
        config = conversation.config
        exchange = begin(
            mechanism.name,
            standing.mechanisms,
            (config.hostname, "smtp"),
            config.sasl,
            conversation.binding,
        )
        if command.initial is None:
            return _go_on(conversation, exchange, None)
        if not mechanism.client_first and command.initial == "=":
            conversation.say(texts.AUTH_NO_INITIAL)
            return None
        try:
            response = decode_initial(command.initial.encode())
        except EncodingError:
            conversation.say(texts.AUTH_NOT_BASE64)
            return None
        return _go_on(conversation, exchange, response)
    return None


def _go_on(
    conversation: Conversation, exchange: ServerExchange, response: bytes | None
) -> Authenticate | Asked | None:
    conversation.step = conversation.read_command
    try:
        answer = exchange.step(response)
    except SaslError:
        failed(conversation, texts.AUTH_FAILED)
        return None
    return _advance(conversation, exchange, answer)


def tell(conversation: Conversation, knowledge: Knowledge) -> None:
    """Answers `Asked`."""
    exchange = conversation.exchange
    conversation.awaiting = conversation.exchange = None
    if exchange is None or conversation.closing:
        return
    try:
        answer = exchange.know(knowledge)
    except SaslError:
        failed(conversation, texts.AUTH_FAILED)
        return
    event = _advance(conversation, exchange, answer)
    if event is not None:
        conversation.news.append(event)


def _advance(
    conversation: Conversation, exchange: ServerExchange, answer: Outcome
) -> Authenticate | Asked | None:
    if isinstance(answer, Challenge):
        conversation.utter(Reply(334, None, (encode_base64(answer.data).decode("ascii"),)))
        _expect_response(conversation, exchange)
        return None
    if isinstance(answer, Ask):
        conversation.exchange = exchange
        asked = Asked(answer.about)
        conversation.awaiting = asked
        return asked
    event = Authenticate(answer)
    conversation.awaiting = event
    return event


def _expect_response(conversation: Conversation, exchange: ServerExchange) -> None:
    def read_response(conversation: Conversation) -> Authenticate | Asked | None:
        line = conversation.lines.line()
        if line is None:
            return None
        conversation.step = conversation.read_command
        if isinstance(line, LineFault):
            conversation.say(texts.AUTH_TOO_LONG if line is LineFault.TOO_LONG else texts.BARE_LF)
            return None
        conversation.said.append(b"<" + (CANCEL if line == CANCEL else MASKED))
        if line == CANCEL:
            failed(
                conversation, texts.AUTH_CANCELLED
            )  # perhaps since the client knows already that it is refused
            return None
        try:
            response = decode_base64(line)
        except EncodingError:
            conversation.say(texts.AUTH_NOT_BASE64)
            return None
        return _go_on(conversation, exchange, response)

    conversation.step = read_response


def failed(conversation: Conversation, reply: Reply) -> None:
    """A login that came to nothing; after a few the connection ends."""
    conversation.say(reply)
    conversation.failed_logins += 1
    if conversation.failed_logins >= conversation.config.limits.logins:
        conversation.end(texts.TOO_MANY_LOGINS)
