"""A small server behind the SMTP machine, for tests: it takes everything, or what it is told to, and keeps what it saw."""

from collections.abc import Callable, Iterable

from postroom.message.envelope import Envelope
from postroom.proto.smtp.commands import Data, Etrn, Expn, Mail, Rcpt, StartTls, Turn, Vrfy
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.events import (
    Authenticate,
    BodyChunk,
    BodyEnd,
    BodyRefused,
    Closed,
    Greeted,
    SmtpEvent,
)
from postroom.proto.smtp.reply import Reply
from postroom.proto.smtp.server import SmtpServer

NOW = 1_700_000_000  # unix seconds
OK = Reply.of(250, "2.0.0", "Ok")
NO_USER = Reply.of(550, "5.1.1", "No such user here")


def config(
    service: Service = Service.MX, *, auth: bool = False, tls: bool = False, limits: Limits | None = None
) -> ServerConfig:
    return ServerConfig(
        "mx.l.test",
        lambda: NOW * 1_000_000,
        service=service,
        limits=limits or Limits(),
        starttls=tls,
        mechanisms=("PLAIN", "LOGIN") if auth else (),
        plaintext_auth=not tls,
    )


class Stage:
    """Answers each event; `refused` maps a local part to its reply at RCPT, `answers` an event's type to its reply."""

    def __init__(self, settings: ServerConfig | None = None, *, greet: bool = True) -> None:
        self.machine = SmtpServer(settings or config())
        self.letters: list[tuple[Envelope, bytes]] = []
        self.events: list[SmtpEvent] = []
        self.refused: dict[str, Reply] = {}
        self.answers: dict[type, Reply] = {}
        self.on_chunk: Callable[[BodyChunk], None] | None = None
        self._spilt: list[bytes] = []
        if greet:
            self.machine.greet()
            self.machine.data_to_send()

    def hear(self, data: bytes) -> str:
        """What comes back for octets that arrive in one piece."""
        self.machine.receive(data)
        while (event := self.machine.next_event()) is not None:
            self.events.append(event)
            self.answer(event)
        return self.machine.data_to_send().decode()

    def hear_each(self, pieces: Iterable[bytes]) -> str:
        return "".join(self.hear(piece) for piece in pieces)

    def say(self, *lines: str) -> list[str]:
        """Lines one by one, each followed by its reply; the replies' lines."""
        return "".join(self.hear(f"{line}\r\n".encode()) for line in lines).split("\r\n")[:-1]

    def ready(self) -> "Stage":
        self.say("LHLO a.test" if self.machine.lmtp else "EHLO a.test")
        return self

    def transaction(self, *recipients: str) -> "Stage":
        self.say("MAIL FROM:<x@a.test>", *(f"RCPT TO:<{one}>" for one in recipients or ("u@l.test",)))
        return self

    def answer(self, event: SmtpEvent) -> None:
        machine = self.machine
        if isinstance(event, BodyChunk):
            self._spilt.append(event.data)
            if self.on_chunk is not None:
                self.on_chunk(event)
        elif isinstance(event, BodyRefused):
            self._spilt.clear()
        elif isinstance(event, Greeted | Closed):
            pass
        elif type(event) in self.answers:
            machine.reply(self.answers[type(event)])
        elif isinstance(event, BodyEnd):
            envelope = machine.transaction
            assert envelope is not None
            data = b"".join((*self._spilt, event.data))
            assert len(data) == event.size
            self._spilt.clear()
            self.letters.append((envelope, data))
            machine.reply(Reply.of(250, "2.0.0", f"Ok: queued as J{len(self.letters)}"))
        else:
            machine.reply(self.decide(event))

    def decide(
        self, event: Mail | Rcpt | Data | Vrfy | Expn | Etrn | Turn | StartTls | Authenticate
    ) -> Reply:
        if isinstance(event, Rcpt):
            return self.refused.get(event.recipient.address.local, OK)
        if isinstance(event, Data):
            return Reply.of(354, "", "Go on")
        if isinstance(event, StartTls):
            return Reply.of(220, "2.0.0", "Go ahead")
        if isinstance(event, Authenticate):
            right = (event.credentials.authcid, event.credentials.password) == ("u", "p")
            return Reply.of(235, "2.7.0", "Welcome") if right else Reply.of(535, "5.7.8", "Wrong")
        if isinstance(event, Vrfy | Expn):
            return Reply.of(252, "2.0.0", "Perhaps")
        return OK
