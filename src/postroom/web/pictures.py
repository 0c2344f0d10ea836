"""The door through which pictures of other hosts come to who reads a message: for addresses that this server has signed, and for no others.

It needs no login: the frame of a message has no cookies, and the signature says for whom the address was made. What goes out is a picture by its octets, in a
sandbox, not sniffed, kept by the reader's browser alone. Not here: fetching (`net.pictures`), addresses (`proto.http.picture_addresses`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from postroom.net.https import NotFetched
from postroom.net.pictures import Picture
from postroom.proto.http.picture_addresses import PATH, VALID_SECONDS, read
from postroom.web.answers import Refused

MOUNTED: Final = PATH.rstrip("/")
_HEADERS: Final[Mapping[str, str]] = {
    "cache-control": f"private, max-age={VALID_SECONDS}, immutable",
    "content-disposition": "inline",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "cross-origin",  # the frame has no origin
    "x-content-type-options": "nosniff",
}


class PictureDoor(msgspec.Struct, frozen=True):
    """An ASGI application. `key` signs addresses, `now` gives unix seconds, `fetch` gets an address and who reads, and raises `NotFetched`."""

    key: bytes
    now: Callable[[], int]
    fetch: Callable[[str, int], Awaitable[Picture]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise Refused(405, "A picture is fetched with GET")
        wanted = read(self.key, scope["path"], self.now())
        if wanted is None:
            raise Refused(404, "There is no such picture: open the message again")
        try:
            found = await self.fetch(wanted.url, wanted.account_id)
        except NotFetched as error:
            raise Refused(502, f"The picture cannot be had: {error}") from error
        await Response(found.octets, 200, dict(_HEADERS), found.kind)(scope, receive, send)
