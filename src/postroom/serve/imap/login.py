"""Coming and going: the login, ENABLE, ID, STARTTLS, COMPRESS, UNAUTHENTICATE, LOGOUT.

RFC 9051 §6.1 and §6.2, RFC 5161 §3, RFC 2971 §3, RFC 4978 §3, RFC 8437 §2. Not here: passwords (`store.login.login`), the SASL exchange (`proto.imap`).
"""

from __future__ import annotations

from typing import Final

from postroom.message.errors import MailError
from postroom.proto.imap.capabilities import ENABLED_BY
from postroom.proto.imap.capabilities import enable as newly_enabled
from postroom.proto.imap.commands.session import (
    Check,
    Compress,
    Enable,
    Id,
    LogIn,
    Logout,
    Noop,
    SaslAsked,
    SaslLogIn,
    StartTls,
    Unauthenticate,
)
from postroom.proto.imap.rendering import string
from postroom.proto.sasl.exchange import Claim, Credentials
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal, refused
from postroom.serve.imap.searching import contexts
from postroom.serve.logins import caller, judge, tell


async def go_on(conversation: Conversation, command: SaslAsked) -> None:
    """AUTHENTICATE has to know something."""
    assert conversation.connection is not None
    who = caller("imap", conversation.connection)
    try:
        conversation.machine.tell(await tell(conversation.service.logins, who, command.about))
    except MailError as error:
        answer = refused(error)
        conversation.machine.login_refused(answer.words, answer.code)


async def log_in(conversation: Conversation, command: LogIn | SaslLogIn) -> None:
    """The same words and the same work whoever it is."""
    service, connection = conversation.service, conversation.connection
    assert connection is not None
    try:
        login = await judge(service.logins, caller("imap", connection), _claim(command))
    except MailError as error:
        answer = refused(error)
        conversation.machine.login_refused(answer.words, answer.code)
        return
    if not service.presence.enter(login.account_id):
        conversation.machine.login_refused("This account has too many sessions: end one first", "LIMIT")
        return
    conversation.enter(login)
    conversation.machine.logged_in("Logged in")


def _claim(command: LogIn | SaslLogIn) -> Claim:
    if isinstance(command, SaslLogIn):
        return command.claim
    return Credentials(command.mechanism, command.user, command.password, command.authorize_as)


async def log_out(conversation: Conversation, _: Logout) -> Answer:
    """BYE, then OK (RFC 9051 §6.1.3)."""
    if conversation.connection is not None:
        conversation.connection.parting = True
    conversation.view = None
    conversation.machine.bye("Goodbye")
    return Answer("Logged out")


async def unauthenticate(conversation: Conversation, _: Unauthenticate) -> None:
    """Nobody is logged in any more (RFC 8437 §3); OK leaves as it would have, everything behind it is not compressed (§4.1)."""
    machine, connection = conversation.machine, conversation.connection
    assert connection is not None
    conversation.leave()
    machine.logged_out("Nobody is logged in now")
    if machine.compressed:
        await connection.drained()
        machine.uncompress()


async def noop(_conversation: Conversation, command: Noop | Check) -> Answer:
    """What is new is told with every command."""
    return Answer("Nothing done" if isinstance(command, Noop) else "Everything acknowledged is durable")


async def enable(conversation: Conversation, command: Enable) -> Answer:
    """RFC 5161 §3.1; CONDSTORE, which comes with QRESYNC, also tells the mailbox's modseq (RFC 7162 §3.1, §3.2.3)."""
    had_condstore = conversation.enabled("CONDSTORE")
    new = newly_enabled(command.capabilities, conversation.machine.enabled)
    conversation.out.untagged(" ".join(("ENABLED", *(ENABLED_BY[name] for name in new))))
    if conversation.enabled("CONDSTORE") and not had_condstore:
        conversation.tell_modseq()
    if "UIDONLY" in new and conversation.view is not None:
        contexts.end_numbered(conversation, conversation.view)
    return Answer("Enabled" if new else "Nothing new")


async def identify(conversation: Conversation, _: Id) -> Answer:
    """Who we are; who the client says it is decides nothing (RFC 2971 §3)."""
    config = conversation.service.config
    fields = [(b"name", config.implementation.encode())]
    if conversation.account_id and config.version:  # the version is nobody's business who is not logged in
        fields.append((b"version", config.version.encode()))
    listed = b" ".join(b"%b %b" % (string(name), string(value)) for name, value in fields)
    conversation.out.untagged(b"ID (%b)" % listed)
    return Answer("Pleased to meet you")


async def start_tls(conversation: Conversation, _: StartTls) -> None:
    """The machine has seen that it may be; the answer leaves in the clear."""
    service, connection = conversation.service, conversation.connection
    assert connection is not None
    if service.tls is None:
        raise Refusal("TLS is not to be had at the moment", "UNAVAILABLE")
    if conversation.machine.begin_tls():
        connection.start_tls(service.tls())


async def compress(conversation: Conversation, command: Compress) -> None:
    """RFC 4978 §3: OK leaves as it is, everything behind it compressed."""
    machine, connection = conversation.machine, conversation.connection
    assert connection is not None
    if command.algorithm != "DEFLATE":
        raise Refusal("The only algorithm is DEFLATE", status="BAD")
    if machine.compressed:
        raise Refusal("Compression is on already", "COMPRESSIONACTIVE")
    machine.finish("OK", "DEFLATE is on behind this line")
    await connection.drained()
    machine.compress()


HANDLERS: Final[Handlers] = {
    LogIn: log_in,
    SaslLogIn: log_in,
    SaslAsked: go_on,
    Logout: log_out,
    Unauthenticate: unauthenticate,
    Noop: noop,
    Check: noop,
    Enable: enable,
    Id: identify,
    StartTls: start_tls,
    Compress: compress,
}
