"""The HTTP resources of JMAP as one ASGI application: session, API, and what families add (upload, download, events).

RFC 8620 §2.2 (well-known), §3.1 (API requests), §3.6.1 (problem details); RFC 7617 (Basic), RFC 6750 §2.1 (Bearer); RFC 9110 §8.4.1.3 (gzip).
One request a client has in the air at a time per
`maxConcurrentRequests`. Not here: connections, TLS and the limits of HTTP itself (`app`), and what methods do.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import gzip
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final
from weakref import WeakValueDictionary

from postroom.message.errors import AuthenticationFailed, MailError, NotPermitted, TooManyLogins
from postroom.proto.http.codings import takes_gzip
from postroom.proto.jmap import ijson
from postroom.proto.jmap.capabilities import KNOWN
from postroom.proto.jmap.errors import RequestError
from postroom.proto.jmap.request import Request, over, read
from postroom.serve.jmap.batch import perform
from postroom.serve.jmap.methods.call import JmapService, Visitor
from postroom.serve.jmap.methods.octets import apart
from postroom.serve.jmap.methods.sessions import API, SESSION, WELL_KNOWN, session_object
from postroom.store.login.login import Login

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"
_AS_HTTP: Final = {"ws": "http", "wss": "https"}
MAX_CREDENTIALS: Final = 4096  # octets of an Authorization field
WORTH_PACKING: Final = 1_400  # octets of a response: less is one packet anyway
_FASTEST: Final = 1  # of gzip's levels: a list of emails is a fifth of its size


class Exchange:
    """One HTTP request and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: str = scope.get("raw_path", self.path.encode()).decode("latin-1")
        self.query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            self.headers.setdefault(name.lower(), value)
        self.receive = receive
        self.begun = False  # whether the response has
        self._send = send

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """A piece of the response, as ASGI has it."""
        self.begun = True
        await self._send(message)

    @property
    def origin(self) -> str:
        """Scheme and authority under which the client has reached the server."""
        host = self.headers.get(b"host", b"localhost").decode("latin-1")
        scheme = str(self.scope.get("scheme", "http"))
        return f"{_AS_HTTP.get(scheme, scheme)}://{host}"

    @property
    def client(self) -> str:
        """The client's IP address."""
        return str((self.scope.get("client") or ("",))[0])

    async def body(self, most: int, limit: str) -> bytes:
        """The request's body, of at most so many octets; raises `RequestError` naming the limit."""
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:19]) > most:
            raise over(limit, f"at most {most} octets are taken")
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client is gone")
            piece = message.get("body", b"")
            size += len(piece)
            if size > most:
                raise over(limit, f"at most {most} octets are taken")
            pieces.append(piece)
            if not message.get("more_body"):
                return b"".join(pieces)

    async def answer(self, status: int, body: bytes = b"", kind: bytes = JSON, further: Headers = ()) -> None:
        """The whole response; as gzip, where that is worth it and taken."""
        if len(body) >= WORTH_PACKING and takes_gzip(
            self.headers.get(b"accept-encoding", b"").decode("latin-1")
        ):
            # no other site's page can have responses made and guess at secrets by their lengths
            body = await apart(len(body), gzip.compress, body, _FASTEST, mtime=0)
            further = [*further, (b"content-encoding", b"gzip")]
        headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-cache, no-store, must-revalidate"),
            (b"x-content-type-options", b"nosniff"),
            *further,
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def problem(self, error: RequestError, further: Headers = ()) -> None:
        """What is wrong with the request."""
        await self.answer(int(error.status), ijson.encode(error.problem()), PROBLEM, further)


Resource = Callable[["JmapApp", Exchange, Visitor], Awaitable[None]]


