"""The client's end of a POP3 session, as a pure machine.

RFC 1939 (commands and responses), RFC 2449 §6.6 (PIPELINING: commands go ahead of responses where the server offers it), RFC 2595 §4 (STLS), RFC
5034 §4. It logs in by itself (`client_login`), then does what it is asked and gives one `Response` for each command, in their order.
What a server sends is bounded, and nothing it sent before TLS is believed after it. Not here: sockets, and where messages go.
"""

from __future__ import annotations

from collections import deque

import msgspec

from postroom.proto.pop3.apop import find_timestamp
from postroom.proto.pop3.client_login import (
    Capabilities,
    LoginRefused,
    Pop3Account,
    Response,
    Send,
    Steps,
    Upgrade,
    login,
)
from postroom.proto.sasl.exchange import Binding
from postroom.wire.dots import Unstuffer
from postroom.wire.lines import LineBuffer, LineFault
from postroom.wire.numbers import decimal


class ClientLimits(msgspec.Struct, frozen=True):
    """Bounds of what a server may send: octets of a line, lines and octets of a listing, octets of a message."""

    line: int = 8_192
    lines: int = 1_000_000
    listing: int = 128 * 1024 * 1024
    message: int = 128 * 1024 * 1024
    pipelined: int = 100  # commands ahead of their responses


class Upgrading(msgspec.Struct, frozen=True):
    """Do the TLS handshake now, as the client, then call `tls_started()`."""


class Ready(msgspec.Struct, frozen=True):
    """Logged in. `capabilities` by tag, with their arguments."""

    capabilities: Capabilities


class Failed(msgspec.Struct, frozen=True):
    """It is over: `why` for a person; `code` the server's response code. The connection closes."""

    why: str
    code: str = ""


ClientEvent = Upgrading | Ready | Response | Failed
_MESSAGES = frozenset({"RETR", "TOP"})


class _Expected(msgspec.Struct):
    """A command whose response is to come."""

    verb: str
    multi_line: bool


