"""The state of one connection to a server machine, and the few things that everything in it does.

RFC 5321 §4.1.4, §4.5.3.1 and §7.8 (limits on what a client may try). The modules beside it act on this state: `acts` for commands,
`reception` for messages, `login` for AUTH; `server` is what the outside sees. Not here: any single command.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from postroom.message.envelope import Envelope
from postroom.proto.sasl.exchange import Binding, ServerExchange
from postroom.proto.sasl.mechanisms import Channel
from postroom.proto.smtp import texts
from postroom.proto.smtp.body import IncomingBody
from postroom.proto.smtp.config import Service
from postroom.proto.smtp.events import BodyRefused, Closed, SmtpEvent
from postroom.proto.smtp.extensions import Offers
from postroom.proto.smtp.order import State
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.speech import Speech
from postroom.wire.lines import LineBuffer


class Conversation(Speech):
    """Where one connection stands. `step` reads what is expected next; it returns an event, or None, having taken octets or found that there are too few."""

    __slots__ = (
        "authenticated", "awaiting", "binding", "body", "certificate", "closing", "config", "errors", "esmtp", "exchange", "failed_logins", "hello",
        "junk", "lines", "mails", "news", "offer", "offers", "proxied", "read_command", "secrets_near", "secure", "state", "step", "transaction",
    )  # fmt: skip

    def __init__(self, offers: Offers, read_command: Step) -> None:
        super().__init__()
        self.offers = offers
        self.config = offers.config
        self.read_command = read_command
        self.lines = LineBuffer(self.config.limits.auth)
        self.news: deque[SmtpEvent] = deque()  # information that waits to be handed out
        self.awaiting: SmtpEvent | None = None  # the event that waits for its reply
        self.step: Step = await_greeting
        self.state = State.CONNECTED
        self.closing = False
        self.secure = False
        self.certificate = False  # the client has shown one, and it was checked
        self.binding: Binding | None = None  # of the TLS channel, for SASL
        self.exchange: ServerExchange | None = None  # of an AUTH that waits for an answer from outside
        self.authenticated = False
        self.proxied = False  # by a proxy that may say XCLIENT
        self.errors = 0
        self.junk = 0
        self.mails = 0
        self.failed_logins = 0
        self.secrets_near = False  # AUTH was tried: lines that are not understood may hold a password
        self.body: IncomingBody | None = None
        self.forget_client()

    @property
    def lmtp(self) -> bool:
        """Whether each recipient gets a reply of its own (RFC 2033 §4.2)."""
        return self.config.service is Service.LMTP

    def forget_client(self) -> None:
        """What the client said of itself, and the transaction (RFC 3207 §4.2)."""
        self.hello = ""
        self.esmtp = False
        self.transaction: Envelope | None = None
        self.renew_offer()

    def renew_offer(self) -> None:
        """After TLS or AUTH, other extensions are offered."""
        channel = Channel(self.secure, self.certificate, self.binding)
        self.offer = self.offers.at(
            tls=self.secure, authenticated=self.authenticated, channel=channel, proxied=self.proxied
        )

    def say(self, reply: Reply) -> None:
        """Answers; a 421 ends the connection (RFC 5321 §3.8), a 5yz is counted."""
        if reply.code < 400:
            self.utter(reply)
            return
        if reply.code >= 500:
            self.errors += 1
            if self.errors > self.config.limits.errors:
                self.end(texts.TOO_MANY_ERRORS)
                return
        elif reply.code == 421:
            self.end(reply)
            return
        self.utter(reply)

    def end(self, reply: Reply) -> None:
        """A last word, then nothing more is read."""
        if self.closing:
            return
        self.utter(reply)
        self.abandon(reply)
        self.closing = True
        self.step = read_nothing
        self.news.append(Closed(str(reply)))

    def abandon(self, reply: Reply) -> None:
        """Drops the transaction, and the message that had begun to arrive; `reply` is the reason."""
        if self.transaction is not None:
            self.transaction = None
            self.abandon_transaction()
        if self.body is not None:
            self.body = None
            self.news.append(BodyRefused(reply))

    def count_junk(self) -> None:
        """A command that brings no message nearer; too many end the connection."""
        self.junk += 1
        if self.junk > self.config.limits.junk:
            self.end(texts.TOO_MUCH_JUNK)

    def in_step(self) -> bool:
        """Whether the client has waited where RFC 2920 §3.1 lets nothing follow; if not, the connection ends."""
        if self.lines.pending:
            self.end(texts.OUT_OF_STEP)
            return False
        return True


Step = Callable[[Conversation], SmtpEvent | None]


def await_greeting(conversation: Conversation) -> None:
    """What comes before the greeting is too early; `greet` sees it."""
    conversation.lines.more = False


def read_nothing(conversation: Conversation) -> None:
    """Throws away what arrives."""
    conversation.lines.rest()
