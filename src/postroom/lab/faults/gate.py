"""A machine behind a gate: command by command goes through, and where a rule has its turn, the command goes no further until it was dealt with.

RFC 2920 §3.1 (pipelined commands are answered in their order: so they are here), RFC 9051 §4.3 (a command with literals is one command). The gate is open, and
octets go through as they come, as long as no fault of commands is switched on. What it takes for a command is what `lab.heard.overheard` takes for one. RFC 3207 §6: it
also plays the one who takes STARTTLS out of what a server offers. Not here: what happens then (`lab.faults.session`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from postroom.lab.faults.rules import FaultRule, FaultRules
from postroom.lab.faults.stages import AS_ASKED
from postroom.lab.heard.overheard import dialogue_of
from postroom.wire.machine import Machine

_LITERAL: Final = re.compile(rb"\{\d{1,18}(\+?)\}\r?\n\Z")
_STAGES: Final = ("smtp", "pop3", "imap", "auth")
_UPGRADES: Final = frozenset({"STARTTLS", "STLS"})
_OFFERS: Final = {
    "smtp": re.compile(rb"^250[- ]STARTTLS\r\n", re.MULTILINE),
    "pop3": re.compile(rb"^STLS\r\n", re.MULTILINE),
    "imap": re.compile(rb"^((?:\* |\S+ [A-Z]+ \[)CAPABILITY [^\r\n\]]*?)STARTTLS ?", re.MULTILINE),
}
_GREETING: Final = "the greeting"
_OFFERING: Final = frozenset(
    {_GREETING, "EHLO", "LHLO", "CAPA", "CAPABILITY", "LOGIN", "AUTHENTICATE"}
)  # whose answers may offer TLS; others may hold letters
_UNKNOWN: Final = {
    "smtp": "502 5.5.1 Command not implemented",
    "pop3": "-ERR Unknown command",
    "imap": "BAD Unknown command",
}


class Stopped:
    """A command that a rule has stopped: `line` as it came, `rule` None when it is one that there seems not to be."""

    def __init__(self, line: bytes, rule: FaultRule | None) -> None:
        self.line = line
        self.rule = rule


class Gate:
    """The machine that the pump sees; `inner` is the session's. `settle` says that what is answered up to now is one answer."""

    def __init__(
        self, inner: Machine[Any], whose: tuple[str, str, str], rules: FaultRules, settle: Callable[[], None]
    ) -> None:
        self._inner = inner
        self._protocol, self._service, self._domain = whose
        self._rules = rules
        self._settle = settle
        self._dialogue = dialogue_of(self._service)
        self._raw = bytearray()  # came, and did not go through yet
        self._new = 0  # octets of it that the dialogue does not know
        self._partly = 0  # octets that went through and belong to a line that has no end yet, or to lines that wait for a reply
        self._out = bytearray()
        self._swallows = False  # the rest of a command that was answered
        self._continues = False  # the next line belongs to the command before
        self._answered = (
            _GREETING  # the verb of the command whose answer is said, "" for one that is not known
        )
        self.secure = False
        self.ended = False
        self.dripping = False  # until what is being answered has been answered

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed."""
        return self.ended or self._inner.closing

    @property
    def _open(self) -> bool:
        return not self._raw and not self._swallows and not self._watches()

    def _watches(self) -> bool:
        return self.dripping or self._rules.any_at(*_STAGES) or self._strips() is not None

    def receive(self, data: bytes) -> None:
        """Lets octets through, or keeps them until it is their turn."""
        if not self._open:
            self._raw += data
            self._new += len(data)
            return
        self._answered = ""
        self._inner.receive(data)
        for octets, _ in self._dialogue.client.pieces(data):
            self._partly -= len(octets)
        self._partly += len(data)

    def next_event(self) -> Any:
        """The machine's next event, or a command that is stopped."""
        while True:
            event = self._inner.next_event()
            if event is not None or self.closing:
                return event
            self._take()
            self._dialogue.client.told(content=False)  # all that has come is answered now
            line = self._next()
            if line is None:
                return None
            self._settle()
            self.dripping = False
            if self._swallows:
                self._swallow(line)
                continue
            stopped = self._stopped(line)
            if stopped is not None:
                return stopped
            self._inner.receive(line)

    def data_to_send(self) -> bytes:
        """What the machine says, and what was said in its place."""
        self._take()
        data = bytes(self._out)
        self._out.clear()
        return data

    def let_through(self, line: bytes) -> None:
        """A command that was stopped goes on."""
        self._inner.receive(line)

    def answer(self, stopped: Stopped) -> None:
        """Answers a command in the machine's place."""
        reply = stopped.rule.reply if stopped.rule is not None else _UNKNOWN[self._protocol]
        self.say(wire(self._protocol, reply, stopped.line))
        self.ended = self.ended or reply.startswith(("421", "BYE"))
        literal = _LITERAL.search(stopped.line)
        if literal is not None and not literal[1]:
            self._dialogue.client.octets = 0  # it was not asked for
        self._continues = False
        self._swallows = (literal is not None and literal[1] == b"+") or self._dialogue.client.octets > 0

    def say(self, data: bytes) -> None:
        """Says it behind all that was said."""
        self._take()
        self._out += data
        for _ in self._dialogue.server.pieces(data):
            pass

    def secured(self) -> None:
        """What came before TLS is forgotten."""
        self._raw.clear()
        self._new = self._partly = 0
        self._swallows = self._continues = False
        self._dialogue.secured()
        self.secure = True

    def _take(self) -> None:
        data = self._inner.data_to_send()
        offers = not self.secure and self._answered in _OFFERING and _OFFERS[self._protocol].search(data)
        if offers and self._strips(count=True):
            data = without_tls(self._protocol, data)
        for _ in self._dialogue.server.pieces(data):
            pass
        self._out += data

    def _strips(self, *, count: bool = False) -> FaultRule | None:
        def fits(rule: FaultRule) -> bool:
            return rule.strip and rule.serves(self._service)

        if count:
            return self._rules.first(self._domain, fits)
        here = (one for one in self._rules if one.domain in ("", self._domain))
        return next((one for one in here if not one.spent and fits(one)), None)

    def _next(self) -> bytes | None:
        """The next line, or a run of content."""
        if not self._raw:
            return None
        came = bytes(self._raw[len(self._raw) - self._new :])
        self._new = 0
        for piece in self._dialogue.client.pieces(came):
            size = len(piece.octets) - self._partly
            self._partly = max(0, -size)
            if size > 0:
                line = bytes(self._raw[:size])
                del self._raw[:size]
                return _Content(line) if piece.content else line
        return None

    def _swallow(self, line: bytes) -> None:
        if not isinstance(line, _Content):
            self._swallows = _LITERAL.search(line) is not None and self._protocol == "imap"
        elif not self._dialogue.client.octets and self._protocol != "imap":
            self._swallows = False

    def _stopped(self, line: bytes) -> Stopped | None:
        if isinstance(line, _Content):
            return None
        begins = not self._continues
        self._continues = self._protocol == "imap" and _LITERAL.search(line) is not None
        if not begins:
            return None
        said = called(self._protocol, line)
        if not said[0]:
            return None
        self._answered = said[0]
        if said[0] in _UPGRADES and not self.secure and self._strips() is not None:
            return Stopped(line, None)
        rule = self._rules.at_command(self._protocol, self._service, self._domain, said)
        return None if rule is None else Stopped(line, rule)