class JmapApp:
    """The application. `resources`: further ones by method and path; a path that ends with / stands for all below it."""

    def __init__(
        self, service: JmapService, resources: Mapping[tuple[str, str], Resource] = MappingProxyType({})
    ) -> None:
        self.service = service
        self.busy: Counter[int] = Counter()  # requests in the air, by account
        self.uploading: Counter[int] = Counter()  # uploads, likewise
        self.downloads: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()  # by account
        self.resources: dict[tuple[str, str], Resource] = {
            ("GET", WELL_KNOWN): _session,
            ("GET", SESSION): _session,
            ("POST", API): _api,
            **resources,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "websocket":
            scope, send = {**scope, "method": "WEBSOCKET"}, _refusing(send)
        elif scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        try:
            resource = self._find(exchange)
            visitor = await self._visitor(exchange)
            await resource(self, exchange, visitor)
        except RequestError as error:
            await exchange.problem(error, _challenge(error, exchange))
        except ConnectionError:
            pass  # nobody is there any more
        except MailError as error:
            await exchange.problem(unavailable(error))
        except Exception as error:
            if exchange.begun:
                raise
            self.service.tell(error)
            words = "a fault of this server; its log says more"
            await exchange.problem(RequestError("", words, HTTPStatus.INTERNAL_SERVER_ERROR))

    def begin(self, visitor: Visitor) -> None:
        """One more request of a user is in the air; raises `RequestError`."""
        most = self.service.limits.max_concurrent_requests
        if self.busy[visitor.account_id] >= most:
            raise over("maxConcurrentRequests", f"at most {most} requests at a time")
        self.busy[visitor.account_id] += 1

    def done(self, visitor: Visitor) -> None:
        """One less."""
        self.busy[visitor.account_id] -= 1
        if not self.busy[visitor.account_id]:
            del self.busy[visitor.account_id]

    def close(self) -> None:
        """The server stops: who listens is told to end."""
        self.service.audience.close()

    def _find(self, exchange: Exchange) -> Resource:
        method = "GET" if exchange.method == "HEAD" else exchange.method
        places = [exchange.path, *_folders(exchange.path)]
        for place in places:
            if (method, place) in self.resources:
                return self.resources[method, place]
        if any(path in places for _, path in self.resources):
            raise RequestError("", "this resource has another method", HTTPStatus.METHOD_NOT_ALLOWED)
        raise RequestError("", "there is nothing here", HTTPStatus.NOT_FOUND)

    async def _visitor(self, exchange: Exchange) -> Visitor:
        """Who asks; raises `RequestError` 401, 403 and 429."""
        try:
            login = await self._signed_in(exchange) or await self._login(exchange)
        except AuthenticationFailed as error:
            raise RequestError("", error.public, HTTPStatus.UNAUTHORIZED) from error
        except NotPermitted as error:
            raise RequestError("", error.public, HTTPStatus.FORBIDDEN) from error
        except TooManyLogins as error:
            raise RequestError("", error.public, HTTPStatus.TOO_MANY_REQUESTS) from error
        return Visitor(
            login.account_id,
            login.address,
            exchange.client,
            login.credential,
            login.expires,
            login.session,
            login.confirmed,
            exchange.origin,
            login.ground,
        )

    async def _signed_in(self, exchange: Exchange) -> Login | None:
        """Who has signed in with this browser."""
        browsers = self.service.browsers
        if browsers is None or b"authorization" in exchange.headers:
            return None
        return await browsers.login(exchange.scope, exchange.headers)

    async def _login(self, exchange: Exchange) -> Login:
        logins, ip = self.service.logins, exchange.client
        scheme, _, given = exchange.headers.get(b"authorization", b"")[:MAX_CREDENTIALS].partition(b" ")
        if scheme.lower() == b"bearer":
            return await logins.bearer("jmap", ip, "", given.strip().decode("latin-1"))
        if scheme.lower() == b"basic":
            return await logins.authenticate("jmap", ip, *_basic(given))
        words = "log in with a name and a password (Basic), or a token (Bearer)"
        raise RequestError("", words, HTTPStatus.UNAUTHORIZED)


def _basic(given: bytes) -> tuple[str, bytes]:
    """Name and password (RFC 7617 §2)."""
    try:
        name, colon, password = base64.b64decode(given.strip(), validate=True).partition(b":")
        username = name.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        words = "the credentials are not written as RFC 7617 has it"
        raise RequestError("", words, HTTPStatus.UNAUTHORIZED) from error
    if not colon:
        raise AuthenticationFailed
    return username, password


def _folders(path: str) -> list[str]:
    """The paths above one, longest first, each with its /."""
    levels = path.split("/")
    return ["/".join(levels[:size]) + "/" for size in range(len(levels) - 1, 1, -1)]


def unavailable(error: MailError) -> RequestError:
    """What is wrong with the whole server at the moment."""
    return RequestError("", error.public, HTTPStatus.SERVICE_UNAVAILABLE)


def _challenge(error: RequestError, exchange: Exchange) -> Headers:
    """What opens the door (RFC 7617 §2, RFC 6750 §3). To a page's own script Basic is not offered: the browser would put up its window."""
    if error.status != HTTPStatus.UNAUTHORIZED:
        return []
    schemes = [b'Bearer realm="Postroom"', b'Basic realm="Postroom", charset="UTF-8"']
    if exchange.headers.get(b"sec-fetch-mode", b"navigate") != b"navigate":
        schemes = [b'Session realm="Postroom"']
    return [(b"www-authenticate", scheme) for scheme in schemes]


async def _session(app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
    session = await session_object(app.service, visitor, exchange.origin)
    await exchange.answer(200, ijson.encode(session))


async def _api(app: JmapApp, exchange: Exchange, visitor: Visitor) -> None:
    limits = app.service.limits
    media_type = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != JSON:
        raise RequestError("notJSON", "the content type of a request is application/json")
    app.begin(visitor)
    try:
        raw = await exchange.body(limits.max_size_request, "maxSizeRequest")
        request = await apart(len(raw), read, raw, KNOWN, limits)
        told = await _performed(app, exchange, visitor, request)
    finally:
        app.done(visitor)
    await exchange.answer(200, ijson.encode(told))


async def answered(app: JmapApp, exchange: Exchange, visitor: Visitor, request: Request) -> dict[str, Any]:
    """The Response object for a request that came another way. Raises `RequestError`."""
    app.begin(visitor)
    try:
        return await _performed(app, exchange, visitor, request)
    except MailError as error:
        raise unavailable(error) from error
    finally:
        app.done(visitor)


async def _performed(app: JmapApp, exchange: Exchange, visitor: Visitor, request: Request) -> dict[str, Any]:
    state = (await session_object(app.service, visitor, exchange.origin))["state"]
    return await perform(app.service, visitor, request, state)


def _refusing(send: Send) -> Send:
    """For WebSockets: a response of HTTP is the refusal of the handshake."""

    async def refuse(message: MutableMapping[str, Any]) -> None:
        if message["type"].startswith("http.response."):
            message = {**message, "type": f"websocket.{message['type']}"}
        await send(message)

    return refuse
