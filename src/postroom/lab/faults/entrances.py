"""The listening sockets of a lab's servers, given up while a fault has connections refused: then it is the system that says so, as where no server runs.

connect(2) calls it ECONNREFUSED. A refusal that is counted (`times`) or comes late (`delay`) cannot be had in this way: that connection is made,
and reset at once (`lab.faults.guest`). Not here: which rule has its turn (`lab.faults.rules`), how a socket is given up (`net.listener`).
"""

from __future__ import annotations

from postroom.lab.faults.rules import FaultRules
from postroom.net.listener import Listener


class Entrances:
    """Those of one lab; they follow its `rules` from now on."""

    def __init__(self, rules: FaultRules) -> None:
        self._rules = rules
        self._known: list[tuple[str, str, Listener]] = []
        rules.changed = self._look

    def add(self, service: str, domain: str, listener: Listener) -> None:
        """One more that listens."""
        self._known.append((service, domain, listener))
        self._look()

    def _look(self) -> None:
        for service, domain, listener in self._known:
            if self._rules.refuses_all(service, domain):
                listener.refuse()
            else:
                listener.admit()
