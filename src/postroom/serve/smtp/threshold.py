"""Between the connection and the door: the guard's visit, a greeting that may wait, and a client that a proxy speaks for.

RFC 5321 §3.1 (a client waits for the greeting), Postfix's documentation of XCLIENT. Where no guard stands, the door is the service's own. Not
here: what the guard thinks (`intake.guard`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from postroom.intake.client import Client
from postroom.intake.door import Door
from postroom.intake.guard.guard import Guard
from postroom.intake.guard.visit import Visit
from postroom.net.networks import Networks
from postroom.net.session import Connection, Peer
from postroom.proto.smtp.server import SmtpServer
from postroom.proto.smtp.xclient import ClientFacts

NOWHERE = "0.0.0.0"  # noqa: S104 -- the address of a client whose proxy does not know it: nobody's


class Threshold:
    """One connection's. `door` is what its commands are brought to; `tell` logs an event with its facts; who connects from `proxies` may say XCLIENT."""

    __slots__ = ("_closed", "_guard", "_proxies", "_service_door", "_tell", "_visit", "door")

    def __init__(
        self, door: Door, tell: Callable[..., object], guard: Guard | None, proxies: Networks
    ) -> None:
        self.door = self._service_door = door
        self._guard = guard
        self._proxies = proxies
        self._tell = tell
        self._visit: Visit | None = None
        self._closed = False

    def open(self, machine: SmtpServer, connection: Connection, client: Client) -> None:
        """A connection begins: it is greeted at once, or after the guard's pause, for which a client waits."""
        if client.peer.ip in self._proxies:
            machine.believe()
        self.meet(client)
        delay = self._visit.greet_delay if self._visit is not None else 0.0
        if delay <= 0:
            machine.greet()
            return

        def greet() -> None:
            if not self._closed and not machine.closing:
                if machine.lines.pending:
                    self._tell_refused("554 5.5.0", client, "spoke before the greeting")
                machine.greet()
                connection.wake()

        asyncio.get_running_loop().call_later(delay, greet)

    def meet(self, client: Client) -> None:
        """Somebody comes, or it turns out that it is somebody else."""
        if self._guard is not None:
            self.close()
            self._closed = False
            self.door = self._visit = Visit(self._guard, self._service_door, client)

    async def refuse(self, reply: str, client: Client, why: str) -> None:
        """Before a refusal is said: it is told of, and may have to wait."""
        self._tell_refused(reply, client, why)
        if self._visit is not None:
            await self._visit.hold()

    def _tell_refused(self, reply: str, client: Client, why: str) -> None:
        self._tell("client.refused", reply=reply, client=client.peer.ip, detail=why)

    def close(self) -> None:
        """The connection has ended."""
        self._closed = True
        if self._visit is not None:
            self._visit.close()


def announced(before: Client, facts: ClientFacts) -> Client:
    """The client that a proxy has told of: what was not said of it is the proxy's own; nobody has logged in."""
    return Client(
        Peer(
            before.peer.ip if facts.addr is None else facts.addr or NOWHERE,
            before.peer.port if facts.port is None else max(0, facts.port),
        ),
        Peer(
            facts.destaddr or before.local.ip,
            before.local.port if facts.destport is None else max(0, facts.destport),
        ),
        lmtp=before.lmtp,
        helo=facts.helo or "",
        esmtp=bool(facts.esmtp),
        tls=before.tls,
        reverse=before.reverse if facts.name is None else facts.name,
    )
