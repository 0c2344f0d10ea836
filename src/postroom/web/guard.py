"""What stands before every application of a server: which requests are heard at all, and what every response says for safety's sake.

RFC 9112 §6.3 (a request with two framings is refused), §3.2.2 (a target may name the host itself, and then the Host field says nothing), RFC 9110 §7.2 (a host that is not ours is nobody's here), §15.5.14 (413), §15.5.16 (415),
RFC 6797 §7 (plain HTTP leads to HTTPS, which says that it stays so), RFC 6265bis §8.8 (a cookie is no proof of who asks: requests of other sites with
one are refused). Not here: any page.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Mapping
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postroom.web.answers import Refused
from postroom.web.cookies import keeps_secrets

MAX_FIELDS = 32 * 1024  # octets of a request's target and fields together
MAX_BODY = 64 * 1024  # octets of a body, where an application asks for no more
CHALLENGES = "/.well-known/acme-challenge/"
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/]+)(/.*)?")  # without its query: ASGI has that apart

# For responses that say nothing else: nothing may be loaded, framed, guessed or told.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
)
_STAY = "max-age=31536000"


class Mount(msgspec.Struct, frozen=True):
    """An application and where it stands: a path (`/jmap`, also all below it). Its requests may have bodies of so many octets."""

    path: str
    app: ASGIApp
    most_body: int = MAX_BODY


class Rules(msgspec.Struct, frozen=True):
    """How a server hears requests.

    `hears` says whether a host's name (small letters, without a port) is one of its own. `https` gives the port to which plain HTTP leads, 0 when it
    leads nowhere; `now` gives unix microseconds; `loopback_plain` lets this machine's own requests stay in the clear, and asks no browser to remember that there is HTTPS (a lab's). `cookies_alone` false: what other sites ask to change is
    refused without a cookie, too, for a server that knows nobody by anything.
    """

    hears: Callable[[str], Awaitable[bool]]
    https: Callable[[], int]
    now: Callable[[], int]
    loopback_plain: bool = False
    cookies_alone: bool = True


class Guard:
    """An ASGI application in front of others: those of `mounts` by their paths, and `rest` for all other paths."""

    def __init__(self, rules: Rules, mounts: tuple[Mount, ...], rest: ASGIApp) -> None:
        self._rules = rules
        self._mounts = mounts
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hears one request."""
        if scope["type"] in ("http", "websocket"):
            scope = _in_origin_form(scope)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        secure = self._secured(scope, send)
        body = _Body(receive, self._mount_of(scope["path"]))
        try:
            headers = Headers(scope=scope)
            _check_framing(scope, headers)
            body.expect(headers)
            if not scope["path"].startswith(CHALLENGES):
                host = await self._host(headers)
                if self._leads_away(scope):
                    await self._redirect(scope, host)(scope, receive, secure)
                    return
                _check_secrecy(scope, headers)
                if "cookie" in headers or not self._rules.cookies_alone:
                    _check_origin(scope, headers)
            await body.mount.app(scope, body.receive, secure)
        except Refused as refused:
            await refused.response()(scope, receive, secure)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hears one handshake of a WebSocket (RFC 6455 §10.2: pages of other sites may not open one)."""

        async def refusing(message: Message) -> None:
            await send({**message, "type": f"websocket.{message['type']}"})

        try:
            headers = Headers(scope=scope)
            _check_framing(scope, headers)
            await self._host(headers)
            if self._leads_away(scope):
                raise Refused(403, "Here only with wss://: what you send could be read on its way")
            _check_secrecy(scope, headers)
            origin = headers.get("origin")
            if origin is not None and origin.lower() != _own_origin(scope, headers):
                raise Refused(403, "Another site may not speak in your name")
            app = self._mount_of(scope["path"]).app
            await app(scope, receive, self._secured(scope, send))
        except Refused as refused:
            answer = refused.response()
            await answer({**scope, "type": "http", "method": "GET"}, receive, self._secured(scope, refusing))

    def _mount_of(self, path: str) -> Mount:
        for mount in self._mounts:
            if path == mount.path or path.startswith(f"{mount.path}/"):
                return mount
        return Mount("", self._rest)

    async def _host(self, headers: Headers) -> str:
        host = host_name(headers.get("host", ""))
        if not host:
            raise Refused(400, "A request names its host")
        if not await self._rules.hears(host):
            raise Refused(403, "This server has no such host")
        return host

    def _leads_away(self, scope: Scope) -> bool:
        if scope["scheme"] in ("https", "wss") or not self._rules.https():
            return False
        return not (self._rules.loopback_plain and _is_loopback(scope))

    def _redirect(self, scope: Scope, host: str) -> ASGIApp:
        if scope["method"] not in _SAFE:
            raise Refused(403, "Here only with https://: what you sent could be read on its way")
        port = self._rules.https()
        named = f"[{host}]" if ":" in host else host  # in a URL an IPv6 address has brackets
        where = named if port == 443 else f"{named}:{port}"
        path = scope["raw_path"].decode("ascii")
        query = scope["query_string"].decode("ascii")
        if not path.startswith("/"):
            raise Refused(400, "A path begins with /")
        return RedirectResponse(f"https://{where}{path}{'?' * bool(query)}{query}", 308)

    def _secured(self, scope: Scope, send: Send) -> Send:
        async def secured(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] in ("https", "wss") and not self._rules.loopback_plain:
                    headers.setdefault("strict-transport-security", _STAY)
                at = dt.datetime.fromtimestamp(self._rules.now() // 1_000_000, dt.UTC)
                headers.setdefault("date", format_datetime(at, usegmt=True))
            await send(message)

        return secured


class _Body:
    """A request's body, up to what its application takes."""

    def __init__(self, receive: Receive, mount: Mount) -> None:
        self._receive = receive
        self.mount = mount
        self._came = 0

    def expect(self, headers: Headers) -> None:
        """Raises `Refused` when the request says itself that it is too large."""
        if int(headers.get("content-length", "0")) > self.mount.most_body:  # digits, as h11 has seen to
            raise self._too_large()

    async def receive(self) -> Message:
        """As ASGI's; raises `Refused` when too much has come."""
        message = await self._receive()
        self._came += len(message.get("body", b""))
        if self._came > self.mount.most_body:
            raise self._too_large()
        return message

    def _too_large(self) -> Refused:
        return Refused(413, f"At most {self.mount.most_body} octets are taken here", last=True)


