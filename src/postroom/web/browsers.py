"""Who a browser is signed in as, and that it is our own page that asks.

RFC 6265bis §8.8: a browser adds cookies to what other sites ask, so the cookie counts only with a header that no form and no foreign page can send
(`X-Postroom`), and never where the browser says that another site asks (Fetch Metadata, Origin). What changes nothing may come without the header,
since an event stream, a picture or a download cannot have one, when the browser says that our own page, or nobody, has asked. Not here: cookies' form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from postroom.message.errors import AuthenticationFailed, NotPermitted, TryLater
from postroom.store.engine.transaction import Engine, Urgency
from postroom.store.identity import browser_sessions
from postroom.store.identity.browser_sessions import STAYING, BrowserSession
from postroom.store.login.login import Login
from postroom.store.login.passkey_proof import Site
from postroom.store.login.standing import Ground
from postroom.web import cookies
from postroom.web.guard import host_name

Scope = Mapping[str, Any]
Headers = Mapping[bytes, bytes]  # names in small letters

TOKEN: Final = b"x-postroom"
_SAFE: Final = frozenset(("GET", "HEAD"))


class Browsers:
    """The signed-in browsers of one server. `now` gives unix microseconds."""

    def __init__(self, engine: Engine, now: Callable[[], int]) -> None:
        self._engine = engine
        self._now = now

    async def login(self, scope: Scope, headers: Headers) -> Login | None:
        """Who asks; None for a request without our cookie. Raises `NotPermitted` for another site's, `AuthenticationFailed` when the session is over."""
        value = cookies.read(headers, _name(scope, headers))
        if not value:
            return None
        must_be_own_page(scope, headers)
        session = await browser_sessions.find(self._engine.reading(), value, self._now())
        if session is None:
            raise AuthenticationFailed
        await self._note_use(session)
        who = (session.account_id, session.address, session.credential)
        ground = Ground(session.account_id, "web", browser=session.session_hash)
        return Login(*who, session=session.session_hash, confirmed=session.confirmed, ground=ground)

    async def seen(self, scope: Scope, headers: Headers) -> BrowserSession | None:
        """The session of a request, whoever made the browser send it: for showing something, and for forms that are bound to it; nothing is done for it alone."""
        value = cookies.read(headers, _name(scope, headers))
        return await browser_sessions.find(self._engine.reading(), value, self._now()) if value else None

    async def begin(self, scope: Scope, headers: Headers, login: Login, *, stays: bool) -> str:
        """Signs a browser in; gives the Set-Cookie field. A session that it had ends. Raises `AuthenticationFailed` when the login is not good any more."""
        text, hashed = browser_sessions.new_session(login.account_id)
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        ip = str((scope.get("client") or ("",))[0])
        session = BrowserSession(
            login.account_id, hashed, login.credential, agent, ip, stays, created=self._now()
        )
        await self._engine.write(
            lambda tx: browser_sessions.begin(tx, session, login.generation), Urgency.CLIENT
        )
        await self._forget(cookies.read(headers, _name(scope, headers)))
        return cookies.written(_name(scope, headers), text, STAYING // 1_000_000 if stays else None)

    async def confirm(self, login: Login) -> None:
        """Who is signed in has shown once more that it is he."""
        now = self._now()
        await self._engine.write(
            lambda tx: browser_sessions.confirm(tx, login.account_id, login.session, now), Urgency.CLIENT
        )

    async def end(self, scope: Scope, headers: Headers) -> str:
        """Signs a browser out; gives the Set-Cookie field."""
        name = _name(scope, headers)
        await self._forget(cookies.read(headers, name))
        return cookies.written(name, "", 0)

    async def _forget(self, value: str) -> None:
        account_id = browser_sessions.account_of(value)
        if account_id:
            hashed = browser_sessions.hash_of(value)
            await self._engine.write(
                lambda tx: browser_sessions.remove(tx, account_id, hashed), Urgency.CLIENT
            )

    async def _note_use(self, session: BrowserSession) -> None:
        now = self._now()
        if now - session.last_used < browser_sessions.USED_EVERY:
            return
        try:
            await self._engine.write(lambda tx: browser_sessions.used(tx, session, now), Urgency.HOUSEKEEPING)
        except TryLater:  # the next request notes it
            pass


def must_be_own_page(scope: Scope, headers: Headers) -> None:
    """Raises `NotPermitted` unless a page of ours has asked; see above."""
    safe = scope.get("method") in _SAFE
    site = headers.get(b"sec-fetch-site", b"").lower()
    origin = headers.get(b"origin", b"").lower()
    foreign = site not in ((b"", b"same-origin", b"none") if safe else (b"", b"same-origin"))
    if foreign or (origin and origin != _own_origin(scope, headers)):
        raise NotPermitted("Another site may not ask for that in your name")
    if not headers.get(TOKEN) and not (safe and site):
        raise NotPermitted("Say that it is you who asks, with a header X-Postroom: 1")


def site_of(scope: Scope, headers: Headers) -> Site:
    """Where our page stands, for passkeys."""
    host = headers.get(b"host", b"").decode("latin-1").lower()
    return Site(host_name(host), _own_origin(scope, headers).decode("latin-1"))


def _own_origin(scope: Scope, headers: Headers) -> bytes:
    scheme = b"https" if scope.get("scheme") in ("https", "wss") else b"http"
    return scheme + b"://" + headers.get(b"host", b"").lower()


def _name(scope: Scope, headers: Headers) -> str:
    return cookies.name_of(str(scope.get("scheme", "http")), headers.get(b"host", b"").decode("latin-1"))
