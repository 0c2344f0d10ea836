"""The lab's own HTTP server: one port of this machine alone, behind which its applications stand (`lab.routes` has the table).

RFC 9112, on the connections, limits and deadlines of every service of ours. Nobody signs in here: who is on this machine may. So a request must name this machine as its host
(RFC 9110 §7.2: a foreign name that leads here is refused), and one that changes something must not come from another site's page (Fetch Metadata, Origin).
Not here: what is answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from postroom.lab.routes import Routes
from postroom.net import sockets
from postroom.net.clock import Clock
from postroom.net.connections import Connections
from postroom.net.http import HttpService, HttpSession
from postroom.net.listener import Door, Listener
from postroom.net.pump import Endpoint
from postroom.web.guard import Guard, Rules
from postroom.web.hosts import LOOPBACK
from postroom.wire.ip import is_address

HOST = "127.0.0.1"


class HttpServer:
    """Answers by `routes`. `port` is 0 until it was started; `on_error` is told of every fault of ours.

    `further` is an address of this machine at which others are heard, "" for none.
    """

    def __init__(
        self, clock: Clock, routes: Routes, on_error: Callable[[BaseException], None], further: str = ""
    ) -> None:
        rules = Rules(_hears_others if further else _hears, lambda: 0, clock.now, cookies_alone=False)
        self._hosts = tuple(filter(None, (HOST, further)))
        self._routes = routes
        self._connections = Connections(clock.monotonic)
        self._on_error = on_error
        self._service = HttpService(Guard(rules, routes.mounts, routes.rest), clock.monotonic, on_error)
        self._listeners: list[Listener] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where its front page is."""
        return f"http://{HOST}:{self.port}/"

    async def start(self, port: int) -> None:
        """Listens, at any free port for 0. Raises `CannotListen`."""
        door = Door(Endpoint(lambda: HttpSession(self._service), self._connections, self._on_error))
        self._listeners = [Listener(one, door) for one in sockets.tcp(self._hosts, port)]
        for listener in self._listeners:
            await listener.start()
            self.port = listener.port

    async def stop(self, grace: float) -> None:
        """Accepts nobody, ends what would go on for ever, and gives the rest so many seconds."""
        await asyncio.gather(*(listener.stop() for listener in self._listeners))
        self._routes.dismiss()
        await self._connections.drain(grace)
        await self._service.stop()


async def _hears(host: str) -> bool:
    return host in LOOPBACK


async def _hears_others(host: str) -> bool:
    """Besides, addresses and names without a dot (a container's): a page elsewhere cannot have such a name lead here, as it can with its own."""
    return host in LOOPBACK or "." not in host or is_address(host)
