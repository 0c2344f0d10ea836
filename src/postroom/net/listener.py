"""A listening socket and what happens to those who connect.

Limits for each neighbour (`gate`) and for all together: when there are too many, or files run out, nobody is accepted for a second, and the
kernel's queue holds whoever comes (RFC 5321 §7.8). A proxy says first for whom it comes (`proxied`). Not here: making sockets (`sockets`),
talking (`pump`).
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from postroom.net.gate import Gate
from postroom.net.link import Link
from postroom.net.networks import Networks
from postroom.net.proxied import Proxied
from postroom.net.pump import Endpoint, Pump
from postroom.net.session import Peer, TlsFacts
from postroom.net.sockets import BACKLOG, given_up
from postroom.net.tapped import Overheard, Tap, known_ends

PAUSE_SECONDS = 1.0
BATCH = 8  # accepted in one go; asyncio has begun up to three batches before a pause is felt
KEPT_BACK = 64  # files for everything else: databases, DNS, relaying


def _tell_nobody(ip: str, why: str) -> None:
    """For a door without a log."""


class Door(msgspec.Struct, frozen=True):
    """How a listener treats those who come. `refusal` is what a client hears that the gate does not let in (in the clear only).

    `most` connections of `endpoint.connections` may be open together; 0: as many as the process may have files, less some. Who connects
    from `proxies` is a proxy and begins with a PROXY header. `refused(ip, why)` is told of who was turned away. `tap` listens in;
    `guest` makes connections of another kind, a lab's, on which something goes wrong.
    """

    endpoint: Endpoint
    gate: Gate | None = None
    refusal: bytes = b""
    most: int = 0
    proxies: Networks = Networks()
    refused: Callable[[str, str], None] = _tell_nobody
    tap: Tap | None = None
    guest: Callable[[Door], Guest] | None = None


class Listener:
    """One listening socket. It belongs to the listener from now on."""

    def __init__(self, listening: socket.socket, door: Door) -> None:
        self._socket = listening
        self._door = door
        self._most = door.most or most_connections()
        self._copy = listening
        self._server: asyncio.Server | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._refusing = False

    @property
    def port(self) -> int:
        """Where it listens; 0 for a Unix socket."""
        name = self._socket.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    async def start(self) -> None:
        """Begins to accept."""
        loop, place = asyncio.get_running_loop(), self._socket
        copy = self._copy = place.dup()  # a pause gives it up; the kernel's queue is the original's
        if place.family is socket.AF_UNIX:
            options: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
            server = await loop.create_unix_server(self._guest, sock=copy, backlog=BATCH, **options)
        else:
            server = await loop.create_server(self._guest, sock=copy, backlog=BATCH)
        if self._socket is not place:  # it was given up meanwhile
            server.close()
            return
        self._server = server
        place.listen(BACKLOG)  # asyncio uses the backlog as its batch, and has told the kernel so

    def refuse(self) -> None:
        """Has the system refuse whoever connects, until `admit`; the address stays ours, connections that stand go on. TCP alone."""
        if not self._refusing:
            self._refusing = True
            if self._pause is not None:
                self._pause.cancel()
                self._pause = None
            self._give_up()
            self._socket = given_up(self._socket)

    def admit(self) -> None:
        """Listens again after `refuse`: at once, as those see it who connect."""
        if self._refusing:
            self._refusing = False
            self._socket.listen(BACKLOG)
            self._reopen()

    def _reopen(self) -> None:
        if self._opening is None or self._opening.done():
            self._opening = asyncio.get_running_loop().create_task(self._opened())

    async def _opened(self) -> None:
        while self._server is None and not self._refusing:
            await self.start()

    def _give_up(self) -> None:
        loop = asyncio.get_running_loop()
        server, self._server = self._server, None
        if server is None:
            return
        if isinstance(loop, asyncio.SelectorEventLoop):
            loop.remove_reader(self._copy)
            loop.call_soon(server.close)  # as in `pause`
        else:
            server.close()

    def crowded(self) -> bool:
        """Whether there are as many connections as there may be."""
        return len(self._door.endpoint.connections) >= self._most

    def pause(self) -> None:
        """Accepts nobody for a second, and goes on once there is room."""
        if self._server is not None and self._pause is None:
            loop = asyncio.get_running_loop()
            if isinstance(loop, asyncio.SelectorEventLoop):
                loop.remove_reader(self._copy)  # to close would drop those who are just being accepted
            else:
                self._server.close()
            self._pause = loop.call_later(PAUSE_SECONDS, self._resume)

    async def stop(self) -> None:
        """Accepts nobody any more; connections go on."""
        if self._pause is not None:
            self._pause.cancel()
        if self._opening is not None:
            await self._opening
        server, self._server = self._server, None
        if server is not None:
            asyncio.get_running_loop().remove_reader(self._copy)
            await asyncio.sleep(0)  # as in `pause`
            server.close()
        self._socket.close()

    def _guest(self) -> Link:
        guest = _announced(self._door) if self._door.proxies else _guest(self._door)
        if self.crowded():
            asyncio.get_running_loop().call_soon(self.pause)  # the loop is in the middle of accepting
        return guest

    def _resume(self) -> None:
        loop = asyncio.get_running_loop()
        if self.crowded():
            self._pause = loop.call_later(PAUSE_SECONDS, self._resume)
        else:
            self._pause = None
            if self._server is not None:
                self._server.close()
                self._server = None
            self._reopen()


class Guest(Pump):
    """A connection that the gate looks at first."""

    __slots__ = ("_counted", "_door")

    def __init__(self, door: Door) -> None:
        super().__init__(door.endpoint)
        self._door = door
        self._counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Lets in or turns away."""
        gate = self._door.gate
        if gate is None:
            super().connection_made(transport)
            return
        if self.told is None:
            name = transport.get_extra_info("peername")
            ip = str(name[0]).removeprefix("::ffff:") if isinstance(name, tuple) else ""
        else:
            ip = self.told[0].ip
        if gate.admit(ip):
            self._counted = True
            super().connection_made(transport)
        else:
            self._turn_away(transport, gate)

    def lost(self, reason: str) -> None:
        """Makes room."""
        super().lost(reason)
        if self._counted and self._door.gate is not None:
            self._door.gate.leave(self.peer.ip)

    def _turn_away(self, transport: asyncio.BaseTransport, gate: Gate) -> None:
        Link.connection_made(self, transport)
        why = gate.why(self.peer.ip)
        if why:
            self._door.refused(self.peer.ip, why)
        if self._endpoint.implicit_tls is None and self._door.refusal:
            self.send(self._door.refusal)
        self.eof = True  # whatever it might say: it is not waited for
        self._end("refused")


