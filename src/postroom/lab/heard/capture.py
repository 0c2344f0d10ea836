"""What goes over the lab's connections while somebody takes it down as a capture file: SMTP, LMTP, POP3, IMAP and the questions to the DNS.

The servers' addresses are those of the lab, their ports the standard ones; secrets are asterisks unless they are asked for. Connections that were open before are
left out, for a stream without its beginning tells little. HTTP is left out, for its requests are full of secrets. Not here: packets (`message.journey.captures`), what is
secret (`lab.heard.overheard`), the command.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from postroom.app.control import OperationError
from postroom.lab.heard.feed import Feed
from postroom.lab.heard.overheard import Piece, SmtpDialogue, dialogue_of
from postroom.lab.plan import House
from postroom.message.journey.captures import LOOPBACK, STANDARD_PORTS, Capture, CapturedConnection, decodable
from postroom.net.session import Peer, TlsFacts
from postroom.net.tapped import Overheard
from postroom.wire.packets import End

CAPTURE: Final = "capture"
MOST_WAITING: Final = 64 << 20  # octets that wait for whoever takes them
MOST_SECONDS: Final = 86_400  # that a capture takes
TOO_SLOW: Final = "the capture ended: what was said was more than was taken"
_BY_CLIENT: Final = ("closed by the peer", "connection lost")


class Recording:
    """One capture while it is taken; ends with `stop`."""

    def __init__(self, names: Mapping[str, str], *, show_secrets: bool) -> None:
        self.show_secrets = show_secrets
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._over = self._too_slow = False
        self._news = asyncio.Event()
        self.capture = Capture(self._put, names, masked=not show_secrets)

    @property
    def over(self) -> bool:
        """Whether nothing is taken any more."""
        return self._over

    def stop(self) -> None:
        """No more; what waits can still be taken."""
        self._over = True
        self._news.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file, piece by piece. Raises `OperationError` when it was not taken as fast as it came."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._pieces:
                taken = b"".join(self._pieces)
                self._pieces.clear()
                self._waiting = 0
                yield taken
            if self._too_slow:
                raise OperationError(TOO_SLOW)
            if self._over and not self._pieces:
                return

    def _put(self, octets: bytes) -> None:
        if self._over:
            return
        self._waiting += len(octets)
        if self._waiting > MOST_WAITING:
            self._over = self._too_slow = True
        else:
            self._pieces.append(octets)
        self._news.set()


class Captures:
    """All captures of a lab. `now` gives unix microseconds."""

    def __init__(self, now: Callable[[], int], houses: Sequence[House]) -> None:
        self._now = now
        self._addresses = {house.domain: house.ip for house in houses}
        self._names = {house.ip: house.host for house in houses}
        self._running: list[Recording] = []

    def begin(self, *, show_secrets: bool = False) -> Recording:
        """One more, of what is opened from now on."""
        recording = Recording(self._names, show_secrets=show_secrets)
        self._running.append(recording)
        return recording

    def end(self, recording: Recording) -> None:
        """It has been taken."""
        recording.stop()
        if recording in self._running:
            self._running.remove(recording)

    def hear(self, feed: Feed, server: str, service: str, far: Peer, near: Peer) -> Overheard:
        """A connection begins: the feed hears it, and every capture that it is for."""
        hearing = feed.overhear(server, service, far, near)
        others = self.overhear(server, service, far, near)
        return Both([hearing, *others]) if others else hearing

    def overhear(self, server: str, service: str, far: Peer, near: Peer) -> list[Overheard]:
        """A connection begins: who listens in on it."""
        if not self._running or service not in STANDARD_PORTS:
            return []
        client, at = End(far.ip, far.port), End(self._address(server, far, near), near.port)
        return [
            _Listening(self._now, one, one.capture.connection(self._now(), client, at, service), service)
            for one in self._running
        ]

    def asked(self, transport: str, peer: Sequence[Any], wires: Sequence[bytes]) -> None:
        """A question to the lab's DNS and its answer, if there was one, as they went."""
        client, server = End(str(peer[0]), int(peer[1])), End(LOOPBACK, 53)
        for one in self._running:
            if transport == "udp":
                one.capture.question(self._now(), client, server, wires)
            else:
                _over_tcp(one.capture.connection(self._now(), client, server, "domain"), self._now(), wires)

    def _address(self, server: str, far: Peer, near: Peer) -> str:
        """The server's address in the lab; where the client came by another kind of IP, the one it came to."""
        address = self._addresses.get(server, "")
        return address if address and ":" not in far.ip else near.ip


