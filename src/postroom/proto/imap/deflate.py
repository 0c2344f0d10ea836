"""COMPRESS=DEFLATE: the octets of a session, compressed both ways.

RFC 4978 §4: raw deflate (RFC 1951), flushed so that each answer arrives. What comes is inflated in small steps, so that a little input never
becomes much memory. Not here: when it begins (`proto.imap.server`).
"""

from __future__ import annotations

import zlib
from typing import Final

STEP: Final = 65_536  # octets that one step inflates to


class BadCompression(ValueError):
    """What came is not deflate."""


class Deflate:
    """Both directions from the moment on at which compression begins."""

    __slots__ = ("_deflate", "_inflate", "_tail")

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Takes compressed octets; `step` gives them back inflated."""
        self._tail += data

    def step(self) -> bytes:
        """The next octets, at most STEP; b"" when there are none. Raises `BadCompression`, also for what follows the end of the stream."""
        if self._inflate.eof:
            raise BadCompression("the stream is over")
        try:
            found = self._inflate.decompress(self._tail, STEP)
        except zlib.error as error:
            raise BadCompression(str(error)) from None
        self._tail = self._inflate.unconsumed_tail
        return found

    def compress(self, data: bytes) -> bytes:
        """What is to be sent, so that the peer can read all of it."""
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
