"""The client's end of an IMAP session, as a pure machine.

RFC 9051 §2.2 (commands and responses), §5.5 (one command at a time: never an ambiguity), §6.2.1 (STARTTLS), §6.3.13 (IDLE, of RFC 2177), RFC 7888 §3 to §5
(literals that do not wait, where the server takes them). It logs in by itself (`client_login`), then does what it is asked; data comes as events, in
the order in which the server says it, and after them one `Done` for each command. What a server sends is bounded, and nothing it sent before TLS is
believed after it. Not here: sockets, and where messages go.
"""

from __future__ import annotations

from collections import deque

import msgspec

from postroom.proto.imap.client_collector import ClientLimits, ResponseCollector, TooMuch
from postroom.proto.imap.client_commands import Part, Request
from postroom.proto.imap.client_login import (
    Answer,
    Entered,
    Greeting,
    ImapAccount,
    LoginRefused,
    Say,
    Step,
    Steps,
    Upgrade,
    login,
)
from postroom.proto.imap.client_responses import capabilities, parse_response
from postroom.proto.imap.client_values import Capabilities, Continue, Data, Enabled, ServerResponse, Status
from postroom.proto.sasl.exchange import Binding
from postroom.wire.cursor import GrammarError

PIECE = 64 * 1024  # octets of a literal that go out at once
LITERAL_MINUS = 4096  # octets of a literal that may go unasked under LITERAL- (RFC 7888 §5)
MAX_DIALOGUE = 256  # lines of it that are kept
STRANGER = "The server does not speak IMAP here"
INJECTED = "The server sent something in the clear behind its answer to STARTTLS: someone may be in between"


class Upgrading(msgspec.Struct, frozen=True):
    """Do the TLS handshake now, as the client, then call `tls_started()`."""


class Ready(msgspec.Struct, frozen=True):
    """Logged in."""

    capabilities: Capabilities


class Idling(msgspec.Struct, frozen=True):
    """The server will tell what happens; `done()` ends it."""


class Done(msgspec.Struct, frozen=True):
    """A command is over: `condition` is OK, NO or BAD, `code` and `argument` are the response code's."""

    verb: str
    condition: str
    text: str
    code: str = ""
    argument: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.condition == "OK"


class Failed(msgspec.Struct, frozen=True):
    """It is over: `why` for a person; `code` the server's response code. The connection closes."""

    why: str
    code: str = ""


ClientEvent = Upgrading | Ready | Idling | Done | Failed | Data | Status


