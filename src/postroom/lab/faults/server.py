"""One server of a lab with all that may go wrong in it: its doors, connections, sessions, its web, its disk; and the answers of the name server.

Not here: what goes wrong (`lab.faults.rules`, `lab.faults.switches`), how (`lab.faults.addressed`, `lab.faults.guest`, `lab.faults.session`, `lab.faults.web`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from postroom.app.room import free_octets
from postroom.intake.door import Door
from postroom.lab.dns.server import Fault, Wrong
from postroom.lab.faults.addressed import FaultyDoor
from postroom.lab.faults.guest import FaultyGuest, Trouble, Whereabouts
from postroom.lab.faults.rules import FaultRules
from postroom.lab.faults.session import faulty
from postroom.lab.faults.stages import PROTOCOLS
from postroom.net.listener import Door as Entrance
from postroom.net.listener import Guest, Listener
from postroom.net.session import Peer, Session
from postroom.net.tapped import Overheard

if TYPE_CHECKING:  # what speaks HTTP is imported late
    from postroom.net.http import Application

# Given a domain, a service, and the far and the near end of a connection.
Hear = Callable[[str, str, Peer, Peer], Overheard]


class FaultyServer:
    """What stands in the way of one domain's server; see `app.meddling.Meddling`. `hear` is told of each connection that begins; `is_full` tells whether a domain's disk is."""

    def __init__(self, domain: str, trouble: Trouble, hear: Hear, is_full: Callable[[str], bool]) -> None:
        self._domain = domain
        self._trouble = trouble
        self._hear = hear
        self._is_full = is_full

    def door(self, door: Door) -> Door:
        """A door of the intake, given a good one."""
        trouble = self._trouble
        return FaultyDoor(door, self._domain, trouble.clock.sleep, trouble.rules, self._drip)

    def guest(self, service: str, door: Entrance) -> Guest:
        """See `Meddling`."""
        tap = partial(self._hear, self._domain, service)
        return FaultyGuest(door, tap, self._trouble, Whereabouts(service, self._domain))

    def listening(self, service: str, listener: Listener) -> None:
        """See `Meddling`."""
        self._trouble.entrances.add(service, self._domain, listener)

    def sessions(self, service: str, made: Callable[[], Session]) -> Callable[[], Session]:
        """See `Meddling`."""
        if PROTOCOLS[service] == "http":
            return made
        return faulty(made, self._trouble, service, self._domain)

    def web(self, app: Application) -> Application:
        """See `Meddling`."""
        from postroom.lab.faults.web import FaultyWeb

        return FaultyWeb(app, self._trouble, self._domain)

    async def method(self, name: str) -> None:
        """See `Meddling`."""
        from postroom.lab.faults.web import before_method

        await before_method(self._trouble, self._domain, name)

    def free(self, data: Path) -> int:
        """See `Meddling`."""
        return 0 if self._is_full(self._domain) else free_octets(data)

    def _drip(self, peer: Peer, seconds: float) -> None:
        guest = self._trouble.of(peer)
        if guest is not None:
            guest.settle()
            guest.pace = seconds


def wrong_answer(rules: FaultRules, name: str, kind: str) -> Wrong:
    """What is wrong with the answer to a question to the name server."""
    rule = rules.at_question(name, kind)
    if rule is None:
        return Wrong()
    if rule.drop:
        return Wrong(rule.delay, Fault.DROP)
    return Wrong(rule.delay, Fault(rule.reply.lower()) if rule.reply else None)
