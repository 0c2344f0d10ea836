"""Connections in a capture: standard ports, no port twice, TLS taken off, masked logins."""

from __future__ import annotations

import struct

import pytest

from postroom.message.journey import captures as captured
from postroom.message.journey.captures import Capture, CapturedConnection, decodable
from postroom.wire.packets import End

CLIENT, SERVER = End("127.0.0.1", 50_000), End("127.0.0.3", 2525)


class Taken:
    """A capture, and what was written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.capture = Capture(self.pieces.append)

    def ports(self) -> list[tuple[int, int]]:
        """Of each SYN: from where to where."""
        packets = [piece[28:] for piece in self.pieces[1:]]
        return [struct.unpack("!HH", packet[20:24]) for packet in packets if packet[33] == 2]

    def whole(self) -> bytes:
        return b"".join(self.pieces)


@pytest.fixture
def taken() -> Taken:
    return Taken()


def connection(taken: Taken, service: str = "smtp") -> CapturedConnection:
    return taken.capture.connection(5, CLIENT, SERVER, service)


@pytest.mark.parametrize(
    ("service", "port"),
    [("smtp", 25), ("submissions", 587), ("pop3s", 110), ("imaps", 143), ("lmtp", 24), ("other", 2525)],
)
def test_standard_ports(taken: Taken, service: str, port: int) -> None:
    connection(taken, service)
    assert taken.ports() == [(50_000, port)]


def test_a_port_that_comes_again_is_another(taken: Taken) -> None:
    for _ in range(3):
        connection(taken)
    assert taken.ports() == [(50_000, 25), (50_001, 25), (50_002, 25)]


def test_ports_come_to_an_end_and_come_again(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured, "_PORTS", 3)
    for _ in range(4):
        connection(taken)
    assert [port for port, _ in taken.ports()] == [50_000, 49_152, 49_153, 50_000]


def test_tls_from_the_beginning_is_one_stream(taken: Taken) -> None:
    one = connection(taken, "imaps")
    one.secured(6, "TLSv1.3 AES")
    one.went(7, b"* OK\r\n")
    assert len(taken.ports()) == 1
    assert b"Under TLS, shown in the clear: TLSv1.3 AES" in taken.whole()


def test_what_comes_behind_starttls_is_another_stream(taken: Taken) -> None:
    one = connection(taken)
    one.went(6, b"220\r\n")
    one.secured(7, "TLSv1.3 AES")
    one.came(8, b"EHLO\r\n")
    assert taken.ports() == [(50_000, 25), (50_001, 25)]
    assert b"No new connection in truth" in taken.whole()


def test_an_address_that_is_none(taken: Taken) -> None:
    taken.capture.connection(5, End("", 0), End("somewhere", 0), "smtp").ended(6, by_client=True)
    taken.capture.connection(5, End("127.0.0.1", 1), End("::1", 0), "smtp").ended(6, by_client=True)
    assert taken.capture.connections == 2


def test_times_do_not_go_back(taken: Taken) -> None:
    one = connection(taken)
    one.went(3, b"220\r\n")
    times = [struct.unpack("<II", piece[12:20])[1] for piece in taken.pieces[1:]]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"AUTH PLAIN ********\r\n", b"AUTH PLAIN KioqKioq\r\n"),
        (b"********\r\n", b"KioqKioq\r\n"),
        (b"AUTH LOGIN [masked]\r\n", b"AUTH LOGIN KioqKioq\r\n"),
        (b"AUTH PLAIN *\r\n", b"AUTH PLAIN *\r\n"),
        (b"MAIL FROM:<****>\r\n", b"MAIL FROM:<****>\r\n"),
    ],
)
def test_masked_logins_can_be_decoded(line: bytes, shown: bytes) -> None:
    assert decodable(line) == shown
