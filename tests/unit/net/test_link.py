"""Who is at the two ends of a connection; the rest of it is seen through the pump and the client."""

import socket
from typing import Any

import pytest

from postroom.net.link import ends
from postroom.net.session import Peer


class Transport:
    def __init__(self, peer: Any, family: int = socket.AF_INET) -> None:
        self.info = {"peername": peer, "sockname": ("192.0.2.9", 25), "socket": self}
        self.family = family

    def get_extra_info(self, name: str) -> Any:
        return self.info[name]

    def getsockopt(self, *_: int) -> bytes:
        return (4711).to_bytes(4, "little") + (1000).to_bytes(4, "little") + bytes(4)


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
