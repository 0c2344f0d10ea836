"""From the connection to a session: greeting, EHLO or HELO, STARTTLS, AUTH.

RFC 5321 §3.1 and §3.2, RFC 2033 §4.1, RFC 3207 §4, RFC 4954 §4. Not here: the letters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from postroom.proto.sasl.exchange import (
    Login,
    SaslError,
    decode_base64,
    encode_base64,
    encode_initial,
    no_binding,
)
from postroom.proto.sasl.mechanisms import MECHANISMS, choose, of_client
from postroom.proto.smtp.capabilities import NOTHING, Capabilities
from postroom.proto.smtp.client_conversation import ClientConversation
from postroom.proto.smtp.client_events import BeginTls, Ready, Stage, TlsUse
from postroom.proto.smtp.client_replies import ReplyReader
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.speech import MASKED, TLS_NOTE

LONGEST_AUTH = 510  # octets of AUTH with an initial response, RFC 4954 §4
_NOT_KNOWN = frozenset({500, 501, 502, 504})  # to EHLO: an old server, which knows HELO


def _greeting(client: ClientConversation, reply: Reply) -> None:
    if reply.positive:
        say_hello(client)
    else:
        client.end(reply, Stage.GREETING)


def say_hello(client: ClientConversation) -> None:
    """EHLO, over LMTP LHLO."""
    verb = "LHLO" if client.config.lmtp else "EHLO"
    client.say(f"{verb} {client.config.hostname}\r\n".encode(), Stage.EHLO)


def _ehlo(client: ClientConversation, reply: Reply) -> None:
    if reply.positive:
        client.capabilities = Capabilities.parse(reply.lines[1:])
        _go_on(client)
    elif reply.code in _NOT_KNOWN and not client.config.lmtp:
        client.say(f"HELO {client.config.hostname}\r\n".encode(), Stage.HELO)
    else:
        client.end(reply, Stage.EHLO)


def _helo(client: ClientConversation, reply: Reply) -> None:
    if reply.positive:
        client.capabilities = NOTHING
        _go_on(client)
    else:
        client.end(reply, Stage.HELO)


def _go_on(client: ClientConversation) -> None:
    """What comes next: TLS, AUTH, or letters."""
    config = client.config
    if not client.secure and config.tls is not TlsUse.NEVER and not client.tls_refused:
        if client.capabilities.has("STARTTLS"):
            client.say(b"STARTTLS\r\n", Stage.STARTTLS)
            return
        if config.tls is TlsUse.REQUIRED:
            client.give_up("TLS is required here, and the server does not offer it", Stage.STARTTLS, "4.7.0")
            return
    if config.account is not None and not client.authenticated:
        channel = of_client(client.binding, secure=client.secure, certificate=config.certificate)
        client.untried = choose(
            client.capabilities.mechanisms,
            _login(client),
            channel,
            plaintext_allowed=config.plaintext_auth,
        )
        _say_auth(client)
        return
    client.events.append(Ready(client.capabilities))


def _starttls(client: ClientConversation, reply: Reply) -> None:
    if reply.code == 220:
        # RFC 3207 §6: what came behind the reply in the clear was put there by somebody else
        client.reader = ReplyReader(client.said)
        client.events.append(BeginTls())
    elif client.config.tls is TlsUse.REQUIRED:
        client.end(reply, Stage.STARTTLS)
    else:
        client.tls_refused = True
        _go_on(client)


def tls_started(client: ClientConversation) -> None:
    """The handshake is done: nothing that the server said before counts (RFC 3207 §4.2)."""
    client.secure = True
    client.capabilities = NOTHING
    client.said.append(TLS_NOTE)
    client.reader = ReplyReader(client.said)
    say_hello(client)


def _say_auth(client: ClientConversation) -> None:
    if not client.untried:
        client.give_up("The server offers no login that may be used here", Stage.AUTH, "4.7.0")
        return
    mechanism = MECHANISMS[client.untried.pop(0)]
    try:
        client.exchange = mechanism.client(_login(client))
    except SaslError as error:
        client.give_up(f"The login cannot be done: {error}", Stage.AUTH, "4.7.0")
        return
    command = f"AUTH {mechanism.name}".encode()
    shown = command
    if mechanism.client_first:
        initial = encode_initial(client.exchange.step(b""))
        if len(command) + 1 + len(initial) <= LONGEST_AUTH:
            shown = command + b" " + MASKED
            command += b" " + initial
        else:
            client.exchange = mechanism.client(_login(client))
    client.say(command + b"\r\n", Stage.AUTH, shown)


def _auth(client: ClientConversation, reply: Reply) -> None:
    if reply.code == 334:
        _answer_challenge(client, reply)
    elif reply.positive and not (client.exchange and client.exchange.complete):
        client.give_up("The server does not prove that it knows the password", Stage.AUTH, "4.7.0")
    elif reply.positive:
        client.authenticated = True
        _go_on(client)
    elif reply.code == 504 and client.untried:  # this mechanism is not known after all
        _say_auth(client)
    else:
        client.end(reply, Stage.AUTH)


def _login(client: ClientConversation) -> Login:
    config, account = client.config, client.config.account
    assert account is not None
    bindable = any(name.endswith("-PLUS") for name in client.capabilities.mechanisms)
    binding = (client.binding if client.secure else None) or no_binding
    server = config.server or "localhost"
    return Login(
        account.name, account.password, "smtp", server, config.nonce, binding, account.token, bindable
    )


def _answer_challenge(client: ClientConversation, reply: Reply) -> None:
    assert client.exchange is not None
    try:
        answer = encode_base64(client.exchange.step(decode_base64(reply.lines[0].encode())))
    except SaslError:
        client.say(b"*\r\n", Stage.AUTH)  # RFC 4954 §4: cancelled
        client.untried = []
        return
    client.say(answer + b"\r\n", Stage.AUTH, MASKED)


def _quit(client: ClientConversation, reply: Reply) -> None:
    client.end(reply, Stage.QUIT)


HEARD: Mapping[Stage, Callable[[ClientConversation, Reply], None]] = {
    Stage.GREETING: _greeting,
    Stage.EHLO: _ehlo,
    Stage.HELO: _helo,
    Stage.STARTTLS: _starttls,
    Stage.AUTH: _auth,
    Stage.QUIT: _quit,
}
