"""The interface as an application: a request finds its operation, its values are checked, what comes of it is JSON.

RFC 9110 §15, RFC 9457. Changes are asked for in JSON, which no form of another site can send, and nothing is allowed to other sites' pages. Not here: the
operations (`lab.api.table`), who is heard (`lab.http_server`).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from postroom.lab.api.desk import Call, Desk, Octets, Operation
from postroom.lab.api.openapi import document
from postroom.lab.api.problems import Problem, not_found, unfit
from postroom.lab.api.table import OPERATIONS, VERSION
from postroom.lab.running import Running
from postroom.web.answers import Refused

MOUNTS: Final = ("/api", "/livez", "/readyz")
_DOCUMENT: Final = f"{VERSION}/openapi.json"
_JSON: Final = "application/json"
# A file of a message is shown by nobody as a page of ours.
_SANDBOX: Final = "default-src 'none'; sandbox"


class ApiApp:
    """The application, an ASGI callable."""

    def __init__(self, running: Running) -> None:
        self._desk = Desk(running)
        paths = dict.fromkeys(operation.path for operation in OPERATIONS)
        doors = [Route(path, _Door(self._desk, _at(path))) for path in paths]
        self._router = Router([*doors, Route(_DOCUMENT, _document)], default=_nothing, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            await self._router(scope, receive, send)
        except Refused as refused:
            problem = Problem(HTTPStatus(refused.status), "refused", str(refused))
            await problem.response({"connection": "close"} if refused.last else None)(scope, receive, send)
        except Problem as problem:
            await problem.response()(scope, receive, send)

    def dismiss(self) -> None:
        """Ends what waits."""
        self._desk.dismiss()


class _Door:
    """What stands at one path: an operation for each method."""

    def __init__(self, desk: Desk, operations: Mapping[str, Operation]) -> None:
        self._desk = desk
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        operation = self._operations.get(method)
        if operation is None:
            allowed = ", ".join(self._operations)
            problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method", f"here is {allowed}")
            await problem.response({"allow": allowed})(scope, receive, send)
            return
        call = await _call(operation, Request(scope, receive))
        answer = _answer(operation, await operation.run(self._desk, call))
        await answer(scope, receive, send)


async def _call(operation: Operation, request: Request) -> Call:
    try:
        query = operation.query and msgspec.convert(
            _once(request.query_params), operation.query, strict=False
        )
        body = operation.body and await _body(request, operation.body)
    except msgspec.ValidationError as error:
        raise unfit(str(error)) from error
    return Call(request.path_params, query, body)


def _once(asked: QueryParams) -> dict[str, str]:
    """What a query says. Raises `Problem` for what it says twice."""
    once: dict[str, str] = {}
    for name, value in asked.multi_items():
        if name in once:
            raise unfit(f"{name!r} is in the query twice: say it once")
        once[name] = value
    return once


async def _body(request: Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if named != _JSON:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "no-json", f"send it as {_JSON}")
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "no-json", f"the body is no JSON: {error}") from error


def _answer(operation: Operation, result: Any) -> Response:
    if operation.status == HTTPStatus.NO_CONTENT:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    if isinstance(result, Octets):
        headers = {
            "content-disposition": f'attachment; filename="{result.name}"',
            "content-security-policy": _SANDBOX,
            "content-type": result.media_type,
        }
        return Response(result.content, operation.status, headers)
    return Response(msgspec.json.encode(result), operation.status, media_type=_JSON)


def _at(path: str) -> dict[str, Operation]:
    return {operation.method: operation for operation in OPERATIONS if operation.path == path}


async def _document(_request: Request) -> Response:
    """GET: what this module says of itself."""
    return Response(msgspec.json.encode(document()), media_type=_JSON)


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise not_found(f"there is nothing here; {_DOCUMENT} says what there is")


def api_app(running: Running) -> ApiApp:
    """The interface of a lab."""
    return ApiApp(running)
