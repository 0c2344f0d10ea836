"""What a client's lines mean: which commands they are, whether they may be given now, and the commands that belong to no one state.

RFC 1939 §3 (states, unrecognized commands), RFC 2449 §4 (lengths) and §5 (CAPA), RFC 6856 §3 (LANG). Every line gets an answer or becomes an
event. No answer repeats what the client sent, and no secret is noted. Not here: what surrounds the lines (`proto.pop3.server`).
"""

from __future__ import annotations

from collections.abc import Callable

from postroom.proto.pop3 import authorization, transaction
from postroom.proto.pop3.authorization import Authorization, Pop3Config
from postroom.proto.pop3.commands import COMMANDS, Command, State, capability_lines, verbs_in
from postroom.proto.pop3.events import Code, Pop3Event
from postroom.proto.pop3.replies import Replies
from postroom.proto.pop3.texts import LANGUAGES, Text, find_language
from postroom.proto.pop3.transaction import Transaction
from postroom.proto.sasl.mechanisms import Channel
from postroom.wire.lines import LineFault
from postroom.wire.numbers import decimal

_PRINTABLE = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_HTTP = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH"})
_MASK = b"******"


class Conversation:
    """The state of one session. `transaction` is None until somebody is logged in; `closing` when all is said."""

    __slots__ = ("_config", "authorization", "closing", "replies", "transaction")

    def __init__(self, config: Pop3Config) -> None:
        self._config = config
        self.replies = Replies(config.language)
        self.authorization = Authorization(self.replies, config, "", Channel())
        self.transaction: Transaction | None = None
        self.closing = False

    @property
    def state(self) -> State:
        """Which commands may be given; UPDATE takes none, and ends in the same moment as the connection."""
        if self.closing:
            return State.UPDATE
        return State.AUTHORIZATION if self.transaction is None else State.TRANSACTION

    @property
    def listing(self) -> bool:
        """Whether a listing goes on; `list_on` then writes more of it."""
        return self.transaction is not None and self.transaction.listing

    def list_on(self) -> None:
        """The next stretch of the listing."""
        assert self.transaction is not None
        self.transaction.list_on()

    def line(self, line: bytes | LineFault) -> Pop3Event | None:
        """Takes one line; gives an event when the answer has to come from outside."""
        event = None
        if isinstance(line, LineFault):
            self._faulty(line)
        elif self.authorization.exchanging:
            self.replies.note(b"<" + (_MASK if line != b"*" else line))
            event = self.authorization.respond(line)
        else:
            event = self._plain_retr(line) or self._command(line)
        if self.replies.faults >= self._config.limits.faults and not self.closing:
            self.say_last(Text.TOO_MANY_ERRORS)
        elif self.replies.failed_logins >= self._config.limits.failed_logins:
            self.closing = True
        return event

    def say_last(self, text: Text, code: Code = Code.NONE, **values: object) -> None:
        """A negative answer behind which the connection closes."""
        self.replies.err(self.replies.words(text, **values), code)
        self.closing = True

    def sign_off(self) -> None:
        """The positive answer to QUIT."""
        host, text = self._config.host, Text.SIGNING_OFF
        count = 0
        if self.transaction is not None:
            count = self.transaction.snapshot.count
            text = Text.SIGNING_OFF_LEFT if count else Text.SIGNING_OFF_EMPTY
        self.replies.ok(self.replies.words(text, host=host, count=count))
        self.closing = True

    # ------------------------------------------------------------------------------------------------------------ one command

    def _plain_retr(self, line: bytes) -> Pop3Event | None:
        """RETR as clients send it, for a message that is there; None for all else, which takes the long way."""
        if self.transaction is None or line[:5] != b"RETR ":
            return None
        number = decimal(line[5:])
        event = self.transaction.retrieval(number) if number else None
        if event is not None:
            self.replies.note(b"<" + line)
        return event

    def _command(self, line: bytes) -> Pop3Event | None:
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        command = COMMANDS.get(verb)
        self.replies.note(b"<" + self._masked(command, line))
        if not self._usable(line, command):
            return None
        assert command is not None
        arguments = command.arguments(rest)
        if arguments is None:
            self.replies.fault(self.replies.words(Text.USAGE, syntax=command.syntax))
            return None
        if verb != b"PASS":
            self.authorization.forget_name()
        return self._dispatch(verb, arguments)

    def _usable(self, line: bytes, command: Command | None) -> bool:
        """Whether the line is a command that may be given now; answers it when not."""
        replies, limit = self.replies, self._config.limits.line
        if len(line) > limit and (command is None or command.verb != "AUTH"):
            replies.fault(replies.words(Text.LINE_TOO_LONG, most=limit))
        elif line.translate(None, _PRINTABLE):
            replies.fault(replies.words(Text.CONTROL_CHARACTERS))
        elif command is None and line.partition(b" ")[0] in _HTTP:
            self.say_last(Text.NOT_HTTP)  # a browser was sent here; what follows is not for us
        elif command is None:
            replies.fault(replies.words(Text.UNKNOWN, verbs=verbs_in(self.state)))
        elif self.state not in command.states:
            replies.fault(replies.words(Text.LOGIN_FIRST if self.transaction is None else Text.LOGGED_IN))
        else:
            return True
        return False

    def _dispatch(self, verb: bytes, arguments: list[bytes]) -> Pop3Event | None:
        if verb in HANDLERS:
            return HANDLERS[verb](self, arguments)
        if self.transaction is None:
            return authorization.HANDLERS[verb](self.authorization, arguments)
        return transaction.HANDLERS[verb](self.transaction, arguments)

    def _masked(self, command: Command | None, line: bytes) -> bytes:
        """The line as it may be kept. Before the login, what is no command may be a password that was typed too early."""
        if command is not None and not command.clear:
            return line
        if command is not None:
            words = line.split(b" ", command.clear)
            return b" ".join((*words[: command.clear], _MASK)) if len(words) > command.clear else line
        return _MASK if self.transaction is None else line

    def _faulty(self, fault: LineFault) -> None:
        self.replies.note(b"<[a line %s]" % fault.value.encode())
        self.authorization.cancel()
        limits = self._config.limits
        most = limits.line if self.transaction is not None else limits.auth_line
        self.replies.fault(self.replies.words(_FAULTS[fault], most=most))

    # ------------------------------------------------------------------------------------------------- commands of both states

    def capabilities(self, _: list[bytes]) -> Pop3Event | None:
        """The table, as far as it applies now."""
        offer = self.authorization.offer(logged_in=self.transaction is not None)
        self.replies.ok(self.replies.words(Text.CAPABILITIES))
        self.replies.listing(capability_lines(offer))
        self.replies.end()
        return None

    def language(self, arguments: list[bytes]) -> Pop3Event | None:
        """Lists the languages, or changes to one: the answer is in it already."""
        if not arguments:
            self.replies.ok(self.replies.words(Text.LANGUAGE_LIST))
            self.replies.listing(f"{tag} {name}" for tag, name in LANGUAGES.items())
            self.replies.end()
            return None
        asked = arguments[0].decode("ascii", "replace")
        tag = self._config.language if asked == "*" else find_language(asked)
        if tag is None:
            self.replies.err(self.replies.words(Text.NO_SUCH_LANGUAGE))
        else:
            self.replies.language = tag
            self.replies.ok(f"{tag} {self.replies.words(Text.LANGUAGE_SET)}")
        return None

    def quit(self, _: list[bytes]) -> Pop3Event | None:
        """Enters UPDATE, when somebody is logged in and something is marked; else there is nothing to do but to say goodbye."""
        update = self.transaction.update() if self.transaction is not None else None
        if update is None:
            self.sign_off()
        return update


HANDLERS: dict[bytes, Callable[[Conversation, list[bytes]], Pop3Event | None]] = {
    b"CAPA": Conversation.capabilities,
    b"LANG": Conversation.language,
    b"QUIT": Conversation.quit,
}

_FAULTS = {
    LineFault.BARE_LF: Text.BARE_LF,
    LineFault.BARE_CR: Text.CONTROL_CHARACTERS,
    LineFault.TOO_LONG: Text.LINE_TOO_LONG,
}
