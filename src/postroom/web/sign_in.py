"""The two doors by which somebody comes into the web mail and leaves it.

POST with JSON, and with the header of `browsers`: a form of another site can send neither. The answer to a wrong password is the one of every
protocol, as are delays and history (`store.login`). Not here: what a session may do (`serve.jmap`).
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from postroom.message.errors import AuthenticationFailed, MailError, NotPermitted, TooManyLogins
from postroom.store.login import Login
from postroom.web.browsers import Browsers, must_be_own_page
from postroom.web.cookies import may_have_one

PROTOCOL = "web"  # what an app password must be for, and what the history of logins says
_SECONDS = {"retry-after": "15"}


class Passwords(Protocol):
    """Checks names and passwords. See `store.login.LoginPolicy`."""

    async def authenticate(self, protocol: str, ip: str, username: str, password: bytes) -> Login:
        """Raises `AuthenticationFailed`, `TooManyLogins` or another `MailError`."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a sign-in."""

    username: str
    password: str
    stay: bool = False


class SignIn:
    """The doors."""

    def __init__(self, browsers: Browsers, passwords: Passwords) -> None:
        self._browsers = browsers
        self._passwords = passwords

    async def enter(self, request: Request) -> Response:
        """POST /mail/sign-in: a cookie for a name and a password."""
        try:
            must_be_own_page(request.scope, fields(request))
            if not may_have_one(request.scope):
                raise NotPermitted("Here only with https://: your password could be read on its way")
            wanted = await _wanted(request)
            login = await self._passwords.authenticate(
                PROTOCOL, _ip(request), wanted.username.strip(), wanted.password.encode()
            )
        except MailError as error:
            return _refusal(error)
        cookie = await self._browsers.begin(request.scope, fields(request), login, stays=wanted.stay)
        return JSONResponse({"username": login.address}, headers={"set-cookie": cookie})

    async def leave(self, request: Request) -> Response:
        """POST /mail/sign-out: the session ends, here and now."""
        try:
            must_be_own_page(request.scope, fields(request))
        except NotPermitted as error:
            return _refusal(error)
        cookie = await self._browsers.end(request.scope, fields(request))
        # what the browser has of the mail goes, too (https://www.w3.org/TR/clear-site-data/)
        headers = {"set-cookie": cookie, "clear-site-data": '"cache", "storage"'}
        return JSONResponse({}, headers=headers)


def fields(request: Request) -> dict[bytes, bytes]:
    """A request's fields; of one that comes twice the first."""
    found: dict[bytes, bytes] = {}
    for name, value in request.headers.raw:
        found.setdefault(name.lower(), value)
    return found


async def _wanted(request: Request) -> Wanted:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotPermitted("A sign-in is JSON")
    try:
        found = msgspec.json.decode(await request.body(), type=Wanted)
        found.password.encode()
    except (msgspec.DecodeError, UnicodeError) as error:
        raise NotPermitted(f"That is no sign-in: {error}") from error
    return found


def _ip(request: Request) -> str:
    return request.client.host if request.client else ""


def _refusal(error: MailError) -> Response:
    told: dict[str, Any] = {"message": error.public}
    if isinstance(error, AuthenticationFailed):
        # a challenge there must be (RFC 9110 §15.5.2); of this one browsers make no window of their own
        return JSONResponse(told, 401, {"www-authenticate": 'Session realm="Postroom"'})
    if isinstance(error, TooManyLogins):
        return JSONResponse(told, 429, _SECONDS)
    if isinstance(error, NotPermitted):
        return JSONResponse(told, 403)
    return JSONResponse(told, 503, _SECONDS)
