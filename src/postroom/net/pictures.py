"""A picture of another host, fetched for somebody who reads a message: so that the host learns neither who he is nor where.

RFC 9110 §15.4 (redirects: each is looked at like the first), §12.5.1. No cookies, no referrer; http and https at their own ports; none but public addresses
are connected to, whichever name leads there; a bounded picture in bounded time, and nothing that is no picture by its octets. Not here: who may ask.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Final
from urllib.parse import urljoin, urlsplit
from weakref import WeakValueDictionary

import msgspec

from postroom.message.idn import a_labels
from postroom.message.mime.picture_kinds import picture_kind
from postroom.net.https import NotFetched, Web
from postroom.proto.http.client import Request, Response

MAX_PICTURE: Final = 10 << 20  # octets of a picture of another host
MOST_REDIRECTS: Final = 3  # that are followed for one picture
PICTURE_SECONDS: Final = 20.0  # for a picture, all redirects included
MOST_AT_ONCE: Final = 16  # pictures that are fetched at the same time; others wait
MOST_FOR_ONE: Final = 6  # of these for one account, as many as a browser asks for at once

_TARGET: Final = re.compile(r"/[!-~]{0,3000}")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_UNSAFE: Final = re.compile(r"[^!-~]")
_ACCEPT: Final = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9"


class Picture(msgspec.Struct, frozen=True):
    """What was fetched, and what it is."""

    kind: str
    octets: bytes


class Pictures:
    """Fetches pictures. `web` for https, `plain` for http (no TLS): each with the addresses that it may connect to."""

    def __init__(self, web: Web, plain: Web) -> None:
        self._webs = {"https": web, "http": plain}
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._own: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()  # by account

    async def fetch(self, url: str, account_id: int) -> Picture:
        """For a reader: slow hosts of one's mail keep few others waiting. Raises `NotFetched`."""
        own = self._own.setdefault(account_id, asyncio.Semaphore(MOST_FOR_ONE))
        async with own, self._turns:
            try:
                return await asyncio.wait_for(self._fetch(url), PICTURE_SECONDS)
            except TimeoutError as error:
                raise NotFetched(f"the picture did not come in {PICTURE_SECONDS:g} seconds") from error

    async def _fetch(self, url: str) -> Picture:
        for _ in range(MOST_REDIRECTS + 1):
            scheme, request = request_of(url)
            response = await self._webs[scheme].ask(request)
            if response.status in (301, 302, 303, 307, 308) and "location" in response.fields:
                url = _led(url, response.fields["location"])
                continue
            return _picture(response)
        raise NotFetched(f"more than {MOST_REDIRECTS} redirects")


def request_of(url: str) -> tuple[str, Request]:
    """The scheme and the request of an address. Raises `NotFetched` for one that is not fetched at all."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, a_labels((parts.hostname or "").lower())
    except (ValueError, UnicodeError) as error:
        raise NotFetched("that is no address of a picture") from error
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https") or port not in (None, 443 if scheme == "https" else 80):
        raise NotFetched("pictures are fetched by http and https from their own ports alone")
    if parts.username is not None or parts.password is not None or _HOST.fullmatch(host) is None:
        raise NotFetched("that is no host of a picture")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = _UNSAFE.sub(
        lambda found: "".join(f"%{octet:02X}" for octet in found[0].encode("utf-8", "replace")), target
    )
    if _TARGET.fullmatch(target) is None:
        raise NotFetched("the address of the picture is too long")
    return scheme, Request(
        host, target, MAX_PICTURE, fields=(("Accept", _ACCEPT), ("Accept-Encoding", "identity"))
    )


def _led(url: str, location: str) -> str:
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode()  # as browsers read it
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise NotFetched("the picture's host leads to what is no address") from error


def _picture(response: Response) -> Picture:
    if response.status != 200:
        raise NotFetched(f"the picture's host answered {response.status}")
    kind = picture_kind(response.body)
    if kind is None:
        raise NotFetched("what came is no picture")
    return Picture(kind, response.body)
