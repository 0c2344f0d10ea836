"""What goes wrong with the web of a lab's server: requests that are answered by an error, late, slowly or never, and methods of JMAP that fail.

RFC 9110 §15.6.4 (503), RFC 8620 §3.6.2 (errors of methods). An application in front of the server's own; the errors of methods are said where methods are called.
Not here: connections (`lab.faults.guest`), which rule has its turn.
"""

from __future__ import annotations

import fnmatch
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from postroom.lab.faults.guest import Trouble
from postroom.lab.faults.rules import FaultRule
from postroom.lab.faults.stages import AS_ASKED
from postroom.net.session import Peer
from postroom.proto.jmap.errors import MethodError
from postroom.serve.jmap.methods.sessions import API

if TYPE_CHECKING:
    from postroom.net.http import Application

MOST_READ: Final = (
    10 << 20
)  # octets of a request that are looked at for its methods: servers take no more of them
_ENDS: Final = frozenset({"http.disconnect"})


class FaultyWeb:
    """An application in front of `app`, the web of a domain's server."""

    def __init__(self, app: Application, trouble: Trouble, domain: str) -> None:
        self._app = app
        self._trouble = trouble
        self._domain = domain

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request, in its way."""
        if scope["type"] != "http" or not self._trouble.rules.any_at("http", "jmap"):
            await self._app(scope, receive, send)
            return
        body = b""
        if scope["method"] == "POST" and scope["path"] == API:
            body, receive = await _read(receive)
        rule = self._turn(scope, _methods(body))
        far = scope.get("client")
        guest = self._trouble.of(Peer(*far)) if far else None
        if rule is None or guest is None:
            await self._app(scope, receive, send)
            return
        await self._trouble.clock.sleep(rule.delay)
        if rule.drop:
            guest.cut()
            while (await receive())["type"] not in _ENDS:
                pass
            return
        guest.pace = rule.drip
        if rule.reply:
            await _refuse(rule.reply, send)
        else:
            await self._app(scope, receive, send)
        guest.settle()

    def _turn(self, scope: Any, methods: list[str]) -> FaultRule | None:
        service = "https" if scope["scheme"] in ("https", "wss") else "http"

        def fits(rule: FaultRule) -> bool:
            if rule.protocol == "jmap" or not rule.serves(service):
                return False  # an error of one method is said in its place
            if rule.stage == "jmap":
                return any(fnmatch.fnmatchcase(method, rule.called) for method in methods)
            return rule.stage == "http" and fnmatch.fnmatchcase(scope["path"], rule.called)

        return self._trouble.rules.first(self._domain, fits)


async def before_method(trouble: Trouble, domain: str, name: str) -> None:
    """A method is about to be called; raises `MethodError`."""

    def fits(rule: FaultRule) -> bool:
        return rule.stage == rule.protocol == "jmap" and fnmatch.fnmatchcase(name, rule.called)

    rule = trouble.rules.first(domain, fits)
    if rule is not None:
        await trouble.clock.sleep(rule.delay)
        kind, _, words = rule.reply.partition(" ")
        raise MethodError(kind, words or AS_ASKED)


async def _refuse(reply: str, send: Any) -> None:
    code, _, words = reply.partition(" ")
    status = int(code)
    known = status in {one.value for one in HTTPStatus}
    title = words or (HTTPStatus(status).phrase if known else "")
    problem = {"type": "about:blank", "status": status, "title": title, "detail": AS_ASKED}
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})


async def _read(receive: Any) -> tuple[bytes, Any]:
    """The body of a request, as far as it is looked at, and what gives all of it."""
    messages: list[Any] = []
    size = 0
    while not messages or (messages[-1].get("more_body") and size <= MOST_READ):
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
        if messages[-1]["type"] in _ENDS:
            break
    body = b"".join(message.get("body", b"") for message in messages)

    async def again() -> Any:
        return messages.pop(0) if messages else await receive()

    return body, again


def _methods(body: bytes) -> list[str]:
    """The names of the methods that a request calls."""
    try:
        return [str(call[0]) for call in json.loads(body)["methodCalls"]] if body else []
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
