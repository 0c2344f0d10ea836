"""A message's journey as a capture file: the dialogues of its hops, as far as they were spoken over a connection.

RFC 5321 §3, RFC 3030 §2, RFC 1939 §3. Journeys hold dialogues line by line, without passwords and without the message itself: that is put in where it is known,
and filled up where it is not. What one server sent and another took is there once. Not here: packets and ports (`message.journey.captures`), where messages are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import msgspec

from postroom.message.journey.captures import Capture, CapturedConnection, decodable
from postroom.message.journey.events import (
    Authenticated,
    Connected,
    Hop,
    HopKind,
    JourneyEvent,
    Outcome,
    Said,
    Secured,
)
from postroom.message.journey.figure import QUEUED
from postroom.wire.dots import stuff
from postroom.wire.numbers import decimal
from postroom.wire.packets import End

_CONTENT: Final = re.compile(rb"\[(\d{1,18}) octets of message\]")
_CHUNK: Final = re.compile(rb"BDAT (\d{1,18})( LAST)?", re.IGNORECASE)
MOST_FILLED: Final = (
    1 << 20
)  # octets that stand for a message that is not known: a client may claim any number
_LOGGED_IN: Final = re.compile(r"e?smtps?a", re.IGNORECASE)  # RFC 3848


class Told(msgspec.Struct, frozen=True):
    """A journey of one server. `address` is what the server's name leads to, "" for where it was connected to; `content` its message, b"" where it is not known."""

    id: str
    hops: Sequence[Hop]
    address: str = ""
    content: bytes = b""


def capture_journeys(capture: Capture, journeys: Sequence[Told]) -> None:
    """Writes all connections of these journeys."""
    contents = {one.id: one.content for one in journeys}
    sent = {name for one in journeys for hop in one.hops for name in named(hop) if name != one.id}
    talks: dict[tuple[str, str], _Talk] = {}
    for one in journeys:
        for hop in one.hops:
            met = next((event for event in hop.events if isinstance(event, Connected)), None)
            if met is None or not any(isinstance(event, Said) for event in hop.events):
                continue  # no connection, or one of a protocol whose lines no journey keeps
            if hop.kind is HopKind.RECEIVED and one.id in sent:
                continue  # of what was relayed, the sender's side knows the last reply too
            told = _known(
                [*(contents.get(name, b"") for name in named(hop)), one.content, *contents.values()]
            )
            talk = talks.setdefault((met.peer, met.local), _Talk(met, hop, one.address))
            talk.add(hop, told)
    for _, act in sorted((step for talk in talks.values() for step in talk.steps(capture)), key=_when):
        act()


def named(hop: Hop) -> list[str]:
    """The journeys that a hop led to, as the replies of the next servers name them."""
    return [
        match
        for event in hop.events
        if isinstance(event, Outcome) and event.result == "relayed"
        for match in QUEUED.findall(event.text)
    ]


_Step = tuple[int, Callable[[], None]]
_Find = Callable[[int, bytes], bytes]


def _when(step: _Step) -> int:
    return step[0]


class _Talk:
    """One connection, whichever hops tell of it: a session of POP3 tells more with each message that is read."""

    def __init__(self, met: Connected, hop: Hop, address: str) -> None:
        self._ours = hop.kind is HopKind.RELAY
        here, there = _end(met.local), _end(met.peer)
        if address:
            here = End(address, here.port)
        self._client, self._server = (here, there) if self._ours else (there, here)
        self._service = _service(met, hop.kind)
        self._hops: list[tuple[Hop, _Find]] = []
        self._connection: CapturedConnection

    def add(self, hop: Hop, find: _Find) -> None:
        self._hops.append((hop, find))

    def steps(self, capture: Capture) -> Iterator[_Step]:
        """What happened, each with its time. The closures run in the order of their times, the first one first."""
        self._hops.sort(key=lambda pair: pair[0].started)
        at = self._hops[0][0].started
        yield at, lambda at=at: self._open(capture, at)  # type: ignore[misc]
        for number, (hop, find) in enumerate(self._hops):
            for event in _news(hop.events) if number else hop.events:
                at = max(at, hop.started + event.at * 1000)
                if isinstance(event, Secured):
                    yield at, lambda at=at, event=event: self._secure(at, event)  # type: ignore[misc]
                elif isinstance(event, Said):
                    yield at, lambda at=at, event=event, find=find: self._say(at, event, find)  # type: ignore[misc]
        yield at, lambda at=at: self._connection.ended(at, by_client=self._ours)  # type: ignore[misc]

    def _open(self, capture: Capture, at: int) -> None:
        self._connection = capture.connection(at, self._client, self._server, self._service)

    def _secure(self, at: int, event: Secured) -> None:
        self._connection.secured(at, f"{event.version} {event.cipher}".strip())

    def _say(self, at: int, event: Said, find: _Find) -> None:
        from_client = b">" if self._ours else b"<"
        for direction, octets in _turns(event.lines, find):
            say = self._connection.came if direction == from_client else self._connection.went
            say(at, octets)


