"""The server's end of an IMAP session, as a pure machine: octets in, events out, octets out.

RFC 9051 §2.2 (commands and responses), §3 (states), §5.5 (one command after the other), §7.1 (status responses); RFC 3501 for clients of before.
Every command is answered in its order; one event at a time leaves, and the next only after its answer. Not here: mailboxes, passwords, sockets,
time.
"""

from __future__ import annotations

from postroom.proto.imap.arrival import Abandoned, Arrival, Arrived, Arriving, Piece
from postroom.proto.imap.capabilities import Offer, announced
from postroom.proto.imap.collector import Announced, Asked, Collector, Refused
from postroom.proto.imap.commands.appending import Append
from postroom.proto.imap.commands.selecting import Done
from postroom.proto.imap.commands.session import Authenticate, Capability, LogIn, SaslAsked, SaslLogIn
from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.deflate import LAST, BadCompression, Deflate
from postroom.proto.imap.events import Drain, Given, ImapEvent
from postroom.proto.imap.login import Exchange, Step, untimely
from postroom.proto.imap.parsing import HTTP, parse, tag_of
from postroom.proto.imap.speech import Speech
from postroom.proto.imap.verb import Command, State
from postroom.proto.sasl.exchange import Knowledge
from postroom.wire.lines import LineBuffer

_CRLF = 2