class ImapClient:
    """A session. `send` queues a command at any time after `Ready`."""

    def __init__(self, account: ImapAccount, limits: ClientLimits = ClientLimits()) -> None:  # noqa: B008 -- frozen
        self._account = account
        self._limits = limits
        self._collector = ResponseCollector(limits)
        self._steps: Steps[Entered] | None = None  # the login, until it is done
        self._greeted = False
        self._awaiting_tls = False
        self.binding: Binding | None = None  # of the TLS channel: what the driver has
        self._heard: Capabilities | None = None
        self._enabled: frozenset[str] = frozenset()
        self._events: deque[ClientEvent] = deque()
        self._waiting: deque[Request] = deque()
        self._current: Request | None = None
        self._rest: deque[Part] = (
            deque()
        )  # of the current command, from a literal on that the server has to ask for
        self._idling = False
        self._tag = 0
        self._out: deque[bytes] = deque()
        self._dialogue: list[bytes] = []
        self.utf8 = False
        self.capabilities = Capabilities(frozenset())
        self.closing = False

    # ---------------------------------------------------------------------------------------------------------- the machine

    def receive(self, data: bytes) -> None:
        """Octets from the server. What comes between STARTTLS's answer and the handshake is not the server's to send: the session ends."""
        if self.closing:
            return
        if self._awaiting_tls:
            self._fail(INJECTED)
            return
        self._collector.feed(data)
        while self._listening and (text := self._collector.next()) is not None:
            self._take(text)

    @property
    def _listening(self) -> bool:
        return not (self.closing or self._awaiting_tls)

    def next_event(self) -> ClientEvent | None:
        """The next event."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """What waits to be sent; a long literal comes piece by piece, so ask again when the last has gone out."""
        out: list[bytes] = []
        while self._out and (not out or len(out[-1]) < PIECE):
            out.append(self._out.popleft())
        return b"".join(out)

    def take_dialogue(self) -> list[bytes]:
        """The lines said since the last call, `<` or `>` first (to us, from us), secrets and data left out."""
        dialogue, self._dialogue = self._dialogue, []
        return dialogue

    def tls_started(self) -> None:
        """The handshake is done."""
        self._awaiting_tls = False
        self._collector = ResponseCollector(self._limits)
        self._step(None)

    # ------------------------------------------------------------------------------------------------------------- commands

    def send(self, command: Request) -> None:
        """Queues a command; LOGOUT is the last one."""
        self._waiting.append(command)
        self._go_on()

    def done(self) -> None:
        """Ends IDLE; its `Done` comes."""
        if self._idling:
            self._idling = False
            self._out.append(b"DONE\r\n")

    def _go_on(self) -> None:
        if self._current is None and self._waiting and not self.closing:
            self._current = self._waiting.popleft()
            self._tag += 1
            self._note(">", f"A{self._tag} {self._current.shown}")
            self._rest = deque([f"A{self._tag} ".encode(), *self._current.parts, b"\r\n"])
            self._utter()

    def _utter(self) -> None:
        """Sends the command up to the first literal that the server has to ask for, or to its end."""
        while self._rest:
            part = self._rest.popleft()
            if isinstance(part, bytes):
                self._out += (part[at : at + PIECE] for at in range(0, len(part), PIECE))
                continue
            size = len(part.octets)
            unasked = self.capabilities.has("LITERAL+") or (
                size <= LITERAL_MINUS and self.capabilities.has("LITERAL-")
            )
            self._out.append(b"{%d%b}\r\n" % (size, b"+" if unasked else b""))
            self._rest.appendleft(part.octets)
            if not unasked:
                return

    # ------------------------------------------------------------------------------------------------------------ responses

    def _take(self, text: bytes | TooMuch) -> None:
        if isinstance(text, TooMuch):
            self._fail(text.why)
            return
        try:
            response = parse_response(text, utf8=self.utf8)
        except GrammarError as error:
            start = text[:40].decode("ascii", "backslashreplace")
            words = f"The server's response {start!r} cannot be understood: {error}"
            self._fail(words if self._greeted else STRANGER)
            return
        if isinstance(response, Status | Continue):
            self._note("<", text[:1000].decode("utf-8", "replace"))
        if not self._greeted:
            self._greet(response)
        elif isinstance(response, Continue):
            self._continue(response)
        elif isinstance(response, Status) and response.tag:
            self._complete(response)
        else:
            self._tell(response)

    def _greet(self, response: ServerResponse) -> None:
        if not isinstance(response, Status) or response.tag or response.condition in {"NO", "BAD"}:
            self._fail(STRANGER)
            return
        self._greeted = True
        if response.condition == "BYE":
            self._fail(response.text, response.code)
            return
        self._hear(response)
        heard, self._heard = self._heard, None
        self._steps = login(self._account, Greeting(heard, response.condition == "PREAUTH"), self.binding)
        self._step(None)

    def _continue(self, response: Continue) -> None:
        if self._rest:
            self._utter()
        elif self._current is not None and self._current.verb == "IDLE" and not self._idling:
            self._idling = True
            self._events.append(Idling())
        elif self._steps is not None and self._current is not None and self._current.verb == "AUTHENTICATE":
            self._step(Answer(ok=True, text=response.text, challenge=True))
        else:
            self._fail("The server asks a question where none may be")

    def _complete(self, response: Status) -> None:
        if self._current is None or response.tag != f"A{self._tag}":
            self._fail("The server answers what was not asked")
            return
        verb = self._current.verb
        if self._rest and response.condition == "OK":
            self._fail(f"The server answers {verb} before it was said")
            return
        self._rest.clear()  # it does not want the literal
        self._current = None
        self._idling = False
        self._hear(response)
        if self._steps is not None:
            self._alert(response)
            answer = Answer(
                response.condition == "OK", response.text, response.code, self._heard, self._enabled
            )
            self._heard = None
            self._step(answer)
            return
        self._events.append(Done(verb, response.condition, response.text, response.code, response.argument))
        if verb == "LOGOUT":
            self.closing = True
        self._go_on()

    def _tell(self, response: Data | Status) -> None:
        """Data, or an untagged word."""
        self._hear(response)
        if isinstance(response, Status) and response.condition == "BYE":
            if self._current is None or self._current.verb != "LOGOUT":
                self._fail(response.text, response.code)
        elif self._steps is None and not isinstance(response, Capabilities):
            self._events.append(response)
        else:
            self._alert(response)

    def _alert(self, response: ServerResponse) -> None:
        """RFC 9051 §7.1: an alert is for the person, also when it comes during the login."""
        if isinstance(response, Status) and response.code == "ALERT":
            self._events.append(msgspec.structs.replace(response, tag=""))

    def _hear(self, response: ServerResponse) -> None:
        """Takes note of what the server can."""
        if isinstance(response, Status) and response.code == "CAPABILITY":
            response = capabilities(response.argument)
        if isinstance(response, Capabilities):
            self._heard = self.capabilities = response
        elif isinstance(response, Enabled):
            self._enabled |= response.names

    # ----------------------------------------------------------------------------------------------------------- the login

    def _step(self, answer: Answer | None) -> None:
        assert self._steps is not None
        try:
            step = self._steps.send(answer)
        except StopIteration as end:
            self._steps = None
            self.capabilities, self.utf8 = end.value.capabilities, end.value.utf8
            self._events.append(Ready(self.capabilities))
            self._go_on()
        except LoginRefused as refused:
            self._fail(refused.text, refused.code)
        else:
            self._do(step)

    def _do(self, step: Step) -> None:
        if isinstance(step, Upgrade):
            if self._collector.pending:
                self._fail(INJECTED)
                return
            self._heard, self.capabilities, self._enabled = None, Capabilities(frozenset()), frozenset()
            self._awaiting_tls = True
            self._events.append(Upgrading())
        elif isinstance(step, Say):
            self._out.append(step.line + b"\r\n")
            self._note(">", "*" if step.line == b"*" else "******")
        else:
            self._waiting.appendleft(step)
            self._go_on()

    def _fail(self, why: str, code: str = "") -> None:
        self._events.append(Failed(why, code))
        self.closing = True

    def _note(self, direction: str, line: str) -> None:
        if len(self._dialogue) < MAX_DIALOGUE:
            self._dialogue.append(f"{direction}{line}".encode())


IDLE = Request("IDLE", (b"IDLE",), "IDLE")
LOGOUT = Request("LOGOUT", (b"LOGOUT",), "LOGOUT")
NOOP = Request("NOOP", (b"NOOP",), "NOOP")
EXPUNGE = Request("EXPUNGE", (b"EXPUNGE",), "EXPUNGE")
