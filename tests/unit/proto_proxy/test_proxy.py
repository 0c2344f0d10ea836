"""The PROXY header, in both versions and every cut."""

import struct
from ipaddress import IPv6Address

import pytest

from postroom.proto.proxy import (
    MOST_BINARY,
    MOST_LINE,
    SIGNATURE,
    Ends,
    NoProxyHeader,
    ProxyHeader,
    read_proxy_header,
)


def binary(kind: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", kind, family, len(body)) + body


V4 = bytes([192, 0, 2, 1, 198, 51, 100, 2]) + struct.pack("!HH", 4711, 25)
V6 = IPv6Address("2001:db8::1").packed + IPv6Address("2001:db8::2").packed + struct.pack("!HH", 4711, 25)
MAPPED = IPv6Address("::ffff:192.0.2.1").packed * 2 + struct.pack("!HH", 1, 2)
TLV = b"\x04\x00\x03abc"  # PP2_TYPE_NOOP

GOOD = {
    b"PROXY TCP4 192.0.2.1 198.51.100.2 4711 25\r\n": Ends("192.0.2.1", 4711, "198.51.100.2", 25),
    b"PROXY TCP6 2001:db8::1 2001:db8::2 4711 25\r\n": Ends("2001:db8::1", 4711, "2001:db8::2", 25),
    b"PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n": Ends("192.0.2.1", 0, "::1", 65535),
    b"PROXY UNKNOWN\r\n": None,
    b"PROXY UNKNOWN ffff:f...f:ffff whatever 1 2\r\n": None,
    binary(0x21, 0x11, V4): Ends("192.0.2.1", 4711, "198.51.100.2", 25),
    binary(0x21, 0x11, V4 + TLV): Ends("192.0.2.1", 4711, "198.51.100.2", 25),
    binary(0x21, 0x21, V6): Ends("2001:db8::1", 4711, "2001:db8::2", 25),
    binary(0x21, 0x21, MAPPED): Ends("192.0.2.1", 1, "192.0.2.1", 2),
    binary(0x20, 0x00, b""): None,
    binary(0x20, 0x11, V4): None,
    binary(0x21, 0x00, b"\x03\x00\x04abcd"): None,
}


@pytest.mark.parametrize("data", GOOD)
def test_headers(data: bytes) -> None:
    wanted = ProxyHeader(GOOD[data], len(data))
    assert read_proxy_header(data + b"EHLO x\r\n") == wanted
    for cut in range(len(data)):
        assert read_proxy_header(data[:cut]) is None
    assert read_proxy_header(data) == wanted


@pytest.mark.parametrize(
    "data",
    [
        b"EHLO proxy.test\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 4711\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 4711 65536\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 +1 25\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.2 1 25\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::1 1 25\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.1 1 25\r\n",
        b"PROXY TCP4  192.0.2.1 198.51.100.2 1 25\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.2 1 25 \r\n",
        b"PROXY UDP4 192.0.2.1 198.51.100.2 1 25\r\n",
        b"proxy TCP4 192.0.2.1 198.51.100.2 1 25\r\n",
        b"PROXY UNKNOWNX\r\n",
        binary(0x11, 0x11, V4),
        binary(0x22, 0x11, V4),
        binary(0x21, 0x11, V4[:-1]),
        binary(0x21, 0x12, V4),
        binary(0x21, 0x31, b"\0" * 216),
        binary(0x21, 0x21, V4),
    ],
)
def test_what_is_none(data: bytes) -> None:
    with pytest.raises(NoProxyHeader):
        read_proxy_header(data)


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_longest_line(beyond: int) -> None:
    line = b"PROXY UNKNOWN ".ljust(MOST_LINE - 2 + beyond, b"x") + b"\r\n"
    if beyond:
        with pytest.raises(NoProxyHeader, match="longer than 107"):
            read_proxy_header(line)
    else:
        assert read_proxy_header(line) == ProxyHeader(None, MOST_LINE)


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_longest_binary_header(beyond: int) -> None:
    header = binary(0x21, 0x11, V4.ljust(MOST_BINARY - 16 + beyond, b"\0"))
    if beyond:
        with pytest.raises(NoProxyHeader, match="4097 octets"):
            read_proxy_header(header[:16])
    else:
        assert read_proxy_header(header[:-1]) is None
        assert read_proxy_header(header) is not None
