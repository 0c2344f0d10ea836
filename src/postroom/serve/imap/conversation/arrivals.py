"""What has come of one APPEND or REPLACE: bodies in memory or in files, counted in either case, and messages that are ready to be filed.

Not here: whether it may come (`serve.imap.changing.appending`).
"""

from __future__ import annotations

from pathlib import Path

from postroom.proto.imap.commands.appending import NewMessage
from postroom.serve.smtp.body import Body
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.store.blobs.spilled import Content
from postroom.store.emails.delivery import Delivery
from postroom.store.mailboxes.rights import MailboxRef


class Arrivals:
    """One session's, for one command after the other; `drop` stands between them.

    `target` is where they go, None until a command has begun; `replaced` the uid of the message that goes, 0 for none. `items`: a delivery for each
    whole message, the content of each part of one that is put together.
    """

    def __init__(self, budget: BodyBudget, incoming: Path | None) -> None:
        self._budget = budget
        self._incoming = incoming
        self._begin()

    def _begin(self) -> None:
        self.target: MailboxRef | None = None
        self.replaced = 0
        self.items: list[Delivery | Content] = []
        self.message = NewMessage(())  # the one at hand
        self.announced = 0  # octets of all literals
        self._bodies: list[Body] = []
        self._size = 0  # octets of the body at hand

    def expect(self, message: NewMessage, octets: int) -> None:
        """The octets of a literal will come."""
        self.message = message
        self.announced += octets
        self.open_body()

    def open_body(self) -> None:
        """What is added from now on is a new body."""
        self._size = 0
        self._bodies.append(Body(self._budget, self._incoming))

    async def add(self, data: bytes) -> None:
        """More of the body. Raises `NoSpace` and `TryLater`."""
        self._size += len(data)
        await self._bodies[-1].add(data)

    async def finish(self, data: bytes) -> Content:
        """The whole body, with its last octets. Raises as `add`."""
        self._size += len(data)
        return await self._bodies[-1].finish(data, self._size)

    def drop(self) -> None:
        """Nothing of it is needed any more."""
        for body in self._bodies:
            body.drop()
        self._begin()
