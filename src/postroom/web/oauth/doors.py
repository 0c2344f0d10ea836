"""The authorization server's doors: metadata, registration, the pages, tokens.

RFC 8414 §3 (metadata; the issuer is the origin under which the server was asked), RFC 9728 §3 (the resource's), RFC 7591 §3, RFC 6749 §3, RFC 8628
§3, RFC 7009 §2. A form's answer is 303 (RFC 9700 §4.12). Not here: what is decided (`asking`, `granting`), who the user is (`store.login.login`).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from postroom.message.errors import AuthenticationFailed, MailError
from postroom.store.engine.transaction import Urgency
from postroom.store.identity import grants
from postroom.store.identity.browser_sessions import CONFIRMED_FOR
from postroom.store.identity.grants import Grant
from postroom.store.login import device_requests
from postroom.store.login.login import CodeWanted, Login, LoginPolicy
from postroom.web.browsers import Browsers
from postroom.web.cookies import keeps_secrets
from postroom.web.oauth import asking, granting, pages
from postroom.web.oauth.asking import Asked, Misdirected, Redirected, issuer_of
from postroom.web.oauth.clients import register
from postroom.web.oauth.errors import OAuthError
from postroom.web.oauth.granting import DEVICE_CODE, Issuing
from postroom.web.oauth.scopes import SCOPES
from postroom.web.sign_in import fields

AUTHORIZE: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/token"
METADATA: Final = "/.well-known/oauth-authorization-server"
MOST_FIELDS: Final = 40  # of a form or query


def routes(issuing: Issuing, logins: LoginPolicy, browsers: Browsers) -> Sequence[Route]:
    """All of them."""
    desk = _Desk(issuing, logins, browsers)
    return (
        Route(METADATA, _metadata),
        Route("/.well-known/oauth-protected-resource", _resource),
        Route(AUTHORIZE, _shown(desk.authorize)),
        Route(AUTHORIZE, _shown(desk.decide), methods=["POST"]),
        Route("/oauth/device", _shown(desk.connect)),
        Route("/oauth/device", _shown(desk.decide), methods=["POST"]),
        Route("/oauth/register", desk.register, methods=["POST"]),
        Route("/oauth/device_authorization", desk.device, methods=["POST"]),
        Route(TOKEN, desk.token, methods=["POST"]),
        Route("/oauth/revoke", desk.revoke, methods=["POST"]),
    )


class _Desk:
    def __init__(self, issuing: Issuing, logins: LoginPolicy, browsers: Browsers) -> None:
        self._issuing = issuing
        self._logins = logins
        self._browsers = browsers

    async def authorize(self, request: Request) -> Response:
        """The page in which a user allows what a program asks."""
        given = _fields(request.url.query)
        try:
            asked = asking.read(given, self._issuing.vault, issuer_of(request), self._issuing.now())
        except Redirected as error:
            return _redirect(error.url)
        return await self._first_page(asked, request, given.get("login_hint", "")[:320])

    async def connect(self, request: Request) -> Response:
        """The page for a code that a device shows."""
        typed = request.query_params.get("user_code", "")
        if not typed:
            return _page(pages.device())
        now = self._issuing.now()
        found = await device_requests.find(self._issuing.engine.reading(), typed, now)
        if found is None:
            words = "No device waits with this code: has it shown a new one?"
            return _page(pages.device(user_code=typed[:40], wrong=words), 404)
        until = now + asking.FORM_SECONDS * 1_000_000
        wish, shown = found.wish, device_requests.shown(found.user_code)
        return await self._first_page(
            Asked(wish.client, wish.label, wish.scopes, until, user_code=shown), request
        )

    async def decide(self, request: Request) -> Response:
        """What the user has decided."""
        given = await _form(request)
        asked = asking.opened(given.get("request", ""), self._issuing.vault, self._issuing.now())
        if asked.session and given.get("decision") == "other":
            return self._consent(msgspec.structs.replace(asked, session=b""))
        if given.get("decision") != "allow":
            return await self._refuse(asked, request)
        if asked.session:
            return await self._of_session(asked, request)
        username, code = given.get("username", "")[:320], given.get("code", "").strip()
        password = given.get("password", "").encode("utf-8", "surrogatepass")
        try:
            login = await self._logins.sign_in(_client_ip(request), username, password, code)
        except CodeWanted:
            words = "Now type your password again, and the code that your authenticator shows."
            return self._consent(asked, username=username, wrong=words, code_wanted=True)
        except AuthenticationFailed:
            words = f"The address{', the password or the code' if code else ' or the password'} is wrong."
            return self._consent(asked, username=username, wrong=words, code_wanted=bool(code), status=403)
        except MailError as error:
            return self._consent(
                asked, username=username, wrong=f"{error.public}.", code_wanted=bool(code), status=503
            )
        return await self._allow(asked, login, request)

    async def register(self, request: Request) -> Response:
        """A program makes itself known."""
        return await _json(lambda: _made(register, request, self._issuing), status=201)

    async def device(self, request: Request) -> Response:
        """A device begins to wait."""
        issuer, ip = issuer_of(request), _client_ip(request)
        return await _json(
            lambda: _posted(request, lambda given: granting.device(self._issuing, given, ip, issuer))
        )

    async def token(self, request: Request) -> Response:
        """Tokens for a code, a refresh token, or a device."""
        return await _json(lambda: _posted(request, lambda given: granting.token(self._issuing, given)))

    async def revoke(self, request: Request) -> Response:
        """The end of a token."""

        async def work(given: Mapping[str, str]) -> dict[str, object]:
            await granting.revoke(self._issuing, given)
            return {}

        return await _json(lambda: _posted(request, work))

    async def _first_page(self, asked: Asked, request: Request, username: str = "") -> Response:
        """For who has signed in with this browser, and shown lately that it is he, without a password."""
        there = await self._browsers.seen(request.scope, fields(request))
        if there is None or (username and username.lower() != there.address.lower()):
            return self._consent(asked, username=username)
        if self._issuing.now() - there.confirmed >= CONFIRMED_FOR:
            return self._consent(asked, username=there.address)
        asked = msgspec.structs.replace(asked, session=there.session_hash)
        return self._consent(asked, signed_in=there.address)

    async def _of_session(self, asked: Asked, request: Request) -> Response:
        """The form was made for one browser and one account, and counts nowhere else; a foreign page cannot read it (`guard` looks at its Origin, too)."""
        there = await self._browsers.seen(request.scope, fields(request))
        late = there is None or self._issuing.now() - there.confirmed >= CONFIRMED_FOR
        if there is None or late or not hmac.compare_digest(there.session_hash, asked.session):
            words = "Show that it is you."
            return self._consent(msgspec.structs.replace(asked, session=b""), wrong=words, status=403)
        return await self._allow(asked, Login(there.account_id, there.address), request)

    def _consent(self, asked: Asked, *, status: int = 200, **words: Any) -> Response:
        sealed = asked.sealed(self._issuing.vault)
        return _page(pages.consent(asked, sealed, pages.Form(**words)), status, asked)

    async def _allow(self, asked: Asked, login: Login, request: Request) -> Response:
        issuing, now = self._issuing, self._issuing.now()
        if asked.user_code:
            there = await issuing.engine.write(
                lambda tx: device_requests.decide(tx, asked.user_code, login.account_id, now), Urgency.CLIENT
            )
            words = (
                f"{asked.name} is connected: go back to it."
                if there
                else "The device does not wait any more."
            )
            return _page(pages.told("Done" if there else "Too late", words))
        grant = Grant(
            login.account_id,
            issuing.new_id(),
            asked.client,
            asked.name,
            asked.scopes,
            now,
            challenge=asked.challenge,
        )
        code = await issuing.engine.write(lambda tx: grants.allow(tx, grant), Urgency.CLIENT)
        return _redirect(asking.allowed(asked, code, issuer_of(request)))

    async def _refuse(self, asked: Asked, request: Request) -> Response:
        if not asked.user_code:
            return _redirect(asking.denied(asked, issuer_of(request)))
        now = self._issuing.now()
        # Whoever knows the code alone may stop a device, but not allow it.
        await self._issuing.engine.write(
            lambda tx: device_requests.decide(tx, asked.user_code, None, now), Urgency.CLIENT
        )
        return _page(pages.told("Refused", f"{asked.name} gets nothing."))


def _shown(work: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A door for people: what cannot be done is told on a page."""

    async def answer(request: Request) -> Response:
        try:
            return await work(request)
        except (Misdirected, OAuthError) as error:
            return _page(pages.told("This cannot go on", str(error)), 400)
        except MailError as error:
            return _page(pages.told("Not now", f"{error.public}."), 503)

    return answer


