"""What a POP3 session adds to the journeys of the messages it touches.

Every hop tells the whole story of its session up to then, since a message's journey is read alone: who came, over TLS or not, who logged
in, what was said since the last hop. Not here: where journeys are kept.
"""

from __future__ import annotations

from postroom.message.journey.events import (
    Authenticated,
    Connected,
    Handled,
    Hop,
    HopKind,
    JourneyEvent,
    Said,
    Secured,
)
from postroom.net.session import Connection, TlsFacts

_ACTIONS = {HopKind.READ: "retrieved", HopKind.DELETED: "deleted"}


class SessionFacts:
    """Gathers what stays the same, and makes hops."""

    __slots__ = ("_actor", "_facts", "_tls")

    def __init__(self) -> None:
        self._facts: list[JourneyEvent] = []
        self._actor = ""
        self._tls = False

    def opened(self, connection: Connection) -> None:
        """The connection stands; with TLS from its beginning it is `pop3s`."""
        peer, local, tls = connection.peer, connection.local, connection.tls
        protocol = "pop3s" if tls else "pop3"
        self._facts = [Connected(0, protocol, _end(peer.ip, peer.port), _end(local.ip, local.port))]
        if tls:
            self.secured(tls, [])

    def secured(self, facts: TlsFacts, said_in_clear: list[bytes]) -> None:
        """TLS begins here; what was said before stands before it."""
        if said_in_clear:
            self._facts.append(Said(0, said_in_clear))
        self._facts.append(
            Secured(0, facts.version, facts.cipher, facts.server_name, facts.subject, facts.verified)
        )
        self._tls = True

    def logged_in(self, address: str, mechanism: str) -> None:
        """Who it is."""
        self._actor = address
        self._facts.append(Authenticated(0, address, mechanism))

    def hop(self, kind: HopKind, now: int, dialogue: list[bytes]) -> Hop:
        """READ or DELETED, at `now` (unix microseconds)."""
        said = (Said(0, dialogue, self._tls),) if dialogue else ()
        return Hop(kind, now, (*self._facts, *said, Handled(0, _ACTIONS[kind], self._actor, "INBOX")))


def _end(ip: str, port: int) -> str:
    if not ip:
        return ""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