class ImapServer(Speech):
    """A session from its greeting to LOGOUT. Each method for a session says which event it answers."""

    __slots__ = (
        "_awaiting_tls", "_collector", "_deflate", "_exchange", "_failed_logins", "_lines", "_told", "_uncompressed", "arrival", "enabled",
        "idling", "telling",
    )  # fmt: skip

    def __init__(self, config: ImapConfig) -> None:
        super().__init__(config)
        self.enabled: set[str] = set()  # by ENABLE, in upper case
        self._told: ImapEvent | None = None  # what came of `tell`
        self._begin()
        self._deflate: Deflate | None = None
        self._uncompressed = False  # just now: the end of the last block may still come
        self.arrival: Arrival | None = None  # of a command whose messages are coming
        self._awaiting_tls = self.idling = False  # idling: untagged responses may be sent at any time
        self.telling = (
            False  # a session tells news, perhaps a literal in pieces: nothing is answered meanwhile
        )
        self._exchange: Exchange | None = None
        self._failed_logins = 0

    def _begin(self) -> None:
        self._lines = LineBuffer(self.config.limits.line_before_login + _CRLF)
        self._collector = Collector(self.config.limits, minus=self.config.literal_minus)

    def receive(self, data: bytes) -> None:
        """Octets from the client. Behind STARTTLS they belong to the TLS layer: any that come here were sent in the clear and are dropped."""
        if self._awaiting_tls or self.closing:
            return
        if self._uncompressed:
            data = data.lstrip(LAST)
            self._uncompressed = not data
        if self._deflate is None:
            self._lines.feed(data)
        else:
            self._deflate.feed(data)

    def next_event(self) -> ImapEvent | None:
        """Works through what is there, up to a command that cannot be answered here or until enough is queued."""
        if self._told is not None:
            self._pending, self._told = self._told, None
            return self._pending
        while self._pending is None and not self._awaiting_tls and not self.closing:
            if self.out.queued >= self.config.limits.queued or (self.telling and self._lines.pending):
                self._pending = Drain()
            elif (got := (self.arrival or self._collector).next(self._lines)) is not None:
                self._pending = self._take(got)
            elif not self._inflate():
                break
            if self._pending is not None:
                return self._pending
        return None

    def data_to_send(self) -> bytes:
        """What waits to be sent, once."""
        data = self.out.take()
        return self._deflate.compress(data) if data and self._deflate is not None else data

    def _inflate(self) -> bool:
        try:
            data = b"" if self._deflate is None else self._deflate.step()
        except BadCompression:
            self.bye("What came is not deflate (RFC 4978)")
            return False
        if data:
            self._lines.feed(data)
        return bool(data)

    # -------------------------------------------------------------------------------------------------------- what is said

    def go_on(self) -> None:
        """Answers `Drain`, after `data_to_send()` was taken, and what an `Arrival` gave."""
        self._pending = None

    # ----------------------------------------------------------------------------------------------------- beginning and login

    def greet(self, *, secure: bool = False) -> None:
        """The greeting."""
        self.secure = secure
        self.out.untagged(f"OK [{self.capability_line()}] {self.config.host} IMAP server ready")

    def capability_line(self) -> str:
        """`CAPABILITY` and what is offered now."""
        offer = Offer(self.config, self.state, self.secure, self.compressed, self._channel)
        return " ".join(("CAPABILITY", *announced(offer)))

    def tell(self, knowledge: Knowledge) -> None:
        """Answers `SaslAsked`: AUTHENTICATE goes on."""
        self._pending = None
        if self._exchange is not None and not self.closing:
            self._told = self._advance(self._exchange.tell(knowledge))

    def logged_in(self, words: str) -> None:
        """Answers `LogIn`: somebody is in."""
        self.state = State.AUTHENTICATED
        self._lines.limit = self.config.limits.line + _CRLF
        self._collector.admit()
        self.finish("OK", words, self.capability_line())

    def login_refused(self, words: str, code: str) -> None:
        """Answers `LogIn` in the negative; too many of them end the connection."""
        self._came_to_nothing("NO", words, code)

    def _came_to_nothing(self, status: str, words: str, code: str) -> None:
        """A login that was refused, or given up: perhaps since the client knew already that it would be (RFC 7628 §3.2.3)."""
        self._exchange = None
        self.finish(status, words, code)
        self._failed_logins += 1
        if self._failed_logins >= self.config.limits.failed_logins:
            self.bye("Too many failed logins")

    def logged_out(self, words: str) -> None:
        """Answers UNAUTHENTICATE (RFC 8437 §2): as after the greeting, but for TLS and compression."""
        self.state = State.NOT_AUTHENTICATED
        self.enabled = set()
        self._lines.limit = self.config.limits.line_before_login + _CRLF
        self._collector.shut_out()
        self.finish("OK", words, self.capability_line())

    def begin_tls(self) -> bool:
        """Answers `StartTls`; whether the handshake may begin.

        Octets that came behind STARTTLS in the clear end the session: anyone on the way may have put them there (RFC 9051 §11.1).
        """
        if self._lines.pending:
            self.finish("BAD", "Nothing may follow STARTTLS before TLS has begun")
            self.bye("Octets came behind STARTTLS in the clear")
            return False
        self.finish("OK", "Begin TLS now")
        self._awaiting_tls = True
        return True

    def tls_started(self) -> None:
        """The handshake is done: nothing of the time before it counts any more."""
        self._awaiting_tls = False
        self.secure = True
        self._begin()

    def compress(self) -> None:
        """Answers COMPRESS: from the end of this answer on, both directions are compressed (RFC 4978 §3). The answer must be sent first."""
        deflate = Deflate()
        if self._lines.pending:  # what came behind COMPRESS is compressed already
            deflate.feed(self._lines.rest())
        self._deflate = deflate

    def uncompress(self) -> None:
        """Behind the answer to UNAUTHENTICATE nothing is compressed any more, in either direction (RFC 8437 §4.1). The answer must be sent first."""
        if self._deflate is not None:
            deflate, self._deflate, self._uncompressed = self._deflate, None, True
            self.receive(deflate.rest())

    @property
    def compressed(self) -> bool:
        """Whether compression has begun."""
        return self._deflate is not None

    @property
    def utf8(self) -> bool:
        """Whether names are UTF-8 both ways (RFC 6855 §3, RFC 9051 §5.1)."""
        return "UTF8=ACCEPT" in self.enabled or "IMAP4REV2" in self.enabled

    def idle(self) -> None:
        """Answers `Idle`: the client waits for news until it says DONE."""
        self._pending = None
        self.idling, self._collector.streams = True, False
        self.out.continuation("Idling, end with DONE")

    def _take(self, got: bytes | Asked | Refused | Announced | Arrived) -> ImapEvent | None:
        if isinstance(got, Announced):
            self._tag = tag_of(got.text)
            self.arrival = Arrival(self.config, utf8=self.utf8)
            got = self.arrival.begin(got.text, self.state, uid_only="UIDONLY" in self.enabled)
        if isinstance(got, Append):
            self.arrival = None
            return Given(got, b"APPEND" if got.replaces is None else b"REPLACE")
        if isinstance(got, Abandoned):
            self.arrival = None
            self._fail(self._tag, got)
        if got is None or isinstance(got, Arriving | Piece | Abandoned):
            return got
        if isinstance(got, Refused):
            self._refuse(got)
        elif got is Asked.CONTINUATION:
            self.out.continuation()
        elif self._exchange is not None:
            return self._advance(self._exchange.respond(got))
        elif self.idling:
            return self._end_idle(got)
        else:
            return self._command(got)
        return None

    def _refuse(self, refused: Refused) -> None:
        tag = tag_of(refused.start) if self._exchange is None else self._tag  # a response has no tag
        self._exchange = None
        self._fail(tag, Abandoned("BAD", refused.reason, refused.code, refused.fatal))

    def _end_idle(self, line: bytes) -> ImapEvent | None:
        self.idling, self._collector.streams = False, True
        if line.strip().upper() != b"DONE":
            self._fail(self._tag, Abandoned("BAD", "IDLE ends with a line that says DONE"))
            return None
        return Given(Done(), b"DONE")

    def _command(self, line: bytes) -> ImapEvent | None:
        if line.upper().startswith(HTTP):
            self.bye("This is IMAP, not HTTP")  # a browser was sent here; what follows is not for us
            return None
        self._tag = tag_of(line)
        found = parse(line, self.state, utf8=self.utf8, uid_only="UIDONLY" in self.enabled)
        if isinstance(found, Given):
            self._faults = 0  # only mistakes in a row end a session: one that lasts for days makes some
            return self._given(found)
        self._fail(self._tag, Abandoned("BAD", found.words, found.code))
        return None

    def _given(self, given: Given) -> ImapEvent | None:
        """What needs nothing from outside is answered here."""
        command: Command = given.command
        if isinstance(command, Capability):
            self.out.untagged(self.capability_line())
            self.finish("OK", "That is what this server can do")
        elif isinstance(command, Authenticate):
            self._exchange = Exchange(self.config)
            return self._advance(self._exchange.begin(command, self._channel))
        elif (wrong := untimely(command, self.config, secure=self.secure)) is not None:
            self.finish(wrong.status, wrong.words, wrong.code)
        else:
            return given
        return None

    def _advance(self, step: Step) -> ImapEvent | None:
        """What a step of AUTHENTICATE gave."""
        if isinstance(step, bytes):
            self.out.continuation(step)
            return None
        if isinstance(step, SaslAsked):
            return Given(step, b"AUTHENTICATE")
        self._exchange = None
        if isinstance(step, LogIn | SaslLogIn):
            return Given(step, b"AUTHENTICATE")
        if step.status == "BAD":
            self._came_to_nothing(step.status, step.words, step.code)
        else:  # there was no exchange
            self.finish(step.status, step.words, step.code)
        return None