async def _metadata(request: Request) -> Response:
    issuer = issuer_of(request)
    return JSONResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}{AUTHORIZE}",
            "token_endpoint": f"{issuer}{TOKEN}",
            "registration_endpoint": f"{issuer}/oauth/register",
            "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


async def _resource(request: Request) -> Response:
    issuer = issuer_of(request)
    return JSONResponse(
        {
            "resource": issuer,
            "authorization_servers": [issuer],
            "scopes_supported": SCOPES,
            "bearer_methods_supported": ["header"],
        }
    )


async def _made(
    work: Callable[..., dict[str, object]], request: Request, issuing: Issuing
) -> dict[str, object]:
    return work(await request.body(), issuing.vault)


async def _posted(
    request: Request, work: Callable[[Mapping[str, str]], Awaitable[dict[str, object]]]
) -> dict[str, object]:
    return await work(await _form(request))


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form; raises `OAuthError` for one in the clear, another media type, or too many fields."""
    if not keeps_secrets(request.scope):  # RFC 6749 §3.1 and §3.2: TLS alone
        raise OAuthError(
            "invalid_request", "Here only with https://: what you send could be read", status=403
        )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "Send application/x-www-form-urlencoded", status=415)
    return _fields((await request.body()).decode("utf-8", "replace"))


def _fields(text: str) -> Mapping[str, str]:
    """Each name once: one that comes twice has no value (RFC 6749 §3.1). Raises `OAuthError` for too many."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise OAuthError("invalid_request", f"At most {MOST_FIELDS} fields") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = "" if name in found else value
    return found


async def _json(work: Callable[[], Awaitable[dict[str, object]]], status: int = 200) -> Response:
    try:
        return JSONResponse(await work(), status)
    except OAuthError as error:
        return JSONResponse(error.body(), error.status)
    except MailError as error:
        wrong = OAuthError("temporarily_unavailable", error.public, status=503)
        return JSONResponse(wrong.body(), wrong.status)


def _page(text: str, status: int = 200, asked: Asked | None = None) -> Response:
    # With no-referrer a browser's form says `Origin: null` (the Fetch Standard, section 3.2), as a foreign one may, and the guard turns it away.
    told = {"content-security-policy": pages.policy(asked), "referrer-policy": "same-origin"}
    return HTMLResponse(text, status, told)


def _redirect(url: str) -> Response:
    return RedirectResponse(url, 303)


def _client_ip(request: Request) -> str:
    return request.client.host if request.client else ""
