"""Connections of a user agent: names to addresses, certificates that are verified, passwords that are not given away.

RFC 8314 §3 (TLS for submission and access; the certificate is the server's by name, and from an authority that is believed). The machines of
`proto` are driven over `net.connect`: its deadlines and its TLS are those of the server's own outgoing mail, and a second driver would be a
second set of faults. Not here: any protocol.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
import ssl
from pathlib import Path
from typing import TypeVar

import msgspec

from postroom.agent.accounts import Account, Endpoint
from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.invocation import CommandFailed
from postroom.net.connect import (
    CannotConnect,
    ClientConnection,
    Destination,
    NetworkError,
    TlsFailed,
    Wrap,
    connect,
)
from postroom.net.tls.certificates import CertificateError, verified
from postroom.wire.machine import Machine

Event = TypeVar("Event")
CONNECT_SECONDS = 15.0
PROGRESS = 64 * 1024  # octets with which a wait begins anew
_TURNS = 3  # of the loop: the socket is closed in the second


class Way(msgspec.Struct, frozen=True):
    """How to get to a server: the addresses of its name, in their order, and TLS."""

    endpoint: Endpoint
    addresses: list[str]
    context: ssl.SSLContext

    @property
    def server_name(self) -> str:
        """Whose certificate it must be."""
        return self.endpoint.server_name or self.endpoint.host

    @property
    def on_loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        return all(ipaddress.ip_address(ip).is_loopback for ip in self.addresses)


async def way_to(account: Account, endpoint: Endpoint | None, service: str) -> Way:
    """Prepares a connection; raises `ServerFailed`, or `CommandFailed` when it would give the password away."""
    if endpoint is None:
        raise CommandFailed(f"the account {account.address} has no {service} server: add it to its table")
    way = Way(endpoint, await _addresses(endpoint), _context(account))
    if endpoint.tls == "none" and not (account.insecure_loopback and way.on_loopback):
        raise ServerFailed(
            f"the password of {account.address} would go to {endpoint.host} without TLS: set tls to starttls or implicit",
            Exit.TLS,
        )
    return way


async def open_connection(way: Way, machine: Machine[Event]) -> ClientConnection[Event]:
    """Connects to the first address that answers; raises `ServerFailed`."""
    endpoint = way.endpoint
    wrap = Wrap(way.context, way.server_name) if endpoint.tls == "implicit" else None
    last: NetworkError | None = None
    for ip in way.addresses:
        try:
            return await connect(machine, Destination(ip, endpoint.port, seconds=CONNECT_SECONDS, wrap=wrap))
        except CannotConnect as error:
            last = error
        except NetworkError as error:
            raise failed(error, way, Exit.CONNECT) from error
    raise ServerFailed(f"{endpoint.host}: {last}", Exit.CONNECT)


async def start_tls(connection: ClientConnection[Event], way: Way) -> None:
    """The handshake after STARTTLS or STLS; raises `ServerFailed`."""
    try:
        await connection.start_tls(way.context, way.server_name)
    except NetworkError as error:
        raise failed(error, way, Exit.TLS) from error


async def next_event(connection: ClientConnection[Event], seconds: float) -> Event:
    """What the machine has to tell; raises `NetworkError`. A long message on a slow line is no silence: `seconds` hold for a piece of it."""
    return await connection.event(seconds, lambda: (connection.bytes_in // PROGRESS, seconds))


def nonce() -> str:
    """For logins that need one."""
    return secrets.token_urlsafe(18)


async def leave(connection: ClientConnection[Event]) -> None:
    """Closes, and stays until the loop has taken note: it may end right after."""
    connection.close()
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def failed(error: NetworkError, way: Way, at: Exit) -> ServerFailed:
    """The error in words, with the remedy where there is no TLS."""
    if isinstance(error, TlsFailed):
        return ServerFailed(str(error).rstrip(".") + _remedy(error, way), Exit.TLS)
    return ServerFailed(str(error), at)


def _remedy(error: TlsFailed, way: Way) -> str:
    to = way.endpoint
    if error.kind != "validation-failure":  # of the certificate, that is
        words = f"the certificate must be for {way.server_name}, from an authority you trust"
        return f"; {words} (postroom mail setup: --server-name, --authorities)"
    if to.tls == "implicit":
        return (
            f"; if TLS begins with a command there, it is {to.host}:{to.port}/starttls (postroom mail setup)"
        )
    return ""


async def _addresses(endpoint: Endpoint) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise ServerFailed(f"{endpoint.host}: no address found ({error})", Exit.CONNECT) from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _context(account: Account) -> ssl.SSLContext:
    try:
        if account.ahead:
            authorities = Path(account.authorities) if account.authorities else None
            context: ssl.SSLContext = verified(authorities, account.now)
        else:
            context = ssl.create_default_context(cafile=account.authorities or None)
    except (OSError, CertificateError) as error:
        raise CommandFailed(f"the authorities {account.authorities}: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if account.certificate:
        try:
            context.load_cert_chain(account.certificate, account.certificate_key or None)
        except (OSError, ssl.SSLError) as error:
            raise CommandFailed(f"the certificate {account.certificate}: {error}") from error
    return context
