"""The packing of reports: gzip and zip, taken off within limits; and gzip put on.

RFC 1952 (gzip, one member), RFC 1951 (deflate), RFC 9990 §3.5.2 and RFC 8460 §5.2 (both are sent as gzip; zip is what RFC 7489 had before). A zip archive
is read by its first entry alone, and its directory not at all. One level: what is packed in the packing stays so. Not here: what a report says.
"""

from __future__ import annotations

import struct
import zlib

MAX_PACKED = 10 * 1024 * 1024  # octets that are unpacked at all
MAX_UNPACKED = 20 * 1024 * 1024  # octets of a report
MAX_RATIO = 100  # octets that one packed octet may become, once there are as many as FREE
FREE = 1024 * 1024
_PIECE = 65_536

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_ZIP_HEADER = struct.Struct("<4s5HIIIHH")
_ENCRYPTED = 0x0001
_SIZE_BEHIND = 0x0008
_STORED, _DEFLATED = 0, 8
_RAW = -15
_WITH_GZIP_HEADER = 31


class BadReport(ValueError):
    """A report cannot be read; the text says why."""


def unpack(octets: bytes) -> bytes:
    """The octets of a report, whatever it is packed with, or not at all. Raises BadReport beyond the limits and for damaged packings."""
    if len(octets) > MAX_PACKED and octets.startswith((_GZIP, _ZIP)):
        raise BadReport(f"it has {len(octets)} packed octets, at most {MAX_PACKED} are unpacked")
    if octets.startswith(_GZIP):
        return _inflated(octets, 0, _WITH_GZIP_HEADER)
    if octets.startswith(_ZIP):
        return _unzipped(octets)
    if len(octets) > MAX_UNPACKED:
        raise BadReport(f"it has {len(octets)} octets, at most {MAX_UNPACKED} are read")
    return octets


def gzipped(octets: bytes) -> bytes:
    """In gzip, without a time and a name, so that the same is packed alike."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _WITH_GZIP_HEADER)
    return packer.compress(octets) + packer.flush()


def _unzipped(octets: bytes) -> bytes:
    if len(octets) < _ZIP_HEADER.size:
        raise BadReport("the zip archive is cut off")
    _, _, flags, method, _, _, _, size, _, name, extra = _ZIP_HEADER.unpack_from(octets)
    start = _ZIP_HEADER.size + name + extra
    if flags & _ENCRYPTED:
        raise BadReport("the zip archive is encrypted")
    if method == _DEFLATED:
        return _inflated(octets, start, _RAW)
    if method != _STORED or flags & _SIZE_BEHIND:
        raise BadReport(f"the zip archive is packed by method {method}, which is not read here")
    found = octets[start : start + size]
    if len(found) < size:
        raise BadReport("the zip archive is cut off")
    return found


def _inflated(octets: bytes, start: int, window: int) -> bytes:
    """At most MAX_UNPACKED octets, and few of each packed one; what lies behind the end is not looked at."""
    inflater = zlib.decompressobj(window)
    pieces: list[bytes] = []
    total, packed = 0, memoryview(octets)[start:]
    most = min(MAX_UNPACKED, max(FREE, MAX_RATIO * len(packed)))
    try:
        for at in range(0, len(packed), _PIECE):
            waiting: bytes | memoryview = packed[at : at + _PIECE]
            while waiting and not inflater.eof:
                piece = inflater.decompress(waiting, most + 1 - total)
                waiting = inflater.unconsumed_tail
                pieces.append(piece)
                total += len(piece)
                if total > most:
                    raise BadReport(f"{len(packed)} packed octets become more than {most}")
            if inflater.eof:
                return b"".join(pieces)
    except zlib.error as error:
        raise BadReport(f"the packing is damaged: {error}") from error
    raise BadReport("the packing is cut off")
