"""From a line to a command: the step that reads what a client says between two messages.

RFC 5321 §4.1.4 (order), §4.2.4 (500 or 502), §4.5.3.1.4 (length), RFC 6531 §3.5 (UTF-8). Not here: what commands do (`acts`).
"""

from __future__ import annotations

from collections.abc import Mapping

from postroom.proto.smtp import texts
from postroom.proto.smtp.acts import ACTS
from postroom.proto.smtp.commands import VERBS, Auth, Bdat, Command, Data, parse_usual
from postroom.proto.smtp.conversation import Conversation
from postroom.proto.smtp.events import SmtpEvent
from postroom.proto.smtp.extensions import SHOWING
from postroom.proto.smtp.order import HINTS, NEXT, NO_RECIPIENT, State
from postroom.proto.smtp.reception import begin_chunk
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.speech import MASKED
from postroom.proto.smtp.syntax import BadCommand
from postroom.wire.lines import LineFault

_FAULTS: Mapping[LineFault, Reply] = {
    LineFault.BARE_LF: texts.BARE_LF,
    LineFault.BARE_CR: texts.BARE_CR,
    LineFault.TOO_LONG: texts.TOO_LONG,
}
_OTHER_PROTOCOLS = frozenset(
    {"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE", "PRI"}
)
_FORBIDDEN = frozenset(
    {"PROXY", "XCLIENT", "XFORWARD"}
)  # what only a trusted proxy may say; there is none on this port
_HELLO = frozenset({"HELO", "EHLO", "LHLO"})


def read_command(conversation: Conversation) -> SmtpEvent | None:
    """The step between two messages."""
    line = conversation.lines.line()
    if line is None:
        return None
    if isinstance(line, LineFault):
        login = line is LineFault.TOO_LONG and conversation.lines.start[:5].upper() == b"AUTH "
        conversation.say(texts.AUTH_TOO_LONG if login else _FAULTS[line])
        return None
    offer = conversation.offer
    usual = parse_usual(line, offer) if offer.transfer else None
    if usual is not None:
        conversation.said.append(b"<" + line)
        kind = usual.__class__
        if kind in NEXT[conversation.state]:
            return ACTS[kind](conversation, usual)
        _out_of_order(conversation, kind, line.decode()[5:])
        return None
    return _read_text(conversation, line)


def _read_text(conversation: Conversation, line: bytes) -> SmtpEvent | None:
    try:
        text = str(line, "utf-8").rstrip(" \t")
    except UnicodeDecodeError:
        conversation.say(texts.NOT_UTF8)
        return None
    verb, _, argument = text.partition(" ")
    row = VERBS.get(verb)
    if row is None:
        verb = verb.upper()
        row = VERBS.get(verb)
    offer = conversation.offer
    too_long = len(line) > offer.longest_line and verb != "AUTH"  # which has a limit of its own, RFC 4954 §4
    if row is None or verb not in offer.verbs or not text.isprintable() or too_long:
        _unusual(conversation, line, verb)
        return None
    kind: type[Command] = row.command
    conversation.said.append(b"<" + line if kind is not Auth else _masked(conversation, verb, argument))
    if kind not in NEXT[conversation.state]:
        _out_of_order(conversation, kind, argument)
        return None
    try:
        command = kind.parse(argument, offer)
    except BadCommand as bad:
        _bad(conversation, bad)
        return None
    return ACTS[kind](conversation, command)


def _masked(conversation: Conversation, verb: str, argument: str) -> bytes:
    """AUTH's line without its initial response. What is not understood later may be a secret, too."""
    conversation.secrets_near = True
    mechanism, _, initial = argument.partition(" ")
    known = mechanism.upper() in conversation.config.mechanisms
    return b"<%s %s%s" % (
        verb.encode("ascii"),
        mechanism.encode("ascii") if known else MASKED,
        b" " + MASKED if initial else b"",
    )


def _bad(conversation: Conversation, bad: BadCommand) -> None:
    if bad.fatal:
        conversation.end(bad.reply)
    else:
        conversation.say(bad.reply)


def _out_of_order(conversation: Conversation, kind: type[Command], argument: str) -> None:
    reply = Reply.of(503, "5.5.1", HINTS[conversation.state])
    if conversation.state is State.MAIL and kind in {Data, Bdat}:
        # RFC 5321 §3.3 lets 503 and 554; RFC 2033 §4.2 wants 503
        reply = Reply.of(503 if conversation.lmtp else 554, "5.5.1", NO_RECIPIENT)
    if kind is not Bdat:
        conversation.say(reply)
        return
    try:
        command = Bdat.parse(argument, conversation.offer)
    except BadCommand as bad:
        _bad(conversation, bad)
        return
    # RFC 2033 §4.3: to the last chunk there are as many replies as recipients, so here none
    silent = conversation.lmtp and command.last and conversation.state is State.MAIL
    begin_chunk(conversation, command, [] if silent else [reply])


def _unusual(conversation: Conversation, line: bytes, verb: str) -> None:
    """What is no command, or none that is offered now."""
    conversation.secrets_near |= verb == "AUTH"
    hidden = conversation.secrets_near and (verb not in VERBS or verb == "AUTH")
    conversation.said.append(b"<[%d octets]" % len(line) if hidden else b"<" + line[:512])
    if len(line) > conversation.offer.longest_line and verb != "AUTH":
        conversation.say(texts.TOO_LONG)
    elif b"\0" in line or not line.decode("utf-8").isprintable():
        conversation.say(texts.CONTROL)
    elif verb in _OTHER_PROTOCOLS:
        conversation.end(texts.OTHER_PROTOCOL)
    elif verb in _FORBIDDEN:
        conversation.end(texts.FORBIDDEN)
    else:
        conversation.say(_not_offered(conversation, verb))
    if verb == "BDAT":
        conversation.end(texts.OUT_OF_STEP)  # where its octets end is not known


def _not_offered(conversation: Conversation, verb: str) -> Reply:
    config = conversation.config
    if verb not in VERBS:
        return texts.UNKNOWN
    if config.tls_required and not conversation.secure:
        return texts.TLS_FIRST
    if verb in _HELLO:
        return texts.WRONG_HELLO_LMTP if conversation.lmtp else texts.WRONG_HELLO_SMTP
    if verb == "STARTTLS" and conversation.secure:
        return texts.TLS_TWICE
    if config.mechanisms:
        if verb == "AUTH":
            return texts.AUTH_NEEDS_TLS
        if verb in SHOWING or (verb in {"ATRN", "TURN"} and config.turn):
            return texts.AUTH_FIRST
    return texts.NOT_HERE
