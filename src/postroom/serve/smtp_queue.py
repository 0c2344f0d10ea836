"""ETRN, ATRN and TURN: what a client may ask of the queue.

RFC 1985 §5.3 (ETRN's replies), RFC 2645 §5.2.1 (ATRN's), RFC 821 §3.8. Not here: the queue itself, and what is sent to whom.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import msgspec

from postroom.intake.client import Account
from postroom.message.errors import NotPermitted
from postroom.net.session import Connection
from postroom.proto.smtp.commands import Etrn, Turn
from postroom.proto.smtp.reply import Reply

NO_TURNING = Reply.of(502, "5.5.1", "Turning is not offered here")
NO_MAIL = Reply.of(453, "4.0.0", "You have no mail")
TURNING = Reply.of(250, "2.0.0", "OK now reversing the connection")


class Turning(Protocol):
    """The other direction of a connection."""

    async def waiting(self, account: str, domains: Sequence[str]) -> Sequence[str]:
        """Domains with mail, of those named or of all; raises `NotPermitted`."""

    async def take_over(
        self, connection: Connection, unread: Callable[[], bytes], domains: Collection[str]
    ) -> None:
        """Goes on as the peer's client."""


class QueueDesk(msgspec.Struct, frozen=True):
    """`flush` starts the queue for a domain and says how much waits; `turning` exchanges the roles."""

    flush: Callable[[str], Awaitable[int]] | None = None
    turning: Turning | None = None

    async def etrn(self, event: Etrn) -> Reply:
        """Starts the queue for one domain."""
        node = event.node
        if event.option:
            return Reply.of(459, "4.5.4", f"Node {event.option}{node} not allowed: name one domain")
        if self.flush is None:
            return Reply.of(458, "4.3.0", f"Unable to queue messages for node {node}")
        waiting = await self.flush(node)
        if not waiting:
            return Reply.of(251, "2.0.0", f"OK, no messages waiting for node {node}")
        return Reply.of(253, "2.0.0", f"OK, {waiting} pending messages for node {node} started")

    async def turn(self, login: Account | None, event: Turn) -> tuple[Reply, Sequence[str]]:
        """The answer, and after a positive one the domains whose mail is to go out."""
        if self.turning is None or login is None:
            return NO_TURNING, ()
        try:
            domains = await self.turning.waiting(login.address, event.domains)
        except NotPermitted as error:
            return Reply.of(450, "4.7.1", error.public), ()
        return (TURNING, domains) if domains else (NO_MAIL, ())