def host_name(field: str) -> str:
    """The name or address in a Host field, in small letters, without port, brackets and a final dot; "" for what is none."""
    try:
        name = urlsplit(f"//{field}").hostname or ""
    except ValueError:
        return ""
    return "" if set(field) & set("/?#@\\") else name.removesuffix(".")


def _check_framing(scope: Scope, headers: Headers) -> None:
    fields = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    if fields + len(scope["raw_path"]) + len(scope["query_string"]) > MAX_FIELDS:
        raise Refused(431, f"A request's fields have at most {MAX_FIELDS} octets here", last=True)
    if "transfer-encoding" in headers and "content-length" in headers:
        raise Refused(400, "A body has one length: Content-Length or Transfer-Encoding", last=True)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, "Send it as it is: Content-Encoding is not taken here", last=True)


def _check_secrecy(scope: Scope, headers: Headers) -> None:
    """Where HTTPS is not served, too, passwords and tokens are not taken from afar in the clear (RFC 6750 §5.3, RFC 7617 §4)."""
    if "authorization" in headers and not keeps_secrets(scope):
        raise Refused(403, "Log in only with https://: your password could be read on its way")


def _in_origin_form(scope: Scope) -> Scope:
    """A request whose target is a whole URL, as the one that it means."""
    found = _ABSOLUTE.fullmatch(scope["raw_path"])
    if found is None:
        return scope
    host, path = found[1], found[2] or b"/"
    headers = [(b"host", host), *(one for one in scope["headers"] if one[0] != b"host")]
    return {**scope, "path": unquote(path.decode("ascii")), "raw_path": path, "headers": headers}


def _check_origin(scope: Scope, headers: Headers) -> None:
    """A browser adds cookies to requests that another site made; such a request may look, and do nothing."""
    if scope["method"] in _SAFE:
        return
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    if site not in ("same-origin", "none") or (origin is not None and origin != _own_origin(scope, headers)):
        raise Refused(403, "Another site may not ask for that in your name")


def _own_origin(scope: Scope, headers: Headers) -> str:
    scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
    return f"{scheme}://{headers.get('host', '').lower()}"


def _is_loopback(scope: Scope) -> bool:
    client: Any = scope.get("client")
    ip = str(client[0]) if client else ""
    return ip == "::1" or ip.startswith("127.")
