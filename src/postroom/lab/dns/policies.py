"""What a lab's domains say of the safety of their mail servers: TLSA records, and MTA-STS policies on a web server.

RFC 7672 §3.1.1 (DANE-EE with the public key), RFC 8461 §3 (record, host, document). Not here: who heeds them (`deliver.tls`).
"""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postroom.lab.dns.zones import ZoneText
from postroom.lab.plan import House
from postroom.net.connections import Connections
from postroom.net.listener import Door, Listener
from postroom.net.pump import Endpoint
from postroom.net.sockets import CannotListen, tcp
from postroom.net.tls.certificates import Pair
from postroom.proto.http.mta_sts import WELL_KNOWN
from postroom.web.mta_sts import Policy

MAX_AGE = 86_400  # seconds that a policy holds


def tlsa_lines(pairs: Iterable[Pair]) -> list[str]:
    """TLSA records of the zone's host `mail`, one for the key of each certificate."""
    lines = []
    for pair in pairs:
        certificate = x509.load_pem_x509_certificate(pair.chain.read_bytes())
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        lines.append(f"_25._tcp.mail TLSA 3 1 1 {hashlib.sha256(key).hexdigest()}")
    return lines


def sts_lines(house: House, policy: Policy) -> list[str]:
    """The record that says that there is a policy, and the host that has it."""
    return [f'_mta-sts TXT "v=STSv1; id={policy.id}"', f"mta-sts A {house.ip}"]


def completed(zone: ZoneText, said: Iterable[str]) -> list[str]:
    """The lines of a zone, and those of `said` whose kind of record nothing in it has at that name."""
    known = {_record(line, zone.origin) for line in zone.lines}
    aliases = {owner for owner, kind in known if kind == "CNAME"}
    missing = [
        line for line in said if _record(line, zone.origin) not in known and line.split()[0] not in aliases
    ]
    return [*zone.lines, *missing]


def _record(line: str, origin: str) -> tuple[str, str]:
    """The name, relative to the zone, and the kind; a TTL and IN may stand between them."""
    owner, *words = line.split()
    kind = next((word for word in words if word != "IN" and not word.isdigit()), "")
    return owner.removesuffix(f".{origin}."), kind


def policy_of(mx: str) -> Policy:
    """A policy in force for one mail server."""
    return Policy("enforce", (mx,), MAX_AGE)


class PolicySite:
    """The web server of one domain, which has nothing but its policy; `on_error` is told of every fault of ours."""

    def __init__(
        self, policy: Callable[[], Policy], pairs: Sequence[Pair], on_error: Callable[[BaseException], None]
    ) -> None:
        self._policy = policy
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._pairs = pairs
        self._on_error = on_error
        self.reload()
        self._parts = AsyncExitStack()  # what is to be stopped, the last first
        self.port = 0

    def reload(self) -> None:
        """Shows what is in the files of its certificates now."""
        for pair in self._pairs:
            self._context.load_cert_chain(pair.chain, pair.key)

    async def start(self, ip: str) -> None:
        """Listens at any free port of an address. Raises `CannotListen`."""
        from postroom.net.http import HttpService, HttpSession

        try:
            (listening,) = tcp((ip,), 0)
        except CannotListen as error:
            raise CannotListen(f"for the lab's MTA-STS policies: {error}") from error
        service, connections = HttpService(self._answer, time.monotonic, self._on_error), Connections()
        endpoint = Endpoint(lambda: HttpSession(service), connections, self._on_error, lambda: self._context)
        listener = Listener(listening, Door(endpoint))
        self._parts.push_async_callback(service.stop)
        self._parts.push_async_callback(connections.drain, 0)
        self._parts.push_async_callback(listener.stop)
        await listener.start()
        self.port = listener.port

    async def stop(self) -> None:
        """Ends it, with the connections that are open."""
        await self._parts.aclose()

    async def _answer(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        found = (scope["method"], scope["path"]) == ("GET", WELL_KNOWN)
        body = self._policy().text() if found else "Nothing but a policy is here.\r\n"
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})
