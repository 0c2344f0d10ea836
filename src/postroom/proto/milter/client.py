"""The server's end of the milter protocol, as a machine: commands go out, what the filter says comes in.

Packets are a length, a letter and data. A command is sent only if the filter wants it, and waited for only if it answers it: `say` tells which.
Once the filter has accepted a message it hears nothing more of it. Not here: sockets, time, which command comes when.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Mapping

from postroom.proto.milter.changes import (
    BadMilter,
    BodyReplaced,
    Kind,
    Options,
    Progress,
    Said,
    Verdict,
    parse,
)
from postroom.proto.milter.codes import (
    ALL_ACTIONS,
    ALL_STEPS,
    NEVER_ANSWERED,
    NEVER_SENT,
    STAGES,
    VERSION,
    Action,
    Command,
    Step,
)

MOST_PACKET = 1 << 20  # octets of a packet from a filter
MOST_CHANGES = 10_000  # that a filter makes to one message, pieces of its body aside
PIECE = 65_535  # octets of the body in one packet (MILTER_CHUNK_SIZE)
OLDEST = 2  # version of a filter that is still understood
WITH_DATA = 4  # the first that has heard of DATA
_FLAGS = 0x0FFFFFFF  # of the steps; above them lie sizes of the body's pieces (SMFIP_MDS_), of which the smallest is kept
_HEAD = struct.Struct("!Ic")


class MilterClient:
    """One connection to one filter. `say` queues a command; `next_event` gives what was answered."""

    def __init__(self) -> None:
        self.actions = Action(0)
        self.steps = Step(0)
        self.wanted: dict[Command, tuple[str, ...]] = {}
        self.failed = ""  # why the connection is of no use any more
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._events: deque[Said] = deque()
        self._changes = 0
        self._connection_done = False  # accepted at CONNECT or HELO: nothing of this client is of interest
        self._message_done = False
        self._body_done = False  # SKIP
        self._in_message = False
        self._asked: Command | None = None

    # The machine

    @property
    def closing(self) -> bool:
        """Whether nothing more can be said."""
        return bool(self.failed)

    def receive(self, data: bytes) -> None:
        """Octets of any cut."""
        self._buffer += data
        at = 0
        while not self.failed and len(self._buffer) - at >= 4:
            size = int.from_bytes(self._buffer[at : at + 4], "big")
            if not 0 < size <= MOST_PACKET:
                self._fail(f"it sent a packet of {size} octets")
                return
            end = at + 4 + size
            if len(self._buffer) < end:
                break
            packet = bytes(self._buffer[at + 4 : end])
            self._take(packet[:1], packet[1:])
            at = end
        del self._buffer[:at]

    def next_event(self) -> Said | None:
        """The next thing that the filter said. Raises BadMilter when it has broken the protocol."""
        if self._events:
            return self._events.popleft()
        if self.failed:
            raise BadMilter(self.failed)
        return None

    def data_to_send(self) -> bytes:
        """What waits to be sent, once."""
        octets = b"".join(self._out)
        self._out.clear()
        return octets

    # What a session says

    def negotiate(self) -> None:
        """The first thing; `Options` answers it."""
        self._asked = Command.OPTIONS
        self._send(Command.OPTIONS, struct.pack("!III", VERSION, ALL_ACTIONS, ALL_STEPS))

    def say(self, command: Command, data: bytes = b"", macros: Mapping[str, str] | None = None) -> bool:
        """Queues a command, with the macros that the filter wants of its stage; whether an answer is to be waited for."""
        if self._is_done(command):
            return False
        if command is Command.MAIL:
            self._begin_message()
            self._in_message = True
        if self.steps & NEVER_SENT.get(command, Step(0)):
            return False
        if macros:
            self._define(command, macros)
        self._send(command, data)
        if self.steps & NEVER_ANSWERED.get(command, Step(0)):
            return False
        self._asked = command
        return True

    def abort(self) -> None:
        """The message, if one was begun and not brought to its end, came to nothing."""
        if self._in_message and not self._connection_done:
            self._send(Command.ABORT)
        self._in_message = False

    def begin_anew(self) -> None:
        """The client greets again: what was accepted at HELO counts no more."""
        self._connection_done = False

    def quit(self) -> None:
        """The connection ends."""
        self._send(Command.QUIT)

    @property
    def wants_body(self) -> bool:
        """Whether pieces of the body are still of interest to it."""
        return not (self._body_done or self._is_done(Command.BODY) or self.steps & Step.NO_BODY)

    # What happens inside

    def _is_done(self, command: Command) -> bool:
        if self._connection_done:
            return True
        return self._message_done and command not in {Command.CONNECT, Command.HELO, Command.MAIL}

    def _begin_message(self) -> None:
        self._message_done = self._body_done = False
        self._changes = 0

    def _take(self, code: bytes, data: bytes) -> None:
        try:
            said = parse(code, data, self.actions)
        except BadMilter as error:
            self._fail(str(error))
            return
        if isinstance(said, Options):
            self._agree(said)
        elif self._asked in {None, Command.OPTIONS}:
            self._fail("it did not negotiate" if self._asked else "it spoke without having been asked")
        elif isinstance(said, Verdict):
            self._heed(said)
        elif not isinstance(said, Progress):
            self._changes += not isinstance(said, BodyReplaced)
            if self._asked is not Command.END or self._changes > MOST_CHANGES:
                self._fail("it changed a message before its end, or too often")
        if not self.failed:
            self._events.append(said)

    def _agree(self, options: Options) -> None:
        if self._asked is not Command.OPTIONS:
            self._fail("it negotiated without having been asked")
        elif options.version < OLDEST or options.version > VERSION:
            self._fail(f"it speaks version {options.version} of the protocol")
        elif options.actions & ~int(ALL_ACTIONS) or options.steps & ~int(ALL_STEPS) & _FLAGS:
            self._fail("it wants what was not offered")
        self._asked = None
        self.actions = Action(options.actions & ALL_ACTIONS)
        self.steps = Step(options.steps & ALL_STEPS)
        if options.version < WITH_DATA:
            self.steps |= Step.NO_DATA
        self.wanted = {
            STAGES[stage]: names for stage, names in options.symbols.items() if stage < len(STAGES)
        }

    def _heed(self, verdict: Verdict) -> None:
        command, self._asked = self._asked, None
        self._in_message &= command is not Command.END
        if verdict.kind is Kind.SKIP:
            self._body_done = True
        elif verdict.kind is Kind.ACCEPT and command in {Command.CONNECT, Command.HELO}:
            self._connection_done = True
        elif command is not Command.RCPT:
            self._message_done = command is Command.END or verdict.kind is not Kind.CONTINUE
        elif verdict.kind in {Kind.ACCEPT, Kind.DISCARD}:
            self._message_done = True

    def _define(self, command: Command, macros: Mapping[str, str]) -> None:
        names: Iterable[str] = self.wanted.get(command) or macros
        pairs = [(name, macros[name]) for name in names if macros.get(name)]
        strings = [
            text for name, value in pairs for text in (name if len(name) == 1 else f"{{{name}}}", value)
        ]
        if strings:
            self._send(Command.MACROS, command.value + c_strings(strings))

    def _send(self, command: Command, data: bytes = b"") -> None:
        self._out.append(_HEAD.pack(len(data) + 1, command.value) + data)

    def _fail(self, why: str) -> None:
        self.failed = self.failed or why


def c_strings(texts: Iterable[str | bytes]) -> bytes:
    """Strings as the protocol has them, each ended by NUL."""
    octets = (text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text for text in texts)
    return b"".join(text.replace(b"\0", b"") + b"\0" for text in octets)


def connect_data(name: str, ip: str, port: int) -> bytes:
    """What CONNECT says: the client's name (its address in brackets when it has none), family, port and address."""
    shown = c_strings([name or f"[{ip}]"])
    if not ip:
        return shown + b"U"
    return shown + (b"6" if ":" in ip else b"4") + struct.pack("!H", max(0, port)) + c_strings([ip])


def path(address: str) -> str:
    """A path as MAIL and RCPT have it."""
    return f"<{address}>"