class Tapped(Guest):
    """A connection that `tap` listens in on."""

    __slots__ = ("_overheard", "_tap")

    def __init__(self, door: Door, tap: Tap) -> None:
        super().__init__(door)
        self._tap = tap
        self._overheard: Overheard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Listens before the first word."""
        self._overheard = self._tap(*known_ends(transport, self.told))
        super().connection_made(transport)

    def take(self, data: bytes) -> None:
        """What came is heard before it is answered."""
        self._overheard.came(data)
        super().take(data)

    def send(self, data: bytes) -> None:
        """What goes is heard."""
        self._overheard.went(data)
        super().send(data)

    def secured(self, facts: TlsFacts) -> None:
        """The handshake is heard of before the first word under it."""
        self._overheard.secured(facts)
        super().secured(facts)

    def lost(self, reason: str) -> None:
        """The end, and why."""
        super().lost(reason)
        self._overheard.ended(self._ending)


def _guest(door: Door) -> Guest:
    if door.guest is not None:
        return door.guest(door)
    return Guest(door) if door.tap is None else Tapped(door, door.tap)


def _announced(door: Door) -> Proxied:
    def begin(transport: asyncio.BaseTransport, ends: tuple[Peer, Peer] | None) -> Guest:
        guest = _guest(door)
        guest.told = ends
        transport.set_protocol(guest)
        guest.connection_made(transport)
        return guest

    return Proxied(door.proxies, begin, door.endpoint.connections, door.refused)


def most_connections() -> int:
    """How many connections the process's limit of open files allows for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, soft - min(KEPT_BACK, soft // 2))
