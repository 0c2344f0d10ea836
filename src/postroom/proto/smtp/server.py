"""The server's end of SMTP and LMTP, as a machine.

RFC 5321 §3 and §4, RFC 2033 §4, RFC 2920 §3.2, RFC 3030 §2, RFC 3207 §4. Octets go in, events come out one at a time, each that wants a
decision waits for its reply. The machine owns the order of commands, the transaction and every limit of one connection; after each message,
RSET, EHLO and STARTTLS the transaction is a new object. Not here: who may do what, who exists, and how long to wait.
"""

from __future__ import annotations

from postroom.proto.sasl.exchange import Knowledge
from postroom.proto.smtp import texts
from postroom.proto.smtp.answers import ANSWERS
from postroom.proto.smtp.body import NO_END
from postroom.proto.smtp.config import ServerConfig
from postroom.proto.smtp.conversation import Conversation
from postroom.proto.smtp.dispatch import read_command
from postroom.proto.smtp.events import BodyEnd, SmtpEvent
from postroom.proto.smtp.extensions import Offers
from postroom.proto.smtp.login import tell
from postroom.proto.smtp.order import State
from postroom.proto.smtp.reception import finish_each, read_whole, replies_due
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.speech import TLS_NOTE
from postroom.wire.lines import LineBuffer


class SmtpServer(Conversation):
    """One connection. `greet` comes first; connections of one service share their `offers`."""

    __slots__ = ()

    def __init__(self, config: ServerConfig, offers: Offers | None = None) -> None:
        super().__init__(offers or Offers(config), read_command)

    # The machine

    def receive(self, data: bytes) -> None:
        """Takes octets of any cut."""
        self.lines.feed(data)

    def next_event(self) -> SmtpEvent | None:
        """The next event; None while octets or a reply are awaited."""
        if self.news:
            return self.news.popleft()
        while self.awaiting is None and self.lines.more:
            event = self.step(self)
            if event is not None:
                return event
            if self.news:
                return self.news.popleft()
        return None

    # What a session does

    def greet(self, reply: Reply | None = None) -> None:
        """The greeting: 220, or a refusal of the session's (554 waits for QUIT, RFC 5321 §3.1; 421 closes)."""
        if self.lines.pending:
            self.end(texts.OUT_OF_STEP)
            return
        if reply is None:
            reply = self.offers.greeting
        self.state = State.GREETED if reply.positive else State.DISMISSED
        self.step = self.read_command
        self.say(reply)

    def reply(self, reply: Reply) -> None:
        """Answers the event that waits; for `BodyEnd` over LMTP the same for each recipient. Nobody hears it after `close_with`."""
        event = self.awaiting
        if event is None:
            if self.closing:
                return
            raise RuntimeError("a reply, but no event waits for one")
        self.awaiting = None
        ANSWERS[event.__class__](self, event, reply)

    def tell(self, knowledge: Knowledge) -> None:
        """Answers `Asked`: the AUTH exchange goes on."""
        tell(self, knowledge)

    def reply_each(self, replies: list[Reply]) -> None:
        """Answers `BodyEnd` over LMTP: one reply for each recipient, in their order (RFC 2033 §4.2)."""
        if self.closing:
            return
        if not isinstance(self.awaiting, BodyEnd) or len(replies) != replies_due(self):
            raise RuntimeError("one reply for each recipient of a message that has ended")
        self.awaiting = None
        finish_each(self, replies)

    def refuse_body(self, reply: Reply) -> None:
        """The message that is arriving will be refused with `reply`, at its end; no more of it is handed out."""
        if self.body is None:
            raise RuntimeError("no message is arriving")
        self.body.refuse(reply)

    def close_with(self, reply: Reply) -> None:
        """A last word that nobody asked for: 421 for silence, or since the service stops (RFC 5321 §3.8)."""
        self.awaiting = None
        self.end(reply)

    def close_endless(self) -> None:
        """The client pauses in an `endless` message. Nobody can know where its next command would begin, so none is read any more."""
        for _ in range(replies_due(self) - 1):
            self.utter(NO_END)
        self.close_with(NO_END)

    def believe(self) -> None:
        """Before the greeting: this client is a proxy and may say XCLIENT."""
        self.proxied = True
        self.renew_offer()

    def tls_started(self) -> None:
        """The handshake is done, after STARTTLS or from the beginning: nothing that was said before counts (RFC 3207 §4.2)."""
        self.secure = True
        self.authenticated = False
        self.lines = LineBuffer(self.config.limits.auth)
        self.forget_client()
        self.said.append(TLS_NOTE)
        if self.state is not State.CONNECTED:
            self.state = State.GREETED
            self.step = self.read_command

    def unread(self) -> bytes:
        """After ATRN or TURN: octets that came behind the command, for the machine that goes on."""
        return self.lines.rest()

    @property
    def turned(self) -> bool:
        """Whether the roles are exchanged: a client's machine is to go on (RFC 2645 §5.3)."""
        return self.state is State.TURNED

    @property
    def receiving(self) -> bool:
        """Whether a message is arriving now: its own deadlines apply."""
        return self.step is read_whole or (self.body is not None and self.step is not self.read_command)

    @property
    def endless(self) -> bool:
        """Whether the message that is arriving has lines that do not end with CRLF: it will be refused, and perhaps no end of it is seen."""
        return self.receiving and self.body is not None and self.body.endless
