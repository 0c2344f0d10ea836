"""HTTP of anything: nothing raises, nothing is told as a fault of ours, and each connection comes to its end."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.net.http import HttpService, HttpSession
from postroom.net.session import Peer
from postroom.web.doors import Facts, doors
from postroom.web.guard import Guard, Rules
from postroom.web.hosts import Hosts
from postroom.web.mta_sts import Policy
from postroom.web.services import offers_of

PIECES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\n",
        b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n",
        b"GET /.well-known/acme-challenge/%00%ff HTTP/1.1\r\n",
        b"GET http://[::1 HTTP/1.1\r\n",
        b"CONNECT l.test:443 HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"Host: l.test\r\n",
        b"Host: mta-sts.l.test:99999\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: upgrade\r\nUpgrade: websocket\r\n",
        b"Connection: close\r\n",
        b"Cookie: a=b\r\nOrigin: \xff\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"hello",
        b"\n",
        b"\x00",
    ]
)


class Wire:
    """A connection that reads all, and goes away when it is closed."""

    peer, local = Peer("192.0.2.1", 9), Peer("192.0.2.2", 80)
    tls = None
    opened_at = quiet_since = heard_at = 0.0
    parting = False

    def __init__(self, session: HttpSession) -> None:
        self.session = session
        self.bytes_in = 0
        self.said = b""

    def wake(self) -> None:
        self.said += self.session.data_to_send()

    async def drained(self) -> None:
        self.wake()

    def start_tls(self, context: Any) -> None:
        raise AssertionError

    def close(self, reason: str) -> None:
        raise AssertionError


async def ours(name: str) -> bool:
    return name == "l.test"


async def nothing(_: str) -> None:
    return None


async def converse(pieces: list[bytes]) -> tuple[bytes, list[BaseException]]:
    faults: list[BaseException] = []
    hosts = Hosts(frozenset(("l.test",)), ours)
    facts = Facts(hosts, lambda: offers_of("l.test", {}), lambda _: Policy("none", (), 1), nothing)
    guard = Guard(Rules(hosts.hears, lambda: 0, lambda: 0), (), doors(facts))
    service = HttpService(guard, lambda: 0.0, faults.append)
    session = HttpSession(service)
    wire = Wire(session)
    session.opened(wire)
    for piece in pieces:
        wire.bytes_in += len(piece)
        session.receive(piece)
        session.next_event()
        assert session.deadline() >= 0
        for _ in range(20):
            await asyncio.sleep(0)
    session.dismissed()
    session.closed("done")
    await service.stop()
    return wire.said, faults


@settings(max_examples=300)
@given(st.lists(PIECES | st.binary(max_size=40), max_size=12))
def test_anything(pieces: list[bytes]) -> None:
    said, faults = asyncio.run(converse(pieces))
    assert faults == []
    assert not said or said.startswith(b"HTTP/1.1 ")


@settings(max_examples=50)
@given(st.binary(max_size=200), st.integers(1, 7))
def test_the_cut_does_not_matter(tail: bytes, cut: int) -> None:
    asked = (
        b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.l.test\r\nConnection: close\r\n\r\n" + tail
    )
    whole, _ = asyncio.run(converse([asked]))
    pieces, _ = asyncio.run(converse([asked[at : at + cut] for at in range(0, len(asked), cut)]))
    assert whole == pieces
    assert whole.startswith(b"HTTP/1.1 200 ")
