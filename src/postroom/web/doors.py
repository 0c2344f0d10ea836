"""The small doors: what a mail server answers over HTTP without anybody logging in.

RFC 8555 §8.3 (challenges of a certificate authority), RFC 8461 §3.3 (the policy of MTA-STS), and what user agents ask for to be set up
(`autoconfig`). None of them looks at a file or changes anything. Not here: who may come here at all (`guard`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, Router

from postroom.message.address import parse_mailbox
from postroom.web import autoconfig
from postroom.web.answers import Refused
from postroom.web.guard import CHALLENGES, host_name
from postroom.web.hosts import Hosts
from postroom.web.mta_sts import Policy
from postroom.web.oauth.asking import issuer_of
from postroom.web.services import Offers

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,512}")  # base64url, at least 128 bits (RFC 8555 §8.3)
_XML = "application/xml; charset=utf-8"
THUNDERBIRD = "/mail/config-v1.1.xml"  # its older place, in the middle of the web mail's


class Facts(msgspec.Struct, frozen=True):
    """What the doors know. `challenge` gives the key authorization of a token; `policy` the policy of a domain of ours; `further` are more doors."""

    hosts: Hosts
    offers: Callable[[], Offers]
    policy: Callable[[str], Policy]
    challenge: Callable[[str], Awaitable[str | None]]
    further: Sequence[Route] = ()


def doors(facts: Facts) -> Router:
    """All of them as one application."""
    desk = _Doors(facts)
    well_known = "/.well-known"
    return Router(
        [
            Route("/", _web_mail),
            Route(f"{CHALLENGES}{{token}}", desk.challenge),
            Route(f"{well_known}/mta-sts.txt", desk.mta_sts),
            Route(f"{well_known}/autoconfig/mail/config-v1.1.xml", desk.thunderbird),
            Route(THUNDERBIRD, desk.thunderbird),
            Route(f"{well_known}/user-agent-configuration.json", desk.user_agents),
            Route(f"{well_known}/user-agent-configuration", desk.user_agents),
            *(
                Route(path, desk.autodiscover, methods=["POST"])
                for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml")
            ),
            Route("/autodiscover/autodiscover.json", desk.autodiscover_url),
            *facts.further,
        ],
        redirect_slashes=False,
        default=nothing,
    )


class _Doors:
    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    async def challenge(self, request: Request) -> Response:
        """HTTP-01: proves to an authority that whoever asked it stands here."""
        token: str = request.path_params["token"]
        found = await self._facts.challenge(token) if _TOKEN.fullmatch(token) else None
        if found is None:
            raise Refused(404, "There is no such challenge")
        return Response(found, media_type="application/octet-stream")

    async def mta_sts(self, request: Request) -> Response:
        """The policy of the domain whose host was asked, and of no other (RFC 8461 §3.3)."""
        host = host_name(request.headers["host"])
        domain = await self._facts.hosts.domain(host)
        if host != f"mta-sts.{domain}":
            raise Refused(404, "A policy is published under the name mta-sts. and the domain's")
        return PlainTextResponse(self._facts.policy(domain).text())

    async def thunderbird(self, request: Request) -> Response:
        """Thunderbird's form."""
        domain = await self._domain(request)
        return Response(autoconfig.thunderbird(domain, self._facts.offers()), media_type=_XML)

    async def user_agents(self, request: Request) -> Response:
        """The IETF's form."""
        domain = await self._domain(request)
        issuer = issuer_of(request) if request.url.scheme == "https" else ""
        return Response(
            autoconfig.user_agents(domain, self._facts.offers(), issuer), media_type="application/json"
        )

    async def autodiscover(self, request: Request) -> Response:
        """Microsoft's form."""
        text = autoconfig.asked_address(await request.body())
        address = parse_mailbox(text)
        if address is None:
            answer = autoconfig.autodiscover_failed(600, "Invalid Request")
        elif not await self._facts.hosts.is_ours(address.domain):
            answer = autoconfig.autodiscover_failed(500, "The address is not one of this server's")
        else:
            answer = autoconfig.autodiscover(str(address), self._facts.offers())
        return Response(answer, media_type=_XML)

    async def autodiscover_url(self, request: Request) -> Response:
        """Where Microsoft's form is."""
        if request.query_params.get("Protocol", "").lower() != "autodiscoverv1":
            raise Refused(404, "Here is Protocol=AutodiscoverV1 alone")
        url = f"https://{request.headers['host']}/autodiscover/autodiscover.xml"
        return JSONResponse({"Protocol": "AutodiscoverV1", "Url": url})

    async def _domain(self, request: Request) -> str:
        """Of the address that was named, else of the host."""
        address = parse_mailbox(request.query_params.get("emailaddress", ""))
        domain = address.domain if address is not None else ""
        if domain and await self._facts.hosts.is_ours(domain):
            return domain
        found = await self._facts.hosts.domain(host_name(request.headers["host"]))
        if not found or domain:
            raise Refused(404, "That is no domain of this server: ask with ?emailaddress=you@example.com")
        return found


async def nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    """For every other path."""
    raise Refused(404, "There is nothing here")


async def _web_mail(_request: Request) -> Response:
    """Who types the server's name alone wants to read mail."""
    return RedirectResponse("/mail/", 307)
