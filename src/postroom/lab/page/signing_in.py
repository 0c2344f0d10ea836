"""One click into a web mail: the lab signs somebody in at the ordinary door of his server, with the password that its page shows anyway, and hands the cookie on.

RFC 6265bis §8.5 (cookies know no ports): what is set here, for this machine's name, is sent to the web mails under the same name, and the name of a cookie says to which
(`web.cookies`), so that Alice and Bob are signed in side by side. Another site must not sign a browser in: who asks is our own page (`web.browsers`), on this machine. Others, who
may see the page of a lab that is open to them (`--bind-page`), type what stands on their slip. Not here: the door (`web.sign_in`), the button (`static/servers.js`).
"""

from __future__ import annotations

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from postroom.lab.running import Running
from postroom.net.connect import ClientConnection, Destination, NetworkError, connect
from postroom.proto.http.client import BadResponse, HttpClient
from postroom.proto.http.client import Request as Asked
from postroom.proto.http.client import Response as Answered
from postroom.web import cookies
from postroom.web.answers import Refused
from postroom.web.guard import host_name
from postroom.web.hosts import LOOPBACK
from postroom.web.static_files import PREFIX

SECONDS = 15.0  # that a web mail has for its answer to a sign-in by the lab
MOST = 64 * 1024  # octets of what a web mail answers to a sign-in


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be signed in."""

    address: str


class Said(msgspec.Struct, frozen=True):
    """What a door says when it lets nobody in."""

    message: str = ""


def offered(scope: Scope) -> bool:
    """Whether who asks may sign in so: from this machine, under its own name, where the web mail takes a cookie without TLS, too."""
    return cookies.keeps_secrets(scope) and host_name(Headers(scope=scope).get("host", "")) in LOOPBACK


async def sign_in(running: Running, request: Request, wanted: Wanted) -> Response:
    """Signs a browser in, whose page was found to be ours; gives the web mail's `url`. Raises `Refused` with the reason."""
    if not offered(request.scope):
        raise Refused(403, "One click signs in on the lab's own machine alone: type the password")
    one = next((one for one in running.inhabitants if one.address == wanted.address), None)
    if one is None:
        raise Refused(422, f"nobody in this lab has the address {wanted.address!r}")
    port = running.ports[one.address.rpartition("@")[2]].get("http", 0)
    host = f"{host_name(request.headers['host'])}:{port}"
    answer = await _asked(port, _request(request, host, {"username": one.address, "password": one.password}))
    if answer.status != 200 or "set-cookie" not in answer.fields:
        raise Refused(422, f"The server of {one.address} said: {_words(answer)}")
    url = f"http://{host}{PREFIX}/"
    return JSONResponse({"url": url}, headers={"set-cookie": answer.fields["set-cookie"]})


def _request(request: Request, host: str, given: dict[str, str]) -> Asked:
    """As the browser itself would ask at the door, with the session that it has there, which ends then."""
    fields = [("Content-Type", "application/json"), ("X-Postroom", "1")]
    agent = request.headers.get("user-agent", "")
    if agent.isascii() and agent.isprintable():
        fields.append(("User-Agent", agent))
    name = cookies.name_of("http", host)
    value = cookies.read({b"cookie": request.headers.get("cookie", "").encode("latin-1")}, name)
    if value and value.isascii() and value.isprintable():
        fields.append(("Cookie", f"{name}={value}"))
    return Asked(host, f"{PREFIX}/sign-in", MOST, "POST", tuple(fields), msgspec.json.encode(given))


async def _asked(port: int, request: Asked) -> Answered:
    try:
        to = Destination("127.0.0.1", port, seconds=SECONDS)
        connection: ClientConnection[Answered | BadResponse] = await connect(HttpClient(request), to)
        try:
            found = await connection.event(SECONDS)
        finally:
            connection.close()
    except NetworkError as error:
        raise Refused(422, f"The web mail does not answer: {error}") from error
    if isinstance(found, BadResponse):
        raise Refused(422, f"The web mail does not answer as it should: {found.why}")
    return found


def _words(answer: Answered) -> str:
    try:
        return msgspec.json.decode(answer.body, type=Said).message or str(answer.status)
    except msgspec.DecodeError:
        return str(answer.status)
