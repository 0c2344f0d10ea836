"""Sessions of a lab to which something happens: a greeting that is none, commands that are answered by a fault, late, slowly, or never.

RFC 5321 §3.1 (a greeting may be a refusal), §3.8 (421). The session itself knows nothing of it: it hears of a command when the fault has let it through. Not
here: which commands are stopped (`lab.faults.gate`), connections (`lab.faults.guest`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from postroom.lab.faults.gate import Gate, Stopped, wire
from postroom.lab.faults.guest import AS_ASKED, FaultyGuest, Trouble, Whereabouts
from postroom.lab.faults.rules import FaultRule
from postroom.lab.faults.stages import PROTOCOLS
from postroom.net.session import Connection, Session, TlsFacts


class FaultySession:
    """One connection's session, with a good one inside."""

    def __init__(self, inner: Session, trouble: Trouble, whose: Whereabouts) -> None:
        self._inner = inner
        self._trouble = trouble
        self._whose = whose
        self._protocol = PROTOCOLS[whose.service]
        self._connection: FaultyGuest | None = None
        self._begun = False  # the good one was told of the connection
        self.machine = Gate(inner.machine, (self._protocol, *whose), trouble.rules, self._settle)

    def opened(self, connection: Connection) -> None:
        """Greets, or does what is wrong with greetings."""
        assert isinstance(connection, FaultyGuest)
        self._connection = connection
        self.machine.secure = connection.tls is not None
        rule = self._trouble.rules.at_connection("banner", *self._whose, wanted=self._spoken)
        if rule is not None:
            connection.delay, connection.pace = rule.delay, rule.drip
            self.machine.dripping = bool(rule.drip)
            if rule.drop and not rule.delay:
                connection.cut()
                return
            if rule.reply or rule.drop:
                self.machine.say(wire(self._protocol, rule.reply) if rule.reply else b"")
                self.machine.ended = True
                return
        self._begun = True
        self._inner.opened(connection)

    def _spoken(self, rule: FaultRule) -> bool:
        return rule.protocol in ("", self._protocol)

    async def handle(self, event: Any) -> None:
        """Lets the good one answer, unless a fault does."""
        if isinstance(event, Stopped):
            await self._happen(event)
            return
        await self._inner.handle(event)
        if self._connection is not None and self._connection.pace and not self.machine.dripping:
            self._connection.settle()  # a door has slowed this one answer down

    async def _happen(self, stopped: Stopped) -> None:
        rule, connection, gate = stopped.rule, self._connection, self.machine
        assert connection is not None
        if rule is not None:
            await self._trouble.clock.sleep(rule.delay)
            if rule.drop:
                connection.close(AS_ASKED)
                return
            connection.settle()
            connection.pace, gate.dripping = rule.drip, bool(rule.drip)
        if rule is None or rule.reply:
            gate.answer(stopped)
        else:
            gate.let_through(stopped.line)

    def _settle(self) -> None:
        if self._connection is not None:
            self._connection.settle()

    def secured(self, facts: TlsFacts) -> None:
        """What was said in the clear is forgotten."""
        self.machine.secured()
        self._inner.secured(facts)

    def overdue(self) -> None:
        """As the good one."""
        if self._begun:
            self._inner.overdue()

    def failed(self) -> None:
        """As the good one."""
        if self._begun:
            self._inner.failed()

    def dismissed(self) -> None:
        """As the good one; a connection that was not greeted ends."""
        if self._begun:
            self._inner.dismissed()
        else:
            self.machine.ended = True

    def closed(self, reason: str) -> None:
        """The end."""
        self._connection = None
        if self._begun:
            self._inner.closed(reason)

    def deadline(self) -> float:
        """As the good one."""
        return self._inner.deadline()


def faulty(made: Callable[[], Session], trouble: Trouble, service: str, domain: str) -> Callable[[], Session]:
    """What makes such sessions, given what makes good ones."""
    whose = Whereabouts(service, domain)
    return lambda: FaultySession(made(), trouble, whose)
