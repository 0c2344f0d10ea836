"""The doors by which somebody comes into the web mail, shows once more that it is he, and leaves.

POST with JSON, and with the header of `browsers`: a form of another site can send neither. Either by password, with a one-time code where the account has
codes, or by passkey (W3C Web Authentication Level 3 §7.2). The answer to a wrong password is the one of every protocol, as are delays and history
(`store.login.login`). Not here: what a session may do (`serve.jmap`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from postroom.message.errors import AuthenticationFailed, MailError, NotPermitted, TooManyLogins
from postroom.store.login import passkey_proof
from postroom.store.login.login import CodeWanted, Login
from postroom.store.login.passkey_proof import PasskeyRefused, Shown
from postroom.store.vault import Vault
from postroom.web.browsers import Browsers, must_be_own_page, site_of
from postroom.web.cookies import keeps_secrets

ANYBODY: Final = 0  # a challenge for whoever has a passkey
_SECONDS = {"retry-after": "15"}
_CHALLENGE = {"www-authenticate": 'Session realm="Postroom"'}


class Logins(Protocol):
    """Who is let in. See `store.login.login.LoginPolicy`. Both raise `AuthenticationFailed`, `TooManyLogins` or another `MailError`."""

    async def sign_in(self, ip: str, username: str, password: bytes, code: str = "") -> Login:
        """By password; raises `CodeWanted` where a code must come with it."""

    async def by_passkey(self, ip: str, shown: Shown) -> Login:
        """By passkey."""


class Keys(msgspec.Struct, frozen=True):
    """What the doors are opened with. `now` gives unix microseconds."""

    logins: Logins
    vault: Vault
    now: Callable[[], int]


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an authenticator has answered, with the challenge as it was given out."""

    challenge: str
    response: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a sign-in: a name and a password, or a passkey."""

    username: str = ""
    password: str = ""
    code: str = ""
    passkey: Answered | None = None
    stay: bool = False


class SignIn:
    """The doors."""

    def __init__(self, browsers: Browsers, keys: Keys) -> None:
        self._browsers = browsers
        self._keys = keys

    async def enter(self, request: Request) -> Response:
        """POST /mail/sign-in: a cookie for whoever shows that it is he."""
        try:
            _must_be_safe(request)
            wanted = await _wanted(request)
            login = await self._known(request, wanted)
            cookie = await self._browsers.begin(request.scope, fields(request), login, stays=wanted.stay)
        except CodeWanted:
            return _code_wanted()
        except MailError as error:
            return _refusal(error)
        return JSONResponse({"username": login.address}, headers={"set-cookie": cookie})

    async def confirm(self, request: Request) -> Response:
        """POST /mail/confirm: who is signed in shows once more that it is he."""
        try:
            _must_be_safe(request)
            there = await self._signed_in(request)
            wanted = msgspec.structs.replace(await _wanted(request), username=there.address)
            login = await self._known(request, wanted)
            if login.account_id != there.account_id:
                raise NotPermitted("That is a passkey of another account")
            await self._browsers.confirm(there)
        except CodeWanted:
            return _code_wanted()
        except MailError as error:
            return _refusal(error)
        return JSONResponse({})

    async def challenge(self, request: Request) -> Response:
        """POST /mail/passkey: what an authenticator is to sign."""
        try:
            _must_be_safe(request)
        except NotPermitted as error:
            return _refusal(error)
        site = site_of(request.scope, fields(request))
        if not site.can:
            return JSONResponse({"message": "Passkeys need a host with a name, by https://"}, 404)
        made = passkey_proof.new_challenge(ANYBODY, self._keys.now())
        options = passkey_proof.request_options(made, site)
        return JSONResponse({"challenge": made.sealed(self._keys.vault), "options": options})

    async def leave(self, request: Request) -> Response:
        """POST /mail/sign-out: the session ends, here and now."""
        try:
            must_be_own_page(request.scope, fields(request))
            cookie = await self._browsers.end(request.scope, fields(request))
        except MailError as error:
            return _refusal(error)
        # what the browser has of the mail goes, too (https://www.w3.org/TR/clear-site-data/)
        headers = {"set-cookie": cookie, "clear-site-data": '"cache", "storage"'}
        return JSONResponse({}, headers=headers)

    async def _signed_in(self, request: Request) -> Login:
        try:
            login = await self._browsers.login(request.scope, fields(request))
        except AuthenticationFailed:  # another word than for a wrong password
            login = None
        if login is None:
            raise NotPermitted("You are not signed in here any more")
        return login

    async def _known(self, request: Request, wanted: Wanted) -> Login:
        logins, ip = self._keys.logins, _ip(request)
        if wanted.passkey is not None:
            return await logins.by_passkey(ip, self._shown(request, wanted.passkey))
        if not wanted.username or not wanted.password:
            raise NotPermitted("A sign-in has a name and a password, or a passkey")
        return await logins.sign_in(
            ip, wanted.username.strip(), wanted.password.encode(), wanted.code.strip()
        )

    def _shown(self, request: Request, given: Answered) -> Shown:
        site = site_of(request.scope, fields(request))
        try:
            challenge = passkey_proof.opened(given.challenge, self._keys.vault, ANYBODY, self._keys.now())
            return passkey_proof.shown(challenge, site, given.response)
        except PasskeyRefused as error:
            raise NotPermitted(f"That is no answer of a passkey: {error}") from error


def fields(request: Request) -> dict[bytes, bytes]:
    """A request's fields; of one that comes twice the first."""
    found: dict[bytes, bytes] = {}
    for name, value in request.headers.raw:
        found.setdefault(name.lower(), value)
    return found


def _must_be_safe(request: Request) -> None:
    must_be_own_page(request.scope, fields(request))
    if not keeps_secrets(request.scope):
        raise NotPermitted("Here only with https://: your password could be read on its way")


async def _wanted(request: Request) -> Wanted:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotPermitted("A sign-in is JSON")
    try:
        found = msgspec.json.decode(await request.body(), type=Wanted)
        found.password.encode()
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotPermitted(f"That is no sign-in: {error}") from error
    return found


def _ip(request: Request) -> str:
    return request.client.host if request.client else ""


def _code_wanted() -> Response:
    told = {"message": "Now the code that your authenticator shows", "codeWanted": True}
    return JSONResponse(told, 401, _CHALLENGE)


def _refusal(error: MailError) -> Response:
    told: dict[str, Any] = {"message": error.public}
    if isinstance(error, AuthenticationFailed):
        # a challenge there must be (RFC 9110 §15.5.2); of this one browsers make no window of their own
        return JSONResponse(told, 401, _CHALLENGE)
    if isinstance(error, TooManyLogins):
        return JSONResponse(told, 429, _SECONDS)
    if isinstance(error, NotPermitted):
        return JSONResponse(told, 403)
    return JSONResponse(told, 503, _SECONDS)