def _turns(lines: Sequence[bytes], find: _Find) -> Iterator[tuple[bytes, bytes]]:
    """Who speaks, and all that he says before the other one does. A message begins and ends with a segment: some analysers look for it there only."""
    for (direction, _), spoken in groupby(
        _spoken(lines, find), key=lambda said: (said.direction, said.number)
    ):
        yield direction, b"".join(said.octets for said in spoken)


class _Said(NamedTuple):
    """`number` counts messages: odd within one, even between them."""

    direction: bytes
    octets: bytes
    number: int


def _spoken(lines: Sequence[bytes], find: _Find) -> Iterator[_Said]:
    """Each line as it went, with the message in its place."""
    chunks = _chunked(lines, find)
    previous = asked = speaker = b""
    number = 0
    for line in lines:
        direction, text = line[:1], line[1:]
        if direction != speaker:
            speaker, asked = direction, previous
        marker, chunk = _CONTENT.fullmatch(text), _CHUNK.fullmatch(text)
        content = next(chunks) if chunk else None
        if marker is None:
            yield _Said(direction, decodable(text) + b"\r\n", number)
        elif not _CHUNK.fullmatch(previous):  # a chunk is told with its command
            content = stuff(find(int(marker[1]), asked))
        if content is not None:
            yield _Said(direction, content, number + 1)
            number += 2
        previous = text


def _chunked(lines: Sequence[bytes], find: _Find) -> Iterator[bytes]:
    """The chunks of RFC 3030, one after another: together they are the message."""
    found = [chunk for line in lines if (chunk := _CHUNK.fullmatch(line[1:]))]
    while found:
        last = next((number for number, chunk in enumerate(found) if chunk[2]), len(found) - 1)
        sizes = [int(chunk[1]) for chunk in found[: last + 1]]
        found = found[last + 1 :]
        whole, start = find(sum(sizes), b"BDAT"), 0
        for size in sizes:
            yield whole[start : start + size]
            start += size


def _known(contents: Iterable[bytes]) -> _Find:
    """Finds the octets that went, by their number, among messages that grew on their way: each server puts fields before them."""
    candidates = [content for content in contents if content]

    def find(size: int, command: bytes) -> bytes:
        if command[:4].upper() == b"TOP ":  # the beginning, of what the reader has
            found = next((one[:size] for one in candidates[:1] if len(one) >= size), None)
        else:
            found = next((one[-size:] for one in candidates if size and _ends_so(one, size)), None)
        return found if found is not None else _filled(size)

    return find


def _ends_so(content: bytes, size: int) -> bool:
    return len(content) == size or (len(content) > size and content[-size - 1 : -size] == b"\n")


def _filled(size: int) -> bytes:
    """So many octets, as far as they may be, that say what they stand for."""
    line = b"[%d octets of message, which are not known here]\r\n" % size
    size = min(size, MOST_FILLED)
    return (b"\r\n" + line * (size // len(line) + 1))[: max(0, size - 2)] + b"\r\n"[:size]


def _news(events: Sequence[JourneyEvent]) -> Sequence[JourneyEvent]:
    """Of a hop whose connection is known: what was said since, which stands behind what all its hops tell."""
    known = max(
        (n for n, event in enumerate(events) if isinstance(event, Secured | Authenticated)), default=-1
    )
    return events[known + 1 :]


def _service(met: Connected, kind: HopKind) -> str:
    protocol = met.protocol.lower()
    if protocol.startswith(("pop3", "imap", "lmtp")):
        return protocol[:4]
    return "submission" if kind is HopKind.RECEIVED and _LOGGED_IN.fullmatch(protocol) else "smtp"


def _end(text: str) -> End:
    """`127.0.0.1:25`, `[::1]:25`, `::1:25`."""
    ip, _, port = text.rpartition(":")
    number = decimal(port, 5)
    return End(text, 0) if number is None or not ip else End(ip.strip("[]"), number)
