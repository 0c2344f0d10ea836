"""The client's end of SMTP and LMTP, as a machine.

RFC 5321 §3 and §4.2, RFC 2033 §4, RFC 2920 §3.1. It greets, turns TLS on, logs in, and then takes letters one after the other. It believes a
server nothing but its replies, bounded and printable. Not here: which server, whether a certificate is good, and when to try again.
"""

from __future__ import annotations

from postroom.proto.smtp.client_conversation import TRANSFER, ClientConversation
from postroom.proto.smtp.client_events import SECONDS, SENDING_SECONDS, ClientEvent, Finished, Result, Stage
from postroom.proto.smtp.client_opening import HEARD, tls_started
from postroom.proto.smtp.client_parameters import Letter
from postroom.proto.smtp.client_replies import BadReply
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.transfer import Transfer

SILENT = Reply.of(451, "4.5.0", "The server said nothing of this recipient")


class SmtpClient(ClientConversation):
    """One connection. It waits for the greeting; `Ready` says that letters may be sent."""

    __slots__ = ()

    # The machine

    def receive(self, data: bytes) -> None:
        """Takes octets of any cut."""
        self.reader.lines.feed(data)

    def next_event(self) -> ClientEvent | None:
        """The next event; None while more replies are awaited. None of them wants a reply."""
        while not self.events:
            if self.closing:
                self.reader.lines.rest()
                return None
            try:
                reply = self.reader.reply()
            except BadReply as bad:
                self.give_up(f"The server makes no sense: {bad}", self.stage)
                continue
            if reply is None:
                return None
            self._hear(reply)
        return self.events.popleft()

    def data_to_send(self) -> bytes:
        """What waits to be sent; a letter in pieces comes piece by piece, so ask again when the last has gone out."""
        out = self.out
        if out:
            octets = out[0] if len(out) == 1 else b"".join(out)
            out.clear()
            return octets
        transfer = self.transfer
        if transfer is None or transfer.pieces is None or self.closing:
            return b""
        octets = next(transfer.pieces, b"")
        if not octets:
            transfer.pieces = None
        return octets

    # What a driver does

    def send(self, letter: Letter) -> None:
        """Sends a letter for which there is no `obstacle`; `Finished` comes of it. Only after `Ready` or a usable `Finished`."""
        if self.expected or self.closing:
            raise RuntimeError("the session is not ready for a letter")
        if not letter.envelope.recipients:
            raise ValueError("a letter without recipients")
        dirty = self.transfer is not None and self.transfer.dirty
        self.transfer = Transfer(letter, self.capabilities, self.say, lmtp=self.config.lmtp)
        self.mails += 1
        if dirty:
            self.say(b"RSET\r\n", Stage.RSET)
        if not dirty or self.capabilities.pipelining:
            self.transfer.begin(self.config.now() // 1_000_000)

    def quit(self) -> None:
        """Ends the session; the machine is `closing` after the reply."""
        if not self.closing:
            self.say(b"QUIT\r\n", Stage.QUIT)

    def tls_started(self) -> None:
        """The handshake that `BeginTls` asked for is done."""
        tls_started(self)

    def lost(self, reason: str) -> None:
        """The connection is gone, or waited for too long: whoever has no reply yet is to be tried again (RFC 2033 §5)."""
        self.give_up(
            f"The connection was lost ({reason}), waiting for the reply to {self.stage.value}",
            self.stage,
            "4.4.2",
        )

    def take_dialogue(self) -> list[bytes]:
        """The dialogue since the last call: `>` said by us, `<` by the server; passwords masked, messages by their size."""
        lines = self.said.copy()
        self.said.clear()
        return lines

    @property
    def stage(self) -> Stage:
        """What the next reply will answer."""
        return self.expected[0] if self.expected else Stage.IDLE

    @property
    def unasked(self) -> bool:
        """Whether the server has said something that answers nothing: the next reply would be taken for another's."""
        return not self.expected and self.reader.under_way

    @property
    def deadline(self) -> float:
        """Seconds to wait now, for a reply or for a piece of the letter to go out (RFC 5321 §4.5.3.2)."""
        return SENDING_SECONDS if self._sending else SECONDS[self.stage]

    def step(self) -> tuple[object, float]:
        """What is waited for now, and the `deadline` of it: each reply, and the sending, has its own."""
        return (len(self.expected), self._sending), self.deadline

    @property
    def _sending(self) -> bool:
        """Whether a letter in pieces is on its way out."""
        return self.transfer is not None and self.transfer.pieces is not None

    # Hearing

    def _hear(self, reply: Reply) -> None:
        if not self.expected:
            self.end(reply, Stage.IDLE)
            return
        stage = self.expected.popleft()
        if reply.code == 421 and stage is not Stage.QUIT:  # RFC 5321 §3.8: to any command
            self.end(reply, stage)
        elif (300 <= reply.code < 400 and stage not in _GOES_ON) or (stage is Stage.DATA and reply.positive):
            self.give_up(f"The server makes no sense: {reply.code} to {stage.value}", stage)
        elif stage is Stage.END and self._sending:
            self._hear_early(reply)
        elif stage in TRANSFER:
            self._hear_transfer(stage, reply)
        else:
            HEARD[stage](self, reply)

    def _hear_early(self, reply: Reply) -> None:
        """The message is refused before its end has gone out: what were said next would be text of it, so nothing more is."""
        if reply.positive:
            self.give_up(f"The server makes no sense: {reply.code} before the end of data", Stage.END)
        else:
            self.end(reply, Stage.END)

    def _hear_transfer(self, stage: Stage, reply: Reply) -> None:
        transfer = self.transfer
        assert transfer is not None
        if stage is not Stage.RSET:
            transfer.hear(stage, reply)
        elif not reply.positive:  # whatever it says, it says nothing of the letter
            self.give_up(f"The server does not reset the transaction: {reply}", stage)
        elif not self.expected:
            transfer.begin(self.config.now() // 1_000_000)
        if not self.expected and not self.closing:
            limit = self.capabilities.mails
            results = transfer.results(Result(SILENT, stage, said=False))
            self.events.append(Finished(results, not limit or self.mails < limit))


_GOES_ON = frozenset({Stage.DATA, Stage.AUTH})
