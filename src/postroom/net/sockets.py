"""Listening sockets: made here, or handed over by systemd.

RFC 1122 §4.2 (TCP), sd_listen_fds(3) (the environment's LISTEN_FDS, LISTEN_FDNAMES). Not here: accepting (`listener`), and the control socket (`app.control`).
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Mapping

BACKLOG = 1024
FIRST_INHERITED = 3  # SD_LISTEN_FDS_START
_SAME_PORT_TRIES = 20


class CannotListen(Exception):
    """An address or path that cannot be listened on; the message names it and says why."""


def tcp(hosts: Iterable[str], port: int, *, shared: bool = False) -> list[socket.socket]:
    """Sockets for each address, "" meaning all of IPv4 and, where there is IPv6, all of it. Port 0: any free one, the same for all.

    `shared` (SO_REUSEPORT) lets several processes listen on one port. Raises CannotListen.
    """
    addresses = [address for host in hosts for address in ((host,) if host else ("0.0.0.0", "::"))]  # noqa: S104 -- asked for
    for _ in range(_SAME_PORT_TRIES):
        try:
            return _on_one_port(addresses, port, shared=shared)
        except CannotListen:
            if port:
                raise
    raise CannotListen(f"no port is free on all of {', '.join(addresses)}")


def given_up(listening: socket.socket) -> socket.socket:
    """A socket of TCP in the place of one that listens: it keeps address and port, and whoever connects is refused until it listens. Linux alone."""
    place = listening.getsockname()
    with contextlib.suppress(OSError):
        listening.shutdown(
            socket.SHUT_RD
        )  # copies of it hear of nobody any more, even while a loop has them open
    kept = socket.socket(listening.family, listening.type, listening.proto)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if listening.family is socket.AF_INET6:
        kept.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listening.close()
    kept.bind(place)
    kept.setblocking(False)
    return kept


def inherited(environment: Mapping[str, str], process: int) -> dict[str, list[socket.socket]]:
    """The sockets that systemd opened for the process with this id, by name ("" without names); none if they are meant for another."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(process) or not count.isascii() or not count.isdigit():
        return {}
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, list[socket.socket]] = {}
    for number in range(min(int(count), 1000)):
        opened = socket.socket(
            fileno=FIRST_INHERITED + number
        )  # asks the kernel for its family, type and protocol
        opened.setblocking(False)
        opened.set_inheritable(False)
        found.setdefault(names[number] if number < len(names) else "", []).append(opened)
    return found


def _on_one_port(addresses: list[str], port: int, *, shared: bool) -> list[socket.socket]:
    made: list[socket.socket] = []
    try:
        for address in addresses:
            opened = _bound(address, port, shared=shared, optional=address == "::" and bool(made))
            if opened is not None:
                made.append(opened)
                port = port or opened.getsockname()[1]
    except CannotListen:
        for opened in made:
            opened.close()
        raise
    return made


def _bound(address: str, port: int, *, shared: bool, optional: bool) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        # With protocol 0 asyncio would not set TCP_NODELAY, and replies would wait for the peer's delayed ACK.
        opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        if optional:
            return None
        raise CannotListen(f"{address}: {error.strerror}") from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family is socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((address, port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        if optional and error.errno == _NO_ADDRESS:
            return None
        raise CannotListen(f"{address} port {port}: {error.strerror or error}") from error
    opened.setblocking(False)
    return opened


_NO_ADDRESS = 99  # EADDRNOTAVAIL: a kernel without IPv6 on any interface
