"""Capture files that Wireshark, tshark and tcpdump read: packets of IP with the time at which they went.

pcapng (draft-ietf-opsawg-pcapng) §4.1 Section Header, §4.2 Interface Description, §4.3 Enhanced Packet, §4.5 Name Resolution, §3.5 options; packets begin
with their IP header (LINKTYPE_RAW, 101). This format and not the older one since it holds comments, and the names of hosts. Not here: what is in the packets
(`wire.packets`).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

LINKTYPE_RAW: Final = 101
MOST_COMMENT: Final = 4_000  # octets
_SECTION, _INTERFACE, _NAMES, _PACKET = 0x0A0D0D0A, 1, 4, 6
_BYTE_ORDER = 0x1A2B3C4D
_COMMENT, _IF_NAME, _USER_APPLICATION = 1, 2, 4  # codes of options
_RECORD_IPV4, _RECORD_IPV6 = 1, 2
_UNKNOWN_LENGTH = 0xFFFF_FFFF_FFFF_FFFF


def file_head(program: str, comment: str, names: Mapping[str, str]) -> bytes:
    """What a file begins with: who made it, a comment, and the names of addresses."""
    options = _option(_COMMENT, comment) + _option(_USER_APPLICATION, program)
    section = _block(_SECTION, struct.pack("<IHHQ", _BYTE_ORDER, 1, 0, _UNKNOWN_LENGTH), options)
    interface = _block(_INTERFACE, struct.pack("<HHI", LINKTYPE_RAW, 0, 0), _option(_IF_NAME, "mail"))
    return section + interface + (_names(names) if names else b"")


def packet_block(at: int, packet: bytes, comment: str = "") -> bytes:
    """A packet that went at `at`, in unix microseconds."""
    size = len(packet)
    body = struct.pack("<IIIII", 0, at >> 32, at & 0xFFFF_FFFF, size, size) + _padded(packet)
    return _block(_PACKET, body, _option(_COMMENT, comment))


def _names(names: Mapping[str, str]) -> bytes:
    records = b""
    for address, name in names.items():
        packed = ip_address(address).packed
        kind = _RECORD_IPV4 if len(packed) == 4 else _RECORD_IPV6
        value = packed + name.encode() + b"\0"
        records += struct.pack("<HH", kind, len(value)) + _padded(value)
    return _block(_NAMES, records + bytes(4), b"")


def _option(code: int, text: str) -> bytes:
    """An option with a text; nothing for none."""
    value = text.encode()[:MOST_COMMENT].decode("utf-8", "ignore").encode()
    return struct.pack("<HH", code, len(value)) + _padded(value) if value else b""


def _block(kind: int, body: bytes, options: bytes) -> bytes:
    inside = body + (options + bytes(4) if options else b"")
    length = struct.pack("<I", len(inside) + 12)
    return struct.pack("<I", kind) + length + inside + length


def _padded(value: bytes) -> bytes:
    return value + bytes(-len(value) % 4)
