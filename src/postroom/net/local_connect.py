"""Outgoing connections to programs of this machine or its network that are not named in the DNS: a path, or an address and a port.

unix(7). Milters are reached so. Not here: the machine that drives one (`connect`), other mail servers.
"""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec

from postroom.net.connect import ClientConnection, Destination, connect, opened
from postroom.wire.machine import Machine

Event = TypeVar("Event")

_INET = re.compile(r"inet:(?:([0-9A-Za-z.]+)|\[([0-9A-Fa-f:.]+)\]):([0-9]{1,5})")


class Socket(msgspec.Struct, frozen=True):
    """A path, or an address with its port."""

    path: str = ""
    ip: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"inet:[{self.ip}]:{self.port}" if ":" in self.ip else f"inet:{self.ip}:{self.port}"


def read_socket(text: str) -> Socket:
    """`unix:/run/filter.sock`, `inet:127.0.0.1:8891`, `inet:[::1]:8891` or `inet:localhost:8891`; raises ValueError, naming it."""
    if text.startswith("unix:/"):
        return Socket(path=text.removeprefix("unix:"))
    found = _INET.fullmatch(text)
    host = (found[1] or found[2]) if found is not None else ""
    ip = "127.0.0.1" if host == "localhost" else host
    if (
        found is None
        or int(found[3]) > 65535
        or not re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", ip)
    ):
        raise ValueError(f"{text!r} is no socket: write unix:/path or inet:address:port")
    return Socket(ip=ip, port=int(found[3]))


async def connect_to(machine: Machine[Event], to: Socket, seconds: float) -> ClientConnection[Event]:
    """Connects; raises CannotConnect."""
    if not to.path:
        return await connect(machine, Destination(to.ip, to.port, seconds=seconds))
    connection = ClientConnection(machine)
    opening = asyncio.get_running_loop().create_unix_connection(lambda: connection, to.path)
    await opened(connection, opening, str(to), seconds)
    return connection
