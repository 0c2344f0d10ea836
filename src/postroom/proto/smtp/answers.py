"""What a session's reply does to a conversation, as a table.

RFC 5321 §3.3 (MAIL, RCPT, DATA), RFC 2033 §4.2, RFC 3207 §4, RFC 4954 §4, RFC 2645 §5.2.1. Not here: which reply is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from postroom.proto.smtp.commands import (
    Data,
    Etrn,
    Expn,
    Mail,
    Rcpt,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
    Vrfy,
    Xclient,
)
from postroom.proto.smtp.conversation import Conversation, read_nothing
from postroom.proto.smtp.events import Asked, Authenticate, BodyEnd
from postroom.proto.smtp.login import failed
from postroom.proto.smtp.order import State
from postroom.proto.smtp.reception import begin_data, finish, finish_each, replies_due
from postroom.proto.smtp.reply import Reply

Answer = Callable[[Conversation, Any, Reply], None]


def _mail(conversation: Conversation, event: Mail, reply: Reply) -> None:
    if reply.positive:
        conversation.transaction = event.envelope
        conversation.state = State.MAIL
        conversation.utter(reply)
    else:
        conversation.abandon_transaction()
        conversation.say(reply)


def _rcpt(conversation: Conversation, event: Rcpt, reply: Reply) -> None:
    if reply.positive:
        assert conversation.transaction is not None
        conversation.transaction.recipients.append(event.recipient)
        conversation.state = State.RCPT
        conversation.utter(reply)
    else:
        conversation.limit_dialogue()
        conversation.say(reply)


def _data(conversation: Conversation, _event: Data, reply: Reply) -> None:
    if reply.code != 354:
        conversation.abandon(reply)
        conversation.state = State.READY
        conversation.say(reply)
    elif not conversation.lines.more or conversation.in_step():
        conversation.utter(reply)
        begin_data(conversation)


def _body_end(conversation: Conversation, _event: BodyEnd, reply: Reply) -> None:
    if conversation.lmtp:
        finish_each(conversation, [reply] * replies_due(conversation))
    else:
        finish(conversation, reply)


def _lookup(conversation: Conversation, event: Vrfy | Expn, reply: Reply) -> None:
    if event.utf8 and reply.positive:
        conversation.utter_utf8(reply)
    else:
        conversation.say(reply)


def _say(conversation: Conversation, _event: Etrn, reply: Reply) -> None:
    conversation.say(reply)


def _start_tls(conversation: Conversation, _event: StartTls, reply: Reply) -> None:
    if reply.code != 220:
        conversation.say(reply)
    elif conversation.in_step():
        conversation.abandon(reply)
        conversation.utter(reply)
        conversation.step = read_nothing  # until `tls_started`
        conversation.state = State.GREETED


def _turn(conversation: Conversation, _event: Turn, reply: Reply) -> None:
    conversation.say(reply)
    if reply.positive:
        conversation.state = State.TURNED
        conversation.step = _leave_unread


def _xclient(conversation: Conversation, event: Xclient, reply: Reply) -> None:
    """The greeting of another client (Postfix's documentation, "XCLIENT Server response"); one whose HELO was told need not say it."""
    if not reply.positive:
        conversation.say(reply)
        return
    conversation.authenticated = False
    conversation.forget_client()
    conversation.hello = event.facts.helo or ""
    conversation.esmtp = bool(event.facts.esmtp)
    conversation.state = State.READY if conversation.hello else State.GREETED
    conversation.say(reply)


def _leave_unread(conversation: Conversation) -> None:
    conversation.lines.more = False


def _authenticate(conversation: Conversation, _event: Authenticate, reply: Reply) -> None:
    if reply.positive:
        conversation.authenticated = True
        conversation.renew_offer()
        conversation.say(reply)
    elif reply.code == 421:
        conversation.say(reply)
    else:
        failed(conversation, reply)


def _asked(conversation: Conversation, _event: Asked, reply: Reply) -> None:
    conversation.exchange = None
    if reply.code == 421:
        conversation.say(reply)
    else:
        failed(conversation, reply)


ANSWERS: Mapping[type, Answer] = {
    Mail: _mail,
    Send: _mail,
    Soml: _mail,
    Saml: _mail,
    Rcpt: _rcpt,
    Data: _data,
    BodyEnd: _body_end,
    Vrfy: _lookup,
    Expn: _lookup,
    Etrn: _say,
    StartTls: _start_tls,
    Turn: _turn,
    Xclient: _xclient,
    Authenticate: _authenticate,
    Asked: _asked,
}
