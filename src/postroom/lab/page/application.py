"""The lab's page as an application: its files, what the lab is, and everything that happens as a stream of events.

HTML Living Standard §9.2 (server-sent events). What changes something has the header X-Postroom as well, which no form of another site can send. Not here: who is heard
(`lab.http_server`), what the page draws (`files`).
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from postroom.app.control import OperationError
from postroom.lab.page import signing_in
from postroom.lab.page.events import Events
from postroom.lab.page.files import PageFiles
from postroom.lab.page.first_mail import Letter, send
from postroom.lab.running import Running
from postroom.message.errors import NotPermitted
from postroom.web.answers import Refused
from postroom.web.browsers import must_be_own_page
from postroom.web.doors import nothing
from postroom.web.sign_in import fields

T = TypeVar("T")
ASKED: Final = frozenset(("clock", "faults.list", "faults.add", "faults.clear"))


class PageApp:
    """The application, an ASGI callable."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._events = Events(running.explained)
        files = PageFiles()
        doors = [
            Route("/page/lab", self._lab, methods=["GET"]),
            Route("/page/events", self._events.answer, methods=["GET"]),
            Route("/page/send", self._send, methods=["POST"]),
            Route("/page/sign-in", self._sign_in, methods=["POST"]),
            Route("/page/ask/{operation}", self._ask, methods=["POST"]),
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

    async def _lab(self, request: Request) -> Response:
        """GET /page/lab: what `postroom lab --json` prints, what the page can ask for, and whether it may sign in with one click."""
        asked = sorted(ASKED & self._running.control.operations)
        offered = signing_in.offered(request.scope)
        return JSONResponse({**self._running.describe(), "asked": asked, "signIn": offered})

    async def _send(self, request: Request) -> Response:
        """POST /page/send: a letter is sent."""
        letter = await _body(request, Letter, "that is no letter")
        return JSONResponse(await send(self._running, letter))

    async def _sign_in(self, request: Request) -> Response:
        """POST /page/sign-in: the browser is signed in to the web mail of one of the lab's people."""
        wanted = await _body(request, signing_in.Wanted, "that names nobody")
        return await signing_in.sign_in(self._running, request, wanted)

    async def _ask(self, request: Request) -> Response:
        """POST /page/ask/OPERATION: what `postroom lab` asks of the running lab, for the clock and the faults."""
        operation = request.path_params["operation"]
        if operation not in ASKED:
            raise Refused(404, f"the page does not ask for {operation}")
        arguments = await _body(request, dict[str, Any], "these are no arguments")
        try:
            return JSONResponse(await self._running.control.ask(operation, arguments))
        except OperationError as error:
            raise Refused(422, str(error)) from error


async def _body(request: Request, kind: type[T], otherwise: str) -> T:
    """What a request of our own page says; `otherwise` are words for one that says something else."""
    try:
        must_be_own_page(request.scope, fields(request))
    except NotPermitted as error:
        raise Refused(403, error.public) from error
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, f"{otherwise}: {error}") from error


def page_app(running: Running) -> PageApp:
    """The page of a lab."""
    return PageApp(running)
