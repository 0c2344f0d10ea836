"""A milter to order: it answers each command as it is told to, and keeps what it heard.

    answers = {b"R": [b"y550 5.7.1 Not him\0"], b"E": [b"hX-Seen\0yes\0", b"c"]}

The key is a command's letter, the values are packets without their length; what is not named is answered with `c`. The filter's end of the
protocol is written here by itself, so that the two ends do not share a mistake.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

UNANSWERED = (b"D", b"A", b"Q")


class FilterToOrder:
    """Listens at a path."""

    def __init__(
        self,
        path: Path,
        answers: Mapping[bytes, Sequence[bytes]] | None = None,
        *,
        steps: int = 0,
        actions: int = 0x1FF,
        symbols: bytes = b"",
    ) -> None:
        self.path = path
        self.answers = dict(answers or {})
        self.steps, self.actions, self.symbols = steps, actions, symbols
        self.heard: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self.silent: set[bytes] = set()  # commands that are not answered

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()

    def said(self, letter: bytes) -> list[bytes]:
        """The data of each command of a kind."""
        return [data for code, data in self.heard if code == letter]

    @property
    def order(self) -> bytes:
        """The letters in their order, macros left out."""
        return b"".join(code for code, _ in self.heard if code != b"D")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                size = struct.unpack("!I", await reader.readexactly(4))[0]
                packet = await reader.readexactly(size)
                code, data = packet[:1], packet[1:]
                self.heard.append((code, data))
                for answer in self._answer(code):
                    writer.write(struct.pack("!I", len(answer)) + answer)
                if code == b"Q":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def _answer(self, code: bytes) -> Sequence[bytes]:
        if code in UNANSWERED or code in self.silent:
            return []
        if code == b"O":
            return [b"O" + struct.pack("!III", 6, self.actions, self.steps) + self.symbols]
        return self.answers.get(code, [b"c"])
