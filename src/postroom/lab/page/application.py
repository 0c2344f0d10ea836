"""The lab's page as an application: its files, what the lab is, and everything that happens as a stream of events.

HTML Living Standard §9.2 (server-sent events). What changes something has the header X-Postroom as well, which no form of another site can send. Not here: who is heard
(`lab.http_server`), what the page draws (`files`).
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from postroom.lab.page.events import Events
from postroom.lab.page.files import PageFiles
from postroom.lab.running import Running
from postroom.web.doors import nothing


class PageApp:
    """The application, an ASGI callable."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._events = Events(running.feed)
        files = PageFiles()
        doors = [
            Route("/page/lab", self._lab, methods=["GET"]),
            Route("/page/events", self._events.answer, methods=["GET"]),
            Route("/", files.answer, methods=["GET"]),
            Route("/page/{name}", files.answer, methods=["GET"]),
        ]
        self._router = Router(doors, default=nothing, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        await self._router(scope, receive, send)

    def dismiss(self) -> None:
        """Ends the streams."""
        self._events.dismiss()

    async def _lab(self, _request: Request) -> Response:
        """GET /page/lab: what `postroom lab --json` prints."""
        described: Any = self._running.describe()
        return JSONResponse(described)


def page_app(running: Running) -> PageApp:
    """The page of a lab."""
    return PageApp(running)