class Pop3Client:
    """A session. `send` queues a command at any time after `Ready`; its response comes as an event."""

    def __init__(self, account: Pop3Account, limits: ClientLimits = ClientLimits()) -> None:  # noqa: B008 -- frozen
        self._account = account
        self._limits = limits
        self._buffer = LineBuffer(limits.line)
        self._steps: Steps | None = None  # the login, until it is done
        self._greeted = False
        self._awaiting_tls = False
        self.binding: Binding | None = None  # of the TLS channel: what the driver has
        self._events: deque[ClientEvent] = deque()
        self._waiting: deque[tuple[bytes, _Expected]] = deque()
        self._expected: deque[_Expected] = deque()
        self._first: Response | None = None  # the first line of a multi-line response
        self._lines: list[bytes] = []
        self._listed = 0  # octets in them
        self._content: Unstuffer | None = None
        self._ahead = 1
        self._out: list[bytes] = []
        self._dialogue: list[bytes] = []
        self.closing = False

    # ---------------------------------------------------------------------------------------------------------- the machine

    def receive(self, data: bytes) -> None:
        """Octets from the server. What comes between STLS's answer and the handshake is not the server's to send: the session ends."""
        if self.closing:
            return
        if self._awaiting_tls:
            self._fail(
                "The server sent something in the clear behind its answer to STLS: someone may be in between"
            )
            return
        self._buffer.feed(data)
        self._work()

    def next_event(self) -> ClientEvent | None:
        """The next event."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """What waits to be sent, once."""
        out, self._out = self._out, []
        return b"".join(out)

    def take_dialogue(self) -> list[bytes]:
        """The lines said since the last call, `<` or `>` first (to us, from us), secrets masked, content and listings left out."""
        dialogue, self._dialogue = self._dialogue, []
        return dialogue

    def tls_started(self) -> None:
        """The handshake is done."""
        self._awaiting_tls = False
        self._buffer = LineBuffer(self._limits.line)
        self._step(None)
        self._flush()

    # ------------------------------------------------------------------------------------------------------------- commands

    def send(self, command: str) -> None:
        """Queues one of STAT, LIST, UIDL, RETR, TOP, DELE, RSET, NOOP, QUIT (with arguments), or any other without a secret."""
        if not command.isprintable():
            raise ValueError(f"not a command line: {command!r}")
        verb, _, rest = command.upper().partition(" ")
        multi_line = verb in {"RETR", "TOP", "CAPA"} or (verb in {"LIST", "UIDL", "LANG"} and not rest)
        self._waiting.append((command.encode(), _Expected(verb, multi_line)))
        self._note(">", command)
        self._flush()

    def _flush(self) -> None:
        while self._waiting and len(self._expected) < self._ahead:
            line, expected = self._waiting.popleft()
            self._out.append(line + b"\r\n")
            self._expected.append(expected)

    # ------------------------------------------------------------------------------------------------------------ responses

    def _work(self) -> None:
        while not self.closing:
            if self._content is not None:
                if not self._take_content(self._content):
                    return
                continue
            line = self._buffer.line()
            if line is None:
                return
            if isinstance(line, LineFault):
                self._fail(f"The server sent a line that is none: {line.value}")
            elif self._first is not None:
                self._take_line(line)
            else:
                self._take_first(line)
            self._flush()

    def _take_first(self, line: bytes) -> None:
        self._note("<", line.decode("utf-8", "replace"))
        response = parse_response(self._expected[0].verb if self._expected else "", line)
        if response is None or (self._greeted and not self._expected):
            self._fail("The server does not speak POP3 here")
        elif not self._greeted:
            self._greet(response, line)
        elif response.ok and self._expected[0].multi_line:
            self._first = response
            self._content = Unstuffer() if self._expected[0].verb in _MESSAGES else None
        else:
            self._deliver(response)

    def _greet(self, response: Response, line: bytes) -> None:
        self._greeted = True
        if not response.ok or response.challenge:
            self._fail(response.text, response.code)
            return
        self._steps = login(self._account, find_timestamp(line), self.binding)
        self._step(None)

    def _take_line(self, line: bytes) -> None:
        if line == b".":
            assert self._first is not None
            response = msgspec.structs.replace(self._first, lines=tuple(self._lines))
            self._first, self._lines, self._listed = None, [], 0
            self._deliver(response)
            return
        self._listed += len(line)
        if len(self._lines) >= self._limits.lines:
            self._fail(f"The server's listing has more than {self._limits.lines} lines")
        elif self._listed > self._limits.listing:
            self._fail(f"The server's listing has more than {self._limits.listing} octets")
        else:
            self._lines.append(line.removeprefix(b"."))

    def _take_content(self, content: Unstuffer) -> bool:
        """Whether the message is complete."""
        left = content.feed(self._buffer.rest())
        if content.waiting > self._limits.message:
            self._fail(f"The message has more than {self._limits.message} octets")
        if left is None or self.closing:
            return False
        self._buffer.unread(left)
        assert self._first is not None
        response = msgspec.structs.replace(self._first, content=content.take())
        self._first = self._content = None
        self._deliver(response)
        self._flush()
        return True

    def _deliver(self, response: Response) -> None:
        if response.challenge and (self._steps is None or response.command != "AUTH"):
            self._fail("The server asks a question where none may be")
            return
        self._expected.popleft()
        if self._steps is not None:
            self._step(response)
            return
        self._events.append(response)
        if response.command == "QUIT":
            self.closing = True

    # ----------------------------------------------------------------------------------------------------------- the login

    def _step(self, response: Response | None) -> None:
        assert self._steps is not None
        try:
            step = self._steps.send(response)
        except StopIteration as end:
            self._steps = None
            self._ahead = self._limits.pipelined if "PIPELINING" in end.value else 1
            self._events.append(Ready(end.value))
        except LoginRefused as refused:
            self._fail(refused.text, refused.code)
        else:
            self._do(step)

    def _do(self, step: Send | Upgrade) -> None:
        if isinstance(step, Upgrade):
            if self._buffer.pending:
                self._fail(
                    "The server sent something in the clear behind its answer to STLS: someone may be in between"
                )
                return
            self._awaiting_tls = True
            self._events.append(Upgrading())
            return
        verb = step.shown.partition(" ")[0]
        self._waiting.append(
            (step.line, _Expected("AUTH" if verb in {"******", "*"} else verb, step.multi_line))
        )
        self._note(">", step.shown)

    def _fail(self, why: str, code: str = "") -> None:
        self._events.append(Failed(why, code))
        self.closing = True

    def _note(self, direction: str, line: str) -> None:
        if len(self._dialogue) < 256:
            self._dialogue.append(f"{direction}{line}".encode())


def parse_response(command: str, line: bytes) -> Response | None:
    """The first line of a response (RFC 1939 §3, RFC 2449 §8, RFC 5034 §4); None when it is none."""
    text = line.decode("utf-8", "replace")
    status, _, text = text.partition(" ")
    if status == "+":
        return Response(command, ok=True, text=text, challenge=True)
    if status not in {"+OK", "-ERR"}:
        return None
    code = ""
    if text.startswith("[") and (end := text.find("]")) > 0:
        code, text = text[1:end].upper(), text[end + 1 :].lstrip()
    return Response(command, ok=status == "+OK", text=text, code=code)


def parse_numbers(text: str) -> tuple[int, int] | None:
    """`2 320`, as in the answers to STAT and LIST; None for anything else. What follows is not looked at."""
    parts = text.encode().split(maxsplit=2)
    if len(parts) < 2:
        return None
    first, second = decimal(parts[0]), decimal(parts[1], 15)
    return (first, second) if first is not None and second is not None else None
