"""The server's responses on their way out.

RFC 9051 §7 (responses), §2.2.2 (tagged, untagged, continuation). Words never hold what the client sent. Not here: which response is right, how
data is rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ENGLISH: Final[Mapping[str, str]] = MappingProxyType({})


class Answers:
    """Queues responses."""

    __slots__ = ("_out", "queued", "translation")

    def __init__(self) -> None:
        self.queued = 0  # octets that wait to be sent
        self.translation: Mapping[str, str] = ENGLISH  # of words that are said to people (RFC 5255 §3.2)
        self._out: list[bytes] = []

    def send(self, data: bytes) -> None:
        """Queues octets as they are: whole lines, or pieces of them in their order."""
        self._out.append(data)
        self.queued += len(data)

    def untagged(self, response: bytes | str) -> None:
        """`* ` response."""
        self.send(b"* %b\r\n" % (response.encode() if isinstance(response, str) else response))

    def continuation(self, words: str | bytes = "Go ahead") -> None:
        """`+ ` words: more is expected of the client."""
        self.send(b"+ %b\r\n" % (words.encode() if isinstance(words, str) else words))

    def status(self, tag: bytes, status: str, words: str, code: str = "") -> None:
        """A status response (RFC 9051 §7.1), tagged or with `*`; the words in the client's language, if they are known in it."""
        words = self.translation.get(words, words)
        text = f"{status} [{code}] {words}" if code else f"{status} {words}"
        self.send(b"%b %b\r\n" % (tag, text.encode()))

    def take(self) -> bytes:
        """What waits to be sent, once."""
        data = b"".join(self._out)
        self._out.clear()
        self.queued = 0
        return data
