"""Blocks of a capture file: lengths at both ends, options, names."""

from __future__ import annotations

import struct

from postroom.wire.pcapng import MOST_COMMENT, file_head, packet_block


def blocks(octets: bytes) -> list[tuple[int, bytes]]:
    found = []
    while octets:
        kind, length = struct.unpack("<II", octets[:8])
        assert length % 4 == 0
        assert struct.unpack("<I", octets[length - 4 : length]) == (length,)
        found.append((kind, octets[8 : length - 4]))
        octets = octets[length:]
    return found


def test_the_head() -> None:
    section, interface, names = blocks(file_head("Postroom", "about", {"127.0.0.2": "mail.crepes.test"}))
    assert section[0] == 0x0A0D0D0A
    assert section[1].startswith(struct.pack("<IHH", 0x1A2B3C4D, 1, 0))
    assert b"about" in section[1]
    assert interface == (1, struct.pack("<HHIHH", 101, 0, 0, 2, 4) + b"mail" + bytes(4))
    assert names[1].startswith(struct.pack("<HH4s", 1, 21, bytes((127, 0, 0, 2))) + b"mail.crepes.test\0")


def test_no_names_no_block() -> None:
    assert [kind for kind, _ in blocks(file_head("Postroom", "", {}))] == [0x0A0D0D0A, 1]


def test_a_packet() -> None:
    ((kind, body),) = blocks(packet_block((7 << 32) + 9, b"12345"))
    assert (kind, body) == (6, struct.pack("<IIIII", 0, 7, 9, 5, 5) + b"12345" + bytes(3))


def test_a_comment_is_cut_between_letters() -> None:
    ((_, whole),) = blocks(packet_block(0, b"", "x" * MOST_COMMENT))
    assert b"x" * MOST_COMMENT in whole
    ((_, cut),) = blocks(packet_block(0, b"", "x" * (MOST_COMMENT - 1) + "é"))
    assert struct.unpack("<H", cut[22:24]) == (MOST_COMMENT - 1,)
