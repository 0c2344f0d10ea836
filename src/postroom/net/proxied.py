"""A connection that may come from a proxy: its PROXY header is read, then the real service begins, with the ends that it told.

Only who connects from a network that was named is believed, and must begin with a header; everybody else is served as he comes, so that
what he says of PROXY is for his session to refuse. All of it happens before TLS and before the greeting. Not here: the header (`proto.proxy`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from postroom.net.connections import Connections
from postroom.net.link import Link
from postroom.net.networks import Networks
from postroom.net.session import Peer
from postroom.proto.proxy import NoProxyHeader, ProxyHeader, read_proxy_header

HEADER_SECONDS = 5.0  # that a proxy has for its header: it knows it before it connects

Begin = Callable[[asyncio.BaseTransport, tuple[Peer, Peer] | None], Link]


class Proxied(Link):
    """Stands in for the real link until it is known who comes. `begin(transport, ends)` puts that in its place and starts it; ends None: the socket's."""

    __slots__ = ("_begin", "_connections", "_gathered", "_proxies", "_refused", "_timer")

    def __init__(
        self,
        proxies: Networks,
        begin: Begin,
        connections: Connections,
        refused: Callable[[str, str], None],
    ) -> None:
        super().__init__()
        self._proxies = proxies
        self._begin = begin
        self._connections = connections
        self._refused = refused
        self._gathered = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Lets everybody through but proxies, who have to say something first."""
        super().connection_made(transport)
        if self.peer.ip not in self._proxies:
            self._give_way(None)
            return
        self._connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(HEADER_SECONDS, self._late)

    def take(self, data: bytes) -> None:
        """Octets of the header, and perhaps more."""
        self._gathered += data
        try:
            header = read_proxy_header(self._gathered)
        except NoProxyHeader as error:
            self._turn_away(str(error))
            return
        if header is not None:
            rest = self._gathered[header.size :]
            self._gathered = b""
            link = self._give_way(_ends(header))
            if rest:
                link.data_received(rest)

    def ended(self) -> None:
        """The proxy gave up: a health check, as a rule."""
        self.abort()

    def lost(self, reason: str) -> None:
        """Gone before anything began."""
        del reason
        self._leave()

    def check(self, now: float) -> None:
        """Has a timer of its own."""

    def dismiss(self) -> None:
        """The service stops."""
        self.abort()

    def cancel(self) -> None:
        """The service stops at once."""
        self.abort()

    def _give_way(self, ends: tuple[Peer, Peer] | None) -> Link:
        transport = self._transport
        assert transport is not None
        self._transport = None
        self._leave()
        return self._begin(transport, ends)

    def _late(self) -> None:
        self._turn_away(f"no PROXY header came within {HEADER_SECONDS:g} seconds")

    def _turn_away(self, why: str) -> None:
        self._refused(self.peer.ip, why)
        self.abort()

    def _leave(self) -> None:
        self._connections.remove(self)
        if self._timer is not None:
            self._timer.cancel()


def _ends(header: ProxyHeader) -> tuple[Peer, Peer] | None:
    if header.ends is None:
        return None
    ends = header.ends
    return Peer(ends.source, ends.source_port), Peer(ends.target, ends.target_port)
