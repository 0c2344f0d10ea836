"""Who is at the two ends of a connection; the rest of it is seen through the pump and the client."""

import asyncio
import socket
import ssl
import struct
from typing import Any

import pytest

from postroom.net.link import Link, ends
from postroom.net.session import Peer
from postroom.net.tls.layer import SLICE


class Transport:
    def __init__(self, peer: Any = None, family: int = socket.AF_INET) -> None:
        self.written: list[bytes] = []
        self.info = {"peername": peer, "sockname": ("192.0.2.9", 25), "socket": self}
        self.family = family

    def get_extra_info(self, name: str) -> Any:
        return self.info[name]

    def getsockopt(self, *_: int) -> bytes:
        return (4711).to_bytes(4, "little") + (1000).to_bytes(4, "little") + bytes(4)

    def write(self, data: bytes) -> None:
        self.written.append(data)


class Listening(Link):
    """Remembers what it was told."""

    heard = b""
    over = False

    def take(self, data: bytes) -> None:
        self.heard += data

    def lost(self, reason: str) -> None:
        self.over = True


@pytest.mark.parametrize(
    ("peer", "far"),
    [
        (("192.0.2.1", 5), Peer("192.0.2.1", 5)),
        (("::ffff:192.0.2.1", 5, 0, 0), Peer("192.0.2.1", 5)),
        (("2001:db8::1", 5, 0, 0), Peer("2001:db8::1", 5)),
        (("fe80::1%eth0", 5, 0, 2), Peer("fe80::1", 5)),
        (None, Peer("0.0.0.0")),
    ],
)
def test_ends(peer: Any, far: Peer) -> None:
    assert ends(Transport(peer)) == (far, Peer("192.0.2.9", 25))  # type: ignore[arg-type]
    assert not far.is_loopback


def test_the_user_behind_a_unix_socket() -> None:
    assert ends(Transport("", socket.AF_UNIX))[0] == Peer("", 0, 1000)  # type: ignore[arg-type]


def test_what_is_long_leaves_as_short_records(client_tls: ssl.SSLContext, server_tls: ssl.SSLContext) -> None:
    client, server = Listening(), Listening()
    there, here = Transport(), Transport()
    client.connection_made(there)  # type: ignore[arg-type]
    server.connection_made(here)  # type: ignore[arg-type]
    server.switch_tls_on(server_tls, server_side=True)
    client.switch_tls_on(client_tls, server_side=False, server_name="mx.test")
    while there.written or here.written:
        for transport, other in ((there, server), (here, client)):
            records, transport.written = transport.written, []
            for record in records:
                other.data_received(record)
    said = bytes(range(256)) * (5 * SLICE // 256) + b"."
    server.send(said)
    assert len(here.written) == 6
    assert max(map(len, here.written)) < SLICE + 256
    for record in here.written:
        client.data_received(record)
    assert client.heard == said


async def test_a_peer_that_has_gone_is_no_fault_when_we_hang_up() -> None:
    """It has reset the connection, and nobody has read from there yet: asyncio says that from the call itself."""
    links: list[Listening] = []

    def accept() -> Listening:
        links.append(Listening())
        return links[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(accept, "127.0.0.1", 0)
    client = socket.create_connection(server.sockets[0].getsockname())
    while not links or links[0]._transport is None:
        await asyncio.sleep(0.01)
    links[0].read(False)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    await asyncio.sleep(0.05)
    links[0].hang_up()
    async with asyncio.timeout(5):
        while not links[0].over:
            await asyncio.sleep(0.01)
    server.close()
