"""COMPRESS=DEFLATE: the octets of a session, compressed both ways.

RFC 4978 §4: raw deflate (RFC 1951), flushed so that each answer arrives. What comes is inflated in small steps, so that a little input never
becomes much memory. Not here: when it begins (`proto.imap.server`).
"""

from __future__ import annotations

import zlib
from typing import Final

FLUSHED: Final = b"\0\0\xff\xff"  # the end of what a flush gives (RFC 1951 §3.2.4)
LAST: Final = b"\0\3\xff"  # octets with which the last block of a stream can end, and no command begins
STEP: Final = 65_536  # octets that one step inflates to


class BadCompression(ValueError):
    """What came is not deflate."""


class Deflate:
    """Both directions from the moment on at which compression begins."""

    __slots__ = ("_at", "_deflate", "_inflate", "_tail")

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._tail = b""
        self._at = 0  # what lies before it in `_tail` is inflated

    def feed(self, data: bytes) -> None:
        """Takes compressed octets; `step` gives them back inflated."""
        self._tail, self._at = self._tail[self._at :] + data, 0

    def step(self) -> bytes:
        """The next octets, at most STEP; b"" when there are none. Raises `BadCompression`, also for what follows the end of the stream.

        Nothing is touched behind a place at which the peer has flushed, before what came until there is read: it may have ended its compression.
        """
        if self._inflate.eof:
            raise BadCompression("the stream is over")
        found = b""
        while not found:
            flushed = self._tail.find(FLUSHED, self._at)
            end = len(self._tail) if flushed < 0 else flushed + len(FLUSHED)
            try:
                found = self._inflate.decompress(self._tail[self._at : end], STEP)
            except zlib.error as error:
                raise BadCompression(str(error)) from None
            self._at = end - len(self._inflate.unconsumed_tail)
            if self._at == len(self._tail) or self._inflate.eof:
                break
        return found

    def rest(self) -> bytes:
        """What was not inflated."""
        return self._inflate.unused_data + self._tail[self._at :]

    def compress(self, data: bytes) -> bytes:
        """What is to be sent, so that the peer can read all of it."""
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
