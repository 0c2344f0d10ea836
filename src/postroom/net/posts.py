"""A small POST to an address that somebody outside has named: HTTPS at its own port, public addresses alone, nothing followed, no cookies.

RFC 9110 §9.3.3, RFC 8058 §3.2. What comes back is its status; its body is thrown away. Not here: who may ask.
"""

from __future__ import annotations

from typing import Final, Protocol

from postroom.net.https import NotFetched
from postroom.net.pictures import request_of
from postroom.proto.http.client import Request, Response

MAX_ANSWER: Final = 256 << 10  # octets of the answer
POST_SECONDS: Final = 20.0  # for all of it
FORM: Final = "application/x-www-form-urlencoded"


class Asking(Protocol):
    """What asks, with its limits: `net.https.Web`."""

    async def ask(self, request: Request) -> Response:
        """Raises `NotFetched`."""


async def post_form(web: Asking, url: str, body: bytes) -> int:
    """The status of the answer. Raises `NotFetched`."""
    scheme, asked = request_of(url)
    if scheme != "https":
        raise NotFetched("only https is posted to")
    request = Request(asked.host, asked.target, MAX_ANSWER, "POST", (("Content-Type", FORM),), body)
    return (await web.ask(request)).status
