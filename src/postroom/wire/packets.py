"""Packets as they would have gone: what was said over a connection, made into valid segments of TCP, and questions into datagrams of UDP.

RFC 9293 §3.1 (segments), §3.5 (three-way handshake), §3.6 (closing), §3.7.1 (MSS); RFC 791 §3.1, RFC 8200 §3 and §8.1 (headers, checksums); RFC 768. Every segment
arrives at once and is acknowledged, so that there is neither window nor retransmission to think of. Not here: files of packets (`wire.pcapng`), sockets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, NamedTuple

MSS: Final = {4: 1460, 6: 1440}  # RFC 9293 §3.7.1: 1500 octets less the headers
MOST_DATAGRAM: Final = 65_535 - 40 - 8  # octets of a datagram's data
_TCP, _UDP = 6, 17
_FIN, _SYN, _RST, _PSH, _ACK = 1, 2, 4, 8, 16
_WINDOW = 65_535
_TTL = 64
_DO_NOT_FRAGMENT = 0x4000


class End(NamedTuple):
    """One end of a connection."""

    ip: str
    port: int


class Flow:
    """Packets from one end to another. Both addresses are of one version of IP; raises ValueError for others."""

    def __init__(self, source: End, target: End) -> None:
        self._source, self._target = ip_address(source.ip), ip_address(target.ip)
        if self._source.version != self._target.version:
            raise ValueError(f"{source.ip} and {target.ip} are not of one version of IP")
        self.version = self._source.version
        self._ports = struct.pack("!HH", source.port, target.port)
        self._number = 0

    def segment(self, flags: int, places: tuple[int, int], data: bytes = b"") -> bytes:
        """A packet with a segment of TCP; `places` are the sequence number and the one acknowledged."""
        options = struct.pack("!BBH", 2, 4, MSS[self.version]) if flags & _SYN else b""
        words = (20 + len(options)) // 4 << 12 | flags
        seq, ack = (place & 0xFFFF_FFFF for place in places)
        head = self._ports + struct.pack("!IIHH", seq, ack, words, _WINDOW)
        return self._packet(_TCP, head, bytes(2) + options + data)

    def datagram(self, data: bytes) -> bytes:
        """A packet with a datagram of UDP; at most `MOST_DATAGRAM` octets."""
        return self._packet(_UDP, self._ports + struct.pack("!H", len(data) + 8), data)

    def _packet(self, protocol: int, head: bytes, rest: bytes) -> bytes:
        """The whole packet; the checksum of the payload stands between `head` and `rest`."""
        length = len(head) + 2 + len(rest)
        ends = self._source.packed + self._target.packed
        # the pseudo headers of IPv4 and IPv6 hold the same numbers in other widths, and sum up alike
        sum_ = checksum(ends + struct.pack("!II", length, protocol) + head + bytes(2) + rest)
        if protocol == _UDP:
            sum_ = sum_ or 0xFFFF  # RFC 768: zero means that there is none
        return self._head(protocol, length) + ends + head + struct.pack("!H", sum_) + rest

    def _head(self, protocol: int, length: int) -> bytes:
        """The header of IP before its addresses."""
        if self.version == 6:
            return struct.pack("!IHBB", 6 << 28, length, protocol, _TTL)
        self._number = (self._number + 1) & 0xFFFF
        before = struct.pack("!BBHHHBB", 0x45, 0, length + 20, self._number, _DO_NOT_FRAGMENT, _TTL, protocol)
        return before + struct.pack(
            "!H", checksum(before + bytes(2) + self._source.packed + self._target.packed)
        )


class TcpStream:
    """One connection, from the first segment to the last: each method gives the packets of what happened."""

    def __init__(self, client: End, server: End) -> None:
        self._flows = (Flow(client, server), Flow(server, client))
        self._places = [client.port * 65_537, server.port * 40_503 + client.port]  # where each has arrived

    def opened(self) -> Iterator[bytes]:
        """The three-way handshake."""
        yield self._flows[0].segment(_SYN, (self._places[0], 0))
        self._places[0] += 1
        yield self._flows[1].segment(_SYN | _ACK, (self._places[1], self._places[0]))
        self._places[1] += 1
        yield self._acknowledged(by=0)

    def came(self, data: bytes) -> Iterator[bytes]:
        """From the client."""
        return self._sent(0, data)

    def went(self, data: bytes) -> Iterator[bytes]:
        """From the server."""
        return self._sent(1, data)

    def closed(self, *, by_client: bool) -> Iterator[bytes]:
        """Both say that they have no more to say."""
        first = 0 if by_client else 1
        for side in (first, 1 - first):
            yield self._flows[side].segment(_FIN | _ACK, (self._places[side], self._places[1 - side]))
            self._places[side] += 1
        yield self._acknowledged(by=first)

    def _sent(self, side: int, data: bytes) -> Iterator[bytes]:
        size = MSS[self._flows[side].version]
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            last = start + size >= len(data)
            flags = _ACK | _PSH if last else _ACK
            yield self._flows[side].segment(flags, (self._places[side], self._places[1 - side]), piece)
            self._places[side] += len(piece)
            if last or start // size % 2:  # RFC 9293 §3.8.6.3: of at least every second one
                yield self._acknowledged(by=1 - side)

    def _acknowledged(self, by: int) -> bytes:
        return self._flows[by].segment(_ACK, (self._places[by], self._places[1 - by]))


def checksum(octets: bytes) -> int:
    """RFC 1071: the complement of the sum, in ones' complement, of all words of 16 bits."""
    sum_: int = sum(struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + bytes(len(octets) % 2)))
    while sum_ >> 16:
        sum_ = (sum_ & 0xFFFF) + (sum_ >> 16)
    return ~sum_ & 0xFFFF
