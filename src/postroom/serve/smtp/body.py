"""The body of a message that comes in pieces: in memory or in a file, and counted in either case.

RFC 5321 §4.5.3.1.7 (messages of any length that resources allow). Not here: the machine that cuts it into pieces, and what becomes of the whole.
"""

from __future__ import annotations

from pathlib import Path

from postroom.message.errors import MessageTooBig, NoSpace
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.store.blobs.spilled import Content, Spill


class Body:
    """One session's, for one message after the other; `drop` stands between them. `incoming` None keeps long ones in memory too."""

    __slots__ = ("_budget", "_chunks", "_incoming", "_spill", "held")

    def __init__(self, budget: BodyBudget, incoming: Path | None) -> None:
        self._budget = budget
        self._incoming = incoming
        self._chunks: list[bytes] = []
        self._spill: Spill | None = None
        self.held = 0  # octets of this message that are counted

    async def add(self, piece: bytes) -> None:
        """A piece of a long message; put away when this returns. Raises `NoSpace` and `TryLater`."""
        await self._count(len(piece))
        if self._incoming is None:
            self._chunks.append(piece)
            return
        if self._spill is None:
            self._spill = Spill(self._incoming)
        await self._spill.add(piece)

    async def finish(self, last: bytes, size: int) -> Content:
        """The message of `size` octets, with its last piece; raises as `add`, and `MessageTooBig` when some of it was not kept."""
        if not self.held:
            await self._count(len(last))
            return last
        await self.add(last)
        content = b"".join(self._chunks) if self._spill is None else self._spill.message()
        if len(content) != size:
            raise MessageTooBig
        return content

    def drop(self) -> None:
        """Nothing of it is needed any more."""
        if self.held:
            self._budget.give_back(self.held)
            self._chunks, self._spill, self.held = [], None, 0

    async def _count(self, octets: int) -> None:
        if not self._budget.take(octets) and not await self._budget.wait(octets, self.held):
            raise NoSpace("Too many large messages at once, try again later")
        self.held += octets
