"""Where a lab has things go wrong in a server: the promises of whatever stands in the way, for connections, sessions, the web and the disk.

A server that is no lab has none of it, and loses no time by it. Not here: any fault (`lab`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from postroom.net.listener import Door, Guest, Listener
from postroom.net.session import Session

if TYPE_CHECKING:  # what speaks HTTP is imported late
    from postroom.net.http import Application


class Meddling(Protocol):
    """What goes wrong with one server."""

    def guest(self, service: str, door: Door) -> Guest:
        """A connection that begins."""

    def listening(self, service: str, listener: Listener) -> None:
        """A socket of a service that listens from now on."""

    def sessions(self, service: str, made: Callable[[], Session]) -> Callable[[], Session]:
        """What makes the sessions of a service, given what makes good ones."""

    def web(self, app: Application) -> Application:
        """An application of the web, given a good one."""

    async def method(self, name: str) -> None:
        """Before each method of JMAP; may raise `MethodError`."""

    def free(self, data: Path) -> int:
        """Octets that are free on the disk."""
