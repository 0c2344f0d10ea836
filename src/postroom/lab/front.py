"""The lab's own web server from its start to its end: what is imported late is what takes long, and mail need not wait for it.

Not here: who is heard (`lab.http_server`), what is answered (`lab.routes`).
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from postroom.app.logs import Log
from postroom.lab.plan import PAGE_OFFSET
from postroom.lab.running import Running

if TYPE_CHECKING:
    from postroom.lab.http_server import HttpServer


class Front:
    """The front of one lab. `server` is there as soon as it listens; `further` is where others are heard, too, "" for nowhere."""

    def __init__(self, running: Running, log: Log, further: str = "") -> None:
        self._further = further
        self._running = running
        self._log = log
        self.server: HttpServer | None = None

    @property
    def url(self) -> str:
        """Where the page is; "" before it has started."""
        return self.server.url if self.server is not None else ""

    async def start(self, base: int) -> None:
        """Listens, at any free port where the lab does. Raises `CannotListen`."""
        await asyncio.to_thread(import_module, "postroom.lab.routes")
        from postroom.lab.http_server import HttpServer
        from postroom.lab.routes import routes_of

        self.server = HttpServer(self._running.clock, routes_of(self._running), self._tell, self._further)
        await self.server.start(base + PAGE_OFFSET if base else 0)

    async def stop(self, grace: float) -> None:
        """Ends it; what is being answered has so many seconds."""
        if self.server is not None:
            await self.server.stop(grace)

    def _tell(self, error: BaseException) -> None:
        self._log.error("lab.fault", exc_info=error, error=str(error))
