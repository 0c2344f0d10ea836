"""The PROXY protocol: how a proxy says, before anything else, for whom it has connected.

The specification of HAProxy, versions 1 (§2.1, one line of text) and 2 (§2.2, binary). Only a receiver, and a strict one: a proxy that is
believed must begin with a header, and what is none ends the connection. Values that follow the addresses (TLVs) are skipped. Not here: whom
one believes, sockets.
"""

from __future__ import annotations

import ipaddress
import re
import struct

import msgspec

MOST_LINE = 107  # octets of a version 1 header with its CRLF, §2.1
MOST_BINARY = 4096  # octets of a version 2 header: addresses and a few values
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = 16  # octets before the addresses
_LINE = re.compile(
    rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]{2,39}) ([0-9A-Fa-f:.]{2,39}) ([0-9]{1,5}) ([0-9]{1,5})"
)
_LOCAL, _PROXY = 0x20, 0x21  # version and command
_UNSPECIFIED = 0x00
_V4, _V6 = struct.Struct("!4s4sHH"), struct.Struct("!16s16sHH")
_STREAMS = {0x11: _V4, 0x21: _V6}  # family and transport: TCP over IPv4 and IPv6


class NoProxyHeader(Exception):
    """What came is no header; the words say why."""


class Ends(msgspec.Struct, frozen=True):
    """Who connected to the proxy, and where it listens for that: address and port of each."""

    source: str
    source_port: int
    target: str
    target_port: int


class ProxyHeader(msgspec.Struct, frozen=True):
    """A header: `ends` None says that the proxy speaks for itself (LOCAL), or does not know. `size`: its octets."""

    ends: Ends | None
    size: int


def read_proxy_header(data: bytes) -> ProxyHeader | None:
    """The header that `data` begins with; None: it is not whole yet. Raises NoProxyHeader."""
    if data[:12] == SIGNATURE[: len(data)]:
        return _binary(data)
    if data[:6] == b"PROXY "[: len(data)]:
        return _line(data)
    raise NoProxyHeader("the proxy sent no PROXY header")


def _line(data: bytes) -> ProxyHeader | None:
    end = data.find(b"\r\n", 0, MOST_LINE)
    if end < 0:
        if len(data) >= MOST_LINE:
            raise NoProxyHeader(f"the PROXY line is longer than {MOST_LINE} octets")
        return None
    line = data[:end]
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return ProxyHeader(None, end + 2)
    found = _LINE.fullmatch(line)
    if found is None:
        raise NoProxyHeader("the PROXY line is malformed")
    family, source, target, *ports = (group.decode("ascii") for group in found.groups())
    version = 4 if family == "TCP4" else 6
    numbers = [int(port) for port in ports]
    if any(number > 65535 for number in numbers):
        raise NoProxyHeader("a port of the PROXY line is none")
    return ProxyHeader(
        Ends(_address(source, version), numbers[0], _address(target, version), numbers[1]), end + 2
    )


def _address(text: str, version: int) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise NoProxyHeader("an address of the PROXY line is none") from error
    if address.version != version:
        raise NoProxyHeader(f"an address of the PROXY line is not of IPv{version}")
    return _plain(address)


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _binary(data: bytes) -> ProxyHeader | None:
    if len(data) < _FIXED:
        return None
    kind, family = data[12], data[13]
    length = int.from_bytes(data[14:16], "big")
    size = _FIXED + length
    if kind not in {_LOCAL, _PROXY}:
        raise NoProxyHeader(f"the PROXY header has version and command {kind:#04x}")
    if size > MOST_BINARY:
        raise NoProxyHeader(f"the PROXY header has {size} octets, at most {MOST_BINARY} are read")
    layout = _STREAMS.get(family)
    if kind == _PROXY and family != _UNSPECIFIED and (layout is None or length < layout.size):
        raise NoProxyHeader(f"the PROXY header has family {family:#04x} and {length} octets of addresses")
    if len(data) < size:
        return None
    if kind == _LOCAL or layout is None:
        return ProxyHeader(None, size)
    source, target, source_port, target_port = layout.unpack_from(data, _FIXED)
    ends = Ends(
        _plain(ipaddress.ip_address(source)), source_port, _plain(ipaddress.ip_address(target)), target_port
    )
    return ProxyHeader(ends, size)
