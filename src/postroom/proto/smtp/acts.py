"""What each command does to a conversation, as a table.

RFC 5321 §4.1.1 and the extensions' RFCs named in `commands`. An act returns the event that asks for a decision, or answers by itself. Order
and syntax were checked before. Not here: replies of the session (`server`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from postroom.message.envelope import BodyKind
from postroom.proto.smtp import texts
from postroom.proto.smtp.commands import (
    Auth,
    Bdat,
    Command,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Hello,
    Helo,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
    Vrfy,
    Xclient,
)
from postroom.proto.smtp.conversation import Conversation, read_nothing
from postroom.proto.smtp.events import Closed, Greeted, SmtpEvent
from postroom.proto.smtp.help import help_reply
from postroom.proto.smtp.login import begin_login
from postroom.proto.smtp.order import State
from postroom.proto.smtp.reception import begin_chunk

Act = Callable[[Conversation, Any], SmtpEvent | None]


def _hello(conversation: Conversation, command: Hello) -> SmtpEvent | None:
    conversation.count_junk()
    if conversation.closing or not conversation.in_step():
        return None
    conversation.abandon(texts.OK_RESET)
    conversation.hello = command.name
    conversation.esmtp = command.extended
    conversation.state = State.READY
    reply = conversation.offers.hello(conversation.offer, command.name, extended=command.extended)
    conversation.utter(reply)
    return Greeted(command.name, command.extended)


def _mail(conversation: Conversation, command: Mail) -> SmtpEvent | None:
    config = conversation.config
    if config.auth_required and not conversation.authenticated:
        conversation.say(texts.AUTH_FIRST)
        return None
    conversation.mails += 1
    if config.limits.mails and conversation.mails > config.limits.mails:
        conversation.end(texts.TOO_MANY_MAILS)
        return None
    conversation.begin_transaction()
    conversation.awaiting = command
    return command


def _rcpt(conversation: Conversation, command: Rcpt) -> SmtpEvent | None:
    envelope = conversation.transaction
    assert envelope is not None
    if len(envelope.recipients) >= conversation.config.limits.recipients:
        conversation.limit_dialogue()
        conversation.say(texts.TOO_MANY_RECIPIENTS)
        return None
    if not envelope.smtputf8 and not command.recipient.address.is_ascii:
        conversation.say(texts.SMTPUTF8_NEEDED)
        return None
    conversation.awaiting = command
    return command


def _data(conversation: Conversation, command: Data) -> SmtpEvent | None:
    if conversation.lines.more and not conversation.in_step():
        return None
    envelope = conversation.transaction
    if envelope is not None and envelope.body is BodyKind.BINARY:
        conversation.say(texts.NEEDS_BDAT)  # RFC 3030 §3
        return None
    conversation.awaiting = command
    return command


def _bdat(conversation: Conversation, command: Bdat) -> SmtpEvent | None:
    if command.size == 0 and not command.last:
        conversation.count_junk()
        if conversation.closing:
            return None
    return begin_chunk(conversation, command, None)


def _rset(conversation: Conversation, _command: Rset) -> SmtpEvent | None:
    conversation.count_junk()
    if not conversation.closing:
        conversation.abandon(texts.OK_RESET)
        conversation.state = State.READY if conversation.hello else State.GREETED
        conversation.utter(texts.OK_RESET)
    return None


def _noop(conversation: Conversation, _command: Noop) -> SmtpEvent | None:
    conversation.count_junk()
    if not conversation.closing:
        conversation.utter(texts.OK_NOOP)
    return None


def _help(conversation: Conversation, command: Help) -> SmtpEvent | None:
    conversation.count_junk()
    if not conversation.closing:
        conversation.say(help_reply(command.topic, conversation.offer))
    return None


def _quit(conversation: Conversation, _command: Quit) -> SmtpEvent | None:
    conversation.utter(conversation.offers.goodbye)
    conversation.abandon(texts.OK_RESET)
    conversation.closing = True
    conversation.step = read_nothing
    conversation.news.append(Closed("QUIT"))
    return None


def _start_tls(conversation: Conversation, command: StartTls) -> SmtpEvent | None:
    if not conversation.in_step():  # RFC 3207 §4: what follows it in the clear was put there by somebody else
        return None
    conversation.awaiting = command
    return command


def _lookup(conversation: Conversation, command: Vrfy | Expn) -> SmtpEvent | None:
    conversation.count_junk()
    if conversation.closing:
        return None
    conversation.awaiting = command
    return command


def _etrn(conversation: Conversation, command: Etrn) -> SmtpEvent | None:
    conversation.count_junk()
    if conversation.closing:
        return None
    conversation.awaiting = command
    return command


def _xclient(conversation: Conversation, command: Xclient) -> SmtpEvent | None:
    if not conversation.in_step():  # everything begins anew, also what may be said
        return None
    conversation.awaiting = command
    return command


def _turn(conversation: Conversation, command: Turn) -> SmtpEvent | None:
    if not conversation.authenticated:
        conversation.say(texts.AUTH_FIRST)
        return None
    if conversation.in_step():
        conversation.awaiting = command
        return command
    return None


def _show(conversation: Conversation, command: Mail) -> SmtpEvent | None:
    if not conversation.authenticated:
        conversation.say(texts.AUTH_FIRST)
        return None
    return _mail(conversation, command)


def _auth(conversation: Conversation, command: Auth) -> SmtpEvent | None:
    return begin_login(conversation, command)


ACTS: Mapping[type[Command], Act] = {
    Helo: _hello,
    Ehlo: _hello,
    Lhlo: _hello,
    Mail: _mail,
    Send: _show,
    Soml: _show,
    Saml: _show,
    Rcpt: _rcpt,
    Data: _data,
    Bdat: _bdat,
    Rset: _rset,
    Noop: _noop,
    Help: _help,
    Quit: _quit,
    StartTls: _start_tls,
    Vrfy: _lookup,
    Expn: _lookup,
    Etrn: _etrn,
    Turn: _turn,
    Auth: _auth,
    Xclient: _xclient,
}
