"""Loopback sockets of the bench: free ports, the first words of a server, many idle connections."""

from __future__ import annotations

import resource
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final, Self

from bench.processes import BenchError

LOOPBACK: Final = "127.0.0.1"
PATIENCE: Final = 30.0  # seconds for any answer
OTHER_FILES: Final = 500  # descriptors that are not idle connections


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def connect(port: int, tls: ssl.SSLContext | None = None) -> socket.socket:
    """A blocking connection, with TLS from its first octet when there is a context."""
    plain = socket.create_connection((LOOPBACK, port), timeout=PATIENCE)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(plain) if tls else plain


def until_banner(
    port: int, banner: bytes, seconds: float, ended: Callable[[], bool] = lambda: False
) -> float:
    """Waits until a server at the port says `banner` first; gives `time.perf_counter()` of that moment.

    Raises `BenchError` after `seconds`, or when it has `ended` before.
    """
    limit = time.monotonic() + seconds
    said = ""
    while time.monotonic() < limit:
        try:
            with socket.create_connection((LOOPBACK, port), timeout=seconds) as connection:
                first = connection.recv(512)
        except OSError as error:
            said = str(error)
        else:
            if first.startswith(banner):
                return time.perf_counter()
            said = repr(first)
        if ended():
            raise BenchError("it ended before it had greeted")
        time.sleep(0.002)
    raise BenchError(f"port {port} did not say {banner.decode()} within {seconds:.0f} s: {said}")


def room_for(count: int) -> int:
    """Raises the limit of open files for `count` connections; gives how many are possible."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + OTHER_FILES
    if soft < wanted:
        for limits in ((wanted, max(hard, wanted)), (min(hard, wanted), hard)):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
                break
            except (ValueError, PermissionError):  # only root may raise the hard one
                continue
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(count, soft - OTHER_FILES)


class IdleConnections:
    """So many connections to a port, each greeted and then silent."""

    def __init__(self, port: int, count: int, tls: ssl.SSLContext | None) -> None:
        self._open: list[socket.socket] = []
        try:
            while len(self._open) < count:
                connection = connect(port, tls)
                self._open.append(connection)
                if not connection.recv(512).startswith(b"+OK"):
                    raise BenchError("it was not greeted")
        except (OSError, BenchError) as error:
            taken = len(self._open)
            self.close()
            raise BenchError(f"connection {taken} of {count} to port {port}: {error}") from error

    def close(self) -> None:
        """Closes all."""
        for connection in self._open:
            connection.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
