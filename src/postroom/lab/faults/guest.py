"""Connections of a lab on which something goes wrong: they are refused, held back, cut, or what is said drips out octet by octet.

RFC 5321 §4.5.3.2 (what a client waits for), RFC 8446 §6.2 (alerts that end a handshake). All waiting is by the lab's clock. A connection without a fault is
as any other that is listened in on. Not here: faults of single commands (`lab.faults.session`), which rule has its turn (`lab.faults.rules`).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Final, NamedTuple

from postroom.lab.faults.entrances import Entrances
from postroom.lab.faults.rules import FaultRule, FaultRules
from postroom.lab.faults.stages import ALERTS
from postroom.net.clock import Clock
from postroom.net.link import Link
from postroom.net.listener import Door, Guest, Tapped
from postroom.net.session import Peer
from postroom.net.tapped import Tap, known_ends

AS_ASKED: Final = "a fault that was asked for"
_LINGER: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset
_ALERT: Final = b"\x15\x03\x03\x00\x02\x02"  # a fatal alert of TLS, but for its description


class _Words(NamedTuple):
    """What is to be said: after `delay` seconds, one octet every `pace` seconds when that is not 0."""

    data: bytes
    delay: float
    pace: float


class Whereabouts(NamedTuple):
    """What a connection is one of."""

    service: str
    domain: str


class Trouble:
    """What the faulty connections of a lab share. `certificate` gives the context that shows what is wrong, by domain and what that is."""

    def __init__(
        self, rules: FaultRules, clock: Clock, certificate: Callable[[str, str], ssl.SSLContext]
    ) -> None:
        self.rules = rules
        self.clock = clock
        self.certificate = certificate
        self.entrances = Entrances(rules)
        self._open: dict[Peer, FaultyGuest] = {}
        self._nobody: socket.socket | None = None

    def port(self, domain: str, port: int) -> int:
        """Where another server is to connect: `port`, or one at which nobody listens while connections are refused."""
        if not self.rules.refuses_next("smtp", domain):
            return port
        if self._nobody is None:  # bound, so that nobody else gets it
            self._nobody = socket.socket()
            self._nobody.bind(("0.0.0.0", 0))  # noqa: S104 -- nobody listens there
        return int(self._nobody.getsockname()[1])

    def part(self, ips: Collection[str]) -> None:
        """Ends the connections that come from these addresses, as soon as they are at rest."""
        for guest in tuple(self._open.values()):
            if guest.peer.ip in ips:
                guest.dismiss()

    def close(self) -> None:
        """The lab ends."""
        if self._nobody is not None:
            self._nobody.close()

    def enter(self, guest: FaultyGuest) -> None:
        """A connection begins."""
        self._open[guest.peer] = guest

    def leave(self, guest: FaultyGuest) -> None:
        """It is gone."""
        if self._open.get(guest.peer) is guest:
            del self._open[guest.peer]

    def of(self, peer: Peer) -> FaultyGuest | None:
        """The connection that has this far end."""
        return self._open.get(peer)


class FaultyGuest(Tapped):
    """One connection. `pace` is set while what is said drips, in seconds between two octets; `delay` holds back the next words, once."""

    __slots__ = (
        "_breaks",
        "_context",
        "_early",
        "_parting",
        "_trouble",
        "_waiting",
        "_whose",
        "_work",
        "delay",
        "pace",
    )

    def __init__(self, door: Door, tap: Tap, trouble: Trouble, whose: Whereabouts) -> None:
        super().__init__(door, tap)
        self._trouble = trouble
        self._whose = whose
        self._waiting: deque[_Words] = deque()
        self._work: asyncio.Task[None] | None = None
        self._parting = False  # close when all is said
        self._context: ssl.SSLContext | None = None  # for a handshake when all is said
        self._breaks: bytes | None = None  # what answers a ClientHello, in place of a handshake
        self._early: bytearray | None = None  # what comes while nobody is to hear it
        self.pace = self.delay = 0.0

    # ---------------------------------------------------------------------------------------------------------- the beginning

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins, later, or not at all."""
        rule = self._trouble.rules.at_connection("connect", *self._whose)
        if rule is None:
            super().connection_made(transport)
            self._trouble.enter(self)
            return
        self._overheard = self._tap(*known_ends(transport, self.told))
        Link.connection_made(self, transport)
        self._endpoint.connections.add(self)
        self._trouble.enter(self)
        self._early = bytearray()
        self._do(self._begin(rule, transport))

    async def _begin(self, rule: FaultRule, transport: asyncio.BaseTransport) -> None:
        await self._trouble.clock.sleep(rule.delay)
        self._work = None
        if self._transport is None or self._ending:
            return
        if rule.drop or rule.refuse:
            self.cut(reset=rule.refuse)
            return
        Guest.connection_made(self, transport)
        self._hear()

    def cut(self, *, reset: bool = False) -> None:
        """Ends the connection without a word; with `reset` the peer hears of an error, otherwise of an end."""
        self._waiting.clear()
        self._ending = self._ending or AS_ASKED
        transport = self._transport
        if reset and transport is not None:
            sock: socket.socket = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            self.abort()
        else:
            self.eof = True  # whatever it might still say is not waited for
            self.hang_up()

    # -------------------------------------------------------------------------------------------------------- what is said

    def send(self, data: bytes) -> None:
        """Says it, or puts it behind what waits."""
        if self.delay or self.pace or self._waiting:
            self._waiting.append(_Words(data, self.delay, self.pace))
            self.delay = 0.0
            if self._work is None:
                self._do(self._speak())
        else:
            super().send(data)

    def settle(self) -> None:
        """What was said up to now keeps its pace; what follows does not."""
        self._say()
        self.pace = 0.0

    async def _speak(self) -> None:
        clock = self._trouble.clock
        due = clock.monotonic()
        while self._waiting and self._transport is not None:
            words = self._waiting[0]
            due = max(due, clock.monotonic()) + words.delay
            await clock.sleep(due - clock.monotonic())
            if not self._waiting:
                return
            step = 1 if words.pace else len(words.data)
            for at in range(0, len(words.data), step):
                due += words.pace
                await clock.sleep(due - clock.monotonic())
                if not self._waiting:  # cut, or gone
                    return
                super().send(words.data[at : at + step])
            self._waiting.popleft()
        self._work = None
        self._all_said()

    def _all_said(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            self.switch_tls_on(context, server_side=True)
        elif self._parting:
            super().hang_up()

    def hang_up(self) -> None:
        """Closes when all is said."""
        if self._waiting:
            self._parting = True
        else:
            super().hang_up()

    def draining(self) -> bool:
        """Somebody who hears one octet after the other is not one who does not read."""
        return super().draining() or bool(self._waiting)

    def lost(self, reason: str) -> None:
        """Nothing more is said."""
        self._waiting.clear()
        if self._work is not None:
            self._work.cancel()
        self._trouble.leave(self)
        super().lost(reason)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = asyncio.get_running_loop().create_task(work)

    # -------------------------------------------------------------------------------------------------------------- TLS

    def switch_tls_on(self, context: ssl.SSLContext, *, server_side: bool, server_name: str = "") -> None:
        """Does the handshake, with what is wrong in it."""
        if self._waiting:
            self.tls, self.handshaking, self._context = None, True, context
            return
        rule = self._trouble.rules.at_connection("tls", *self._whose, wanted=lambda rule: not rule.strip)
        if rule is not None:
            if rule.certificate:
                context = self._trouble.certificate(self._whose.domain, rule.certificate)
            if rule.reply or rule.drop:
                self._breaks = _ALERT + bytes([ALERTS[rule.reply]]) if rule.reply else b""
            if rule.delay:
                self._early = bytearray()
                self._do(self._wait(rule.delay))
        super().switch_tls_on(context, server_side=server_side, server_name=server_name)

    async def _wait(self, seconds: float) -> None:
        await self._trouble.clock.sleep(seconds)
        self._work = None
        self._hear()

    def _hear(self) -> None:
        early, self._early = self._early, None
        if early and self._transport is not None:
            self.data_received(bytes(early))

    def data_received(self, data: bytes) -> None:
        """A ClientHello may have to wait, or be answered by an alert, or by nothing."""
        if self._early is not None:
            self._early += data
        elif self._breaks is None or not self.handshaking or self._transport is None:
            super().data_received(data)
        elif not self.closing:
            self._transport.write(self._breaks)
            self._ending = AS_ASKED
            self._layer = None  # no close_notify: nothing was agreed on
            self.eof = True
            self.hang_up()
