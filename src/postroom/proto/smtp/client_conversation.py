"""The state of one connection to a server, and the few things that everything in it does.

RFC 5321 §3.8 (421 at any time), §4.1.1.10 (QUIT comes before the end), §4.5.3.2. `client_opening` brings a session about, `transfer` sends letters, `client` is what the outside sees. Not
here: any single command.
"""

from __future__ import annotations

from collections import deque

from postroom.proto.sasl.exchange import Binding, ClientExchange
from postroom.proto.smtp.capabilities import NOTHING
from postroom.proto.smtp.client_events import ClientConfig, ClientEvent, Finished, Result, Stage, Unusable
from postroom.proto.smtp.client_replies import ReplyReader
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.transfer import Transfer


class ClientConversation:
    """Where one connection stands. `expected` holds what each reply that is still owed will answer."""

    __slots__ = (
        "authenticated", "binding", "capabilities", "closing", "config", "events", "exchange", "expected", "mails", "out", "reader", "said",
        "secure", "tls_refused", "transfer", "untried",
    )  # fmt: skip

    def __init__(self, config: ClientConfig) -> None:
        self.config = config
        self.secure = config.implicit_tls
        self.said: list[bytes] = []
        self.reader = ReplyReader(self.said)
        self.out: list[bytes] = []
        self.expected: deque[Stage] = deque((Stage.GREETING,))
        self.events: deque[ClientEvent] = deque()
        self.capabilities = NOTHING
        self.authenticated = False
        self.binding: Binding | None = None  # of the TLS channel: what the driver has
        self.closing = False
        self.tls_refused = False
        self.exchange: ClientExchange | None = None
        self.untried: list[str] = []  # mechanisms of AUTH
        self.transfer: Transfer | None = None
        self.mails = 0

    def say(self, octets: bytes, stage: Stage, shown: bytes | None = None) -> None:
        """Queues a command, and expects its reply; `shown` stands for it in the dialogue (b"": nothing does)."""
        self.expected.append(stage)
        if octets:
            self.out.append(octets)
        if shown is None:
            self.said.append(b">" + octets[:-2])
        elif shown:
            self.said.append(b">" + shown)

    def end(self, reply: Reply, stage: Stage, *, said: bool = True) -> None:
        """Nothing more will come of this connection. A letter under way ends with `reply` for all that have no other.

        A server that waits for a command hears QUIT; what it answers does not matter any more.
        """
        if self.closing:
            return
        self.closing = True
        quits = self._is_waited_for(reply, stage)
        if self.transfer is not None and self.expected_of_transfer(stage):
            self.events.append(Finished(self.transfer.results(Result(reply, stage, said)), usable=False))
        self.expected.clear()
        self.out.clear()
        if quits:
            self.out.append(b"QUIT\r\n")
            self.said.append(b">QUIT")
        self.events.append(Unusable(reply, stage, said))

    def give_up(self, words: str, stage: Stage, status: str = "4.5.0") -> None:
        """Ends for a reason of ours; to be tried again."""
        self.end(Reply.of(451, status, words), stage, said=False)

    def _is_waited_for(self, reply: Reply, stage: Stage) -> bool:
        """Whether the server waits for a command: not while it owes a reply or reads a message, nor when it closes by itself."""
        sending = self.transfer is not None and self.transfer.pieces is not None
        return not (self.expected or sending or reply.code == 421 or stage in _NO_MORE)

    def expected_of_transfer(self, stage: Stage) -> bool:
        """Whether a letter is under way when the reply for `stage` comes."""
        return stage in TRANSFER or any(owed in TRANSFER for owed in self.expected)


_NO_MORE = frozenset({Stage.IDLE, Stage.QUIT})  # what came unasked or is gone; QUIT was said
TRANSFER = frozenset({Stage.RSET, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CHUNK, Stage.END})