class _Content(bytes):
    """Octets of a message, no command."""


def called(protocol: str, line: bytes) -> tuple[str, str]:
    """The verb of a command in capital letters, with UID before it where that is, and the command without its tag."""
    words = line.decode("utf-8", "replace").split()
    if protocol == "imap":
        words = words[1:]
    if not words:
        return "", ""
    verb = words[0].upper()
    if protocol == "imap" and verb == "UID" and len(words) > 1:
        verb = f"UID {words[1].upper()}"
    return verb, " ".join(words)


def wire(protocol: str, reply: str, line: bytes = b"") -> bytes:
    """A reply as it goes out; `line` is the command, whose tag IMAP says again."""
    if protocol == "imap":
        tag = b"*" if reply.startswith("BYE") or not line.split() else line.split()[0]
        return tag + b" " + reply.encode() + b"\r\n"
    if protocol == "smtp" and len(reply) == 3:
        reply = f"{reply} {reply[0]}.0.0 {AS_ASKED}"
    return reply.encode() + b"\r\n"


def without_tls(protocol: str, data: bytes) -> bytes:
    """What a server offers, without STARTTLS: in an answer to EHLO the last line stays one."""
    data = _OFFERS[protocol].sub(rb"\1" if protocol == "imap" else b"", data)
    if protocol != "smtp":
        return data
    lines = data.split(b"\r\n")
    for at, line in enumerate(lines[:-1]):
        if line.startswith(b"250-") and not lines[at + 1].startswith(b"250"):
            lines[at] = b"250 " + line[4:]
    return b"\r\n".join(lines)