def _over_tcp(connection: CapturedConnection, now: int, wires: Sequence[bytes]) -> None:
    """RFC 1035 §4.2.2: two octets of length before each message."""
    for say, wire in zip((connection.came, connection.went), wires, strict=False):
        say(now, len(wire).to_bytes(2, "big") + wire)
    connection.ended(now, by_client=True)


class _Listening:
    """On one connection, for one capture."""

    def __init__(
        self, now: Callable[[], int], recording: Recording, connection: CapturedConnection, service: str
    ) -> None:
        self._now = now
        self._recording = recording
        self._connection = connection
        self._dialogue = dialogue_of(service)
        self._open = (
            bytearray(),
            bytearray(),
        )  # what came and what went as it was, up to the last whole line

    def came(self, data: bytes) -> None:
        if not self._recording.over:
            self._open[0].extend(data)
            self._say(self._connection.came, self._open[0], self._dialogue.came(data))

    def went(self, data: bytes) -> None:
        if not self._recording.over:
            self._open[1].extend(data)
            self._say(self._connection.went, self._open[1], self._dialogue.went(data))
            self._say(self._connection.came, self._open[0], self._dialogue.came())

    def secured(self, facts: TlsFacts) -> None:
        self._dialogue.secured()
        for was in self._open:
            was.clear()
        self._connection.secured(self._now(), f"{facts.version} {facts.cipher}")

    def ended(self, reason: str) -> None:
        self._dialogue.ended()
        self._say(self._connection.came, self._open[0], self._dialogue.came())
        self._connection.ended(self._now(), by_client=reason in _BY_CLIENT)

    def _say(self, say: Callable[[int, bytes], None], was: bytearray, pieces: Iterable[Piece]) -> None:
        """A message begins and ends with a segment: some analysers look for it there only."""
        for piece in _segments(pieces):
            octets, size = piece, sum(map(len, piece))
            if self._recording.show_secrets:  # what is masked is as long as what it masks
                octets = [bytes(was[:size])]
            elif isinstance(self._dialogue, SmtpDialogue):
                octets = [decodable(line) for line in piece]
            del was[:size]
            say(self._now(), b"".join(octets))


def _segments(pieces: Iterable[Piece]) -> Iterator[list[bytes]]:
    """Lines and content apart; the dot that ends content goes with it."""
    gathered: list[bytes] = []
    within = False
    for octets, content in pieces:
        if content and not within and gathered:
            yield gathered
            gathered = []
        gathered.append(octets)
        if not content and within:
            yield gathered
            gathered = []
        within = content
    if gathered:
        yield gathered


class Both:
    """Several who listen in on one connection."""

    def __init__(self, listening: Sequence[Overheard]) -> None:
        self._listening = listening

    def came(self, data: bytes) -> None:
        for one in self._listening:
            one.came(data)

    def went(self, data: bytes) -> None:
        for one in self._listening:
            one.went(data)

    def secured(self, facts: TlsFacts) -> None:
        for one in self._listening:
            one.secured(facts)

    def ended(self, reason: str) -> None:
        for one in self._listening:
            one.ended(reason)


async def taken(captures: Captures, arguments: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
    """The operation: the pieces of a file as `octets`, for so many `seconds` (0: until nobody listens), with `show_secrets` or without."""
    seconds = arguments.get("seconds", 0)
    if not isinstance(seconds, int | float) or not 0 <= seconds <= MOST_SECONDS:
        raise OperationError(f"seconds are from 0 to {MOST_SECONDS}")
    recording = captures.begin(show_secrets=arguments.get("show_secrets", False) is True)
    timer = asyncio.get_running_loop().call_later(seconds, recording.stop) if seconds else None
    try:
        async for octets in recording.pieces():
            yield {"octets": octets}
    finally:
        if timer is not None:
            timer.cancel()
        captures.end(recording)
