"""The server's end of a POP3 session, as a pure machine: octets in, events out, octets out.

RFC 1939 (the protocol), RFC 2449 (CAPA, response codes, PIPELINING), RFC 2595 §4 (STLS), RFC 5034 (AUTH), RFC 6856 (UTF8, LANG). Commands are
answered in their order; one event at a time leaves, and the next only after its answer. Not here: the maildrop, passwords, sockets, time.
"""

from __future__ import annotations

from postroom.proto.pop3.authorization import Authorization, Pop3Config
from postroom.proto.pop3.commands import State
from postroom.proto.pop3.content import ContentWriter, top
from postroom.proto.pop3.conversation import Conversation
from postroom.proto.pop3.events import Code, Drain, Pop3Event, Retrieve, Update
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.pop3.texts import Text
from postroom.proto.pop3.transaction import Transaction
from postroom.proto.sasl.exchange import Binding, Knowledge
from postroom.proto.sasl.mechanisms import Channel
from postroom.wire.dots import stuff
from postroom.wire.lines import LineBuffer

_CRLF = 2


class Pop3Server:
    """A session from its greeting to QUIT. Each method for a session says which event it answers."""

    __slots__ = (
        "_awaiting_tls", "_conversation", "_lines", "_pending", "_replies", "_timestamp", "_told", "_writer", "binding",
        "certificate", "config", "secure",
    )  # fmt: skip

    def __init__(self, config: Pop3Config) -> None:
        self.config = config
        self.secure = self.certificate = False  # TLS; a client certificate that was checked
        self.binding: Binding | None = None  # of the TLS channel, for SASL
        self._told: Pop3Event | None = None  # what came of `tell`
        self._timestamp = ""
        self._conversation = Conversation(config)
        self._replies = self._conversation.replies
        self._lines = LineBuffer(config.limits.auth_line + _CRLF)
        self._writer: ContentWriter | None = None
        self._pending: Pop3Event | None = None
        self._awaiting_tls = False

    # ---------------------------------------------------------------------------------------------------------- the machine

    def receive(self, data: bytes) -> None:
        """Octets from the client. Behind STLS they belong to the TLS layer: any that come here were sent in the clear and are dropped."""
        if not self._awaiting_tls and not self._conversation.closing:
            self._lines.feed(data)

    def next_event(self) -> Pop3Event | None:
        """Works through the lines that are there, up to one that cannot be answered here or until enough is queued."""
        conversation, replies = self._conversation, self._replies
        if self._told is not None:
            self._pending, self._told = self._told, None
            return self._pending
        while self._pending is None and not self._awaiting_tls and not conversation.closing:
            if replies.queued >= self.config.limits.queued:
                self._pending = Drain()
            elif conversation.listing:
                conversation.list_on()
                continue
            elif self._lines.more and (line := self._lines.line()) is not None:
                self._pending = conversation.line(line)
            else:
                break
            if self._pending is not None:
                return self._pending
        return None

    def data_to_send(self) -> bytes:
        """What waits to be sent, once."""
        return self._replies.take()

    @property
    def closing(self) -> bool:
        """Whether the connection ends when all is sent."""
        return self._conversation.closing

    @property
    def state(self) -> State:
        """The state of RFC 1939 §3."""
        return State.UPDATE if isinstance(self._pending, Update) else self._conversation.state

    @property
    def answering(self) -> bool:
        """Whether a response of several lines has begun and not ended."""
        return self._writer is not None or self._conversation.listing

    @property
    def utf8(self) -> bool:
        """Whether the client has asked for messages as they are (RFC 6856 §2.1)."""
        return self._conversation.authorization.utf8

    def take_dialogue(self) -> list[bytes]:
        """The lines said since the last call, `<` or `>` first, secrets masked and content left out."""
        return self._replies.take_noted()

    # ----------------------------------------------------------------------------------------------------- beginning and login

    def greet(self, *, secure: bool = False, timestamp: str = "") -> None:
        """The greeting. `timestamp` is a msg-id never used before, `<1896.697170952@host>`; with it APOP is offered."""
        self.secure = secure
        self._timestamp = timestamp
        self._authorize_anew()
        self._replies.ok(f"{self._replies.words(Text.READY, host=self.config.host)} {timestamp}".rstrip())

    def turn_away(self, text: Text = Text.SHUTTING_DOWN, code: Code = Code.SYS_TEMP) -> None:
        """A last word, as the greeting or later; then the connection closes. Nothing is removed, no words get into a message or a listing."""
        if self.answering:
            self.message_breaks()
        else:
            self._pending = None
            self._conversation.say_last(text, code)

    def logged_in(self, user: str, snapshot: Snapshot) -> None:
        """Answers `Login` and `ApopLogin`: the maildrop is open."""
        self._pending = None
        self._conversation.transaction = Transaction(self._replies, snapshot)
        self._lines.limit = self.config.limits.line + _CRLF
        text = Text.MAILDROP if user.isascii() or self.utf8 else Text.MESSAGES
        self._replies.ok(self._replies.words(text, user=user, count=snapshot.count, octets=snapshot.octets))

    def tell(self, knowledge: Knowledge) -> None:
        """Answers `Asked`."""
        self._pending = None
        if not self._conversation.closing:
            self._told = self._conversation.authorization.tell(knowledge)

    def refuse(self, words: Text | str, code: Code = Code.NONE, **values: object) -> None:
        """Answers any event in the negative.

        A refused login leaves the state as it was, until [AUTH] was said too often; a refused `Update` ends the connection (RFC 1939 §6).
        """
        event, self._pending = self._pending, None
        self._conversation.authorization.cancel()
        self._replies.err(words if isinstance(words, str) else self._replies.words(words, **values), code)
        if isinstance(event, Update):
            self._conversation.closing = True
        elif code is Code.AUTH:
            self._replies.failed_logins += 1
            self._conversation.closing = self._replies.failed_logins >= self.config.limits.failed_logins

    def begin_tls(self) -> bool:
        """Answers `StartTls`; whether the handshake may begin.

        Octets that came behind STLS in the clear end the session: anyone on the way may have put them there (RFC 2595 §4).
        """
        self._pending = None
        if self._lines.pending:
            self._replies.note(b"<[octets behind STLS]")
            self._conversation.say_last(Text.STLS_PIPELINED)
            return False
        self._replies.ok(self._replies.words(Text.BEGIN_TLS))
        self._awaiting_tls = True
        return True

    def tls_started(self) -> None:
        """The handshake is done: nothing of the time before it counts any more."""
        self._awaiting_tls = False
        self.secure = True
        self._lines = LineBuffer(self.config.limits.auth_line + _CRLF)
        self._authorize_anew()

    def _authorize_anew(self) -> None:
        channel = Channel(self.secure, self.certificate, self.binding)
        self._conversation.authorization = Authorization(self._replies, self.config, self._timestamp, channel)

    # ------------------------------------------------------------------------------------------------------ messages, removal

    def message(self, content: bytes) -> None:
        """Answers `Retrieve` with the whole message; TOP takes of it what it needs."""
        event = self._pending
        assert isinstance(event, Retrieve)
        self._pending = None
        if event.lines is None:
            self._say_size(len(content))
            self._replies.content(stuff(content))
        else:
            self._replies.ok(self._replies.words(Text.TOP_FOLLOWS))
            self._replies.content(top(content, event.lines))

    def message_begins(self) -> None:
        """Begins to answer `Retrieve` with a message in pieces, of the size that the snapshot has for it."""
        event = self._pending
        assert isinstance(event, Retrieve)
        self._writer = ContentWriter(event.lines)
        if event.lines is None:
            self._say_size(event.size)
        else:
            self._replies.ok(self._replies.words(Text.TOP_FOLLOWS))

    def message_piece(self, piece: bytes) -> bool:
        """The next piece, of any size; whether more are wanted."""
        assert self._writer is not None
        self._replies.content(self._writer.write(piece))
        return not self._writer.full

    def message_ends(self) -> None:
        """All pieces were given."""
        assert self._writer is not None
        self._replies.content(self._writer.end())
        self._writer = self._pending = None

    def message_breaks(self) -> None:
        """The rest cannot be had: a response without its end and a closed connection tell the client not to trust it."""
        self._writer = self._pending = None
        self._conversation.closing = True

    def _say_size(self, octets: int) -> None:
        self._replies.ok(f"{octets} {self._replies.words(Text.OCTETS)}")
        self._replies.note(b">[%d octets of message]" % octets)

    def go_on(self) -> None:
        """Answers `Drain`, after `data_to_send()` was taken."""
        self._pending = None

    def updated(self) -> None:
        """Answers `Update`: the marked messages are gone for good."""
        self._pending = None
        self._conversation.sign_off()
