"""One document by HTTPS: a certificate for the name is demanded, nothing is followed, everything is bounded. By HTTP where no context is given.

RFC 9110 §4.3.4 (the certificate must be the host's), RFC 8461 §3.3 (what a fetch of a policy may be and may not). The TLS is `net.tls.layer`, the dialogue
`proto.http`. Not here: what the document means, and caches.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import msgspec

from postroom.net.connect import (
    ClientConnection,
    ConnectionLost,
    Destination,
    NetworkError,
    TlsFailed,
    Wrap,
    connect,
)
from postroom.proto.dns.resolver import Resolver
from postroom.proto.http.client import BadResponse, HttpClient, Request, Response

FETCH_SECONDS = 60.0  # for a whole document, RFC 8461 §3.3
CONNECT_SECONDS = 15.0  # for one address of a web server
MOST_ADDRESSES = 3  # of a host that are tried


class NotFetched(Exception):
    """There is no document; the words say why. `untrusted`: the server's certificate was not good."""

    def __init__(self, words: str, *, untrusted: bool = False) -> None:
        super().__init__(words)
        self.untrusted = untrusted


class Web(msgspec.Struct, frozen=True):
    """What a fetch needs: names, the context that demands a good certificate (None: no TLS at all), the port of an address (443 but in a lab).

    `permitted` says of an address whether it may be connected to; it is the address that is connected to then, whatever the name means later.
    """

    resolver: Resolver
    context: Callable[[], ssl.SSLContext] | None
    port_of: Callable[[str], int] = lambda _ip: 443
    source: str = ""
    seconds: float = FETCH_SECONDS
    permitted: Callable[[str], bool] = lambda _ip: True

    async def ask(self, request: Request) -> Response:
        """The response, whatever its status. Raises `NotFetched`."""
        try:
            return await asyncio.wait_for(self._ask(request), self.seconds)
        except TimeoutError as error:
            raise NotFetched(f"{request.host} did not answer in {self.seconds:g} seconds") from error

    async def _ask(self, request: Request) -> Response:
        found = await self.resolver.addresses(request.host)
        if not found.records:
            raise NotFetched(f"{request.host} has no address ({found.rcode})")
        last: NetworkError | None = None
        permitted = [ip for ip in found.records if self.permitted(ip)]
        if not permitted:
            raise NotFetched(f"{request.host} has no address on the public Internet")
        for ip in permitted[:MOST_ADDRESSES]:
            machine = HttpClient(request)
            wrap = Wrap(self.context(), request.host) if self.context is not None else None
            to = Destination(ip, self.port_of(ip), self.source, CONNECT_SECONDS, wrap)
            try:
                connection: ClientConnection[Response | BadResponse] = await connect(machine, to)
            except TlsFailed as error:
                raise NotFetched(f"{request.host}: {error}", untrusted=True) from error
            except NetworkError as error:
                last = error
                continue
            return await self._exchange(machine, connection)
        raise NotFetched(f"{request.host}: {last}") from last

    async def _exchange(
        self, machine: HttpClient, connection: ClientConnection[Response | BadResponse]
    ) -> Response:
        try:
            event = await connection.event(self.seconds)
        except ConnectionLost as lost:
            event = machine.ended(said=lost.said)
        except NetworkError as error:
            raise NotFetched(str(error)) from error
        finally:
            connection.close()
        if isinstance(event, BadResponse):
            raise NotFetched(event.why)
        return event
