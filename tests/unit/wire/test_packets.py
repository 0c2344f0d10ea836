"""Segments and datagrams that other programs believe: places, checksums, sizes."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.wire.packets import MSS, End, Flow, TcpStream, checksum

ENDS = {4: (End("127.0.0.1", 40_000), End("127.0.0.3", 25)), 6: (End("::1", 65_535), End("::1", 143))}


def payloads(packets: Iterable[bytes], version: int = 4) -> list[bytes]:
    start = 20 if version == 4 else 40
    return [packet[start + (packet[start + 12] >> 4) * 4 :] for packet in packets]


def sums_up(packet: bytes) -> bool:
    """As a receiver checks it: the sum over the pseudo header and everything is zero."""
    if packet[0] >> 4 == 4:
        assert checksum(packet[:20]) == 0
        ends, payload, protocol = packet[12:20], packet[20:], packet[9]
        assert struct.unpack("!H", packet[2:4])[0] == len(packet)
        pseudo = ends + struct.pack("!BBH", 0, protocol, len(payload))
    else:
        ends, payload, protocol = packet[8:40], packet[40:], packet[6]
        assert struct.unpack("!H", packet[4:6])[0] == len(payload)
        pseudo = ends + struct.pack("!II", len(payload), protocol)
    return checksum(pseudo + payload) == 0


def places(packet: bytes, version: int) -> tuple[int, int]:
    start = 20 if version == 4 else 40
    seq, ack = struct.unpack("!II", packet[start + 4 : start + 12])
    return seq, ack


def test_the_sum_of_the_memo() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2  # RFC 1071 §3


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=5000)), max_size=8), st.sampled_from((4, 6)))
def test_whatever_is_said_arrives(said: list[tuple[bool, bytes]], version: int) -> None:
    stream = TcpStream(*ENDS[version])
    packets = [*stream.opened()]
    for by_client, data in said:
        went = [*(stream.came(data) if by_client else stream.went(data))]
        assert b"".join(payloads(went, version)) == data
        assert all(len(one) <= MSS[version] for one in payloads(went, version))
        packets += went
    packets += stream.closed(by_client=True)
    assert all(sums_up(packet) for packet in packets)
    last = places(packets[-1], version)
    first, second = places(packets[0], version)[0], places(packets[1], version)[0]
    came, went_ = (sum(len(data) for by, data in said if by is side) for side in (True, False))
    assert last == ((first + came + 2) % 2**32, (second + went_ + 2) % 2**32)


@pytest.mark.parametrize(("size", "segments"), [(1459, 1), (1460, 1), (1461, 2)])
def test_no_segment_is_longer_than_the_limit(size: int, segments: int) -> None:
    stream = TcpStream(*ENDS[4])
    sent = [one for one in payloads(stream.went(b"x" * size)) if one]
    assert (len(sent), sum(map(len, sent))) == (segments, size)


def test_datagrams() -> None:
    packet = Flow(*ENDS[4]).datagram(b"odd")
    assert sums_up(packet)
    assert packet[28:] == b"odd"


def test_addresses_of_two_kinds() -> None:
    with pytest.raises(ValueError, match="one version"):
        Flow(ENDS[4][0], ENDS[6][0])
