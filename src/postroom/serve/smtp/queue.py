"""ETRN, ATRN and TURN: what a client may ask of the queue.

RFC 1985 §5.3 (ETRN's replies), RFC 2645 §5.2.1 (ATRN's), RFC 821 §3.8. Not here: the queue itself, and what is sent to whom.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import msgspec

from postroom.deliver.legs import LOCAL_HOP
from postroom.intake.client import Account
from postroom.message.address import fold, parse_domain
from postroom.message.errors import NotPermitted
from postroom.net.session import Connection
from postroom.proto.smtp.commands import Etrn, Turn
from postroom.proto.smtp.reply import Reply
from postroom.store.spool.jobs import Destinations

NO_TURNING = Reply.of(502, "5.5.1", "Turning is not offered here")
NO_MAIL = Reply.of(453, "4.0.0", "You have no mail")
LOCAL_QUEUE = "local"  # its name behind "#"
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
    """`flush` starts the queue for next hops and says how much waits; `turning` exchanges the roles."""

    flush: Callable[[Destinations], Awaitable[int]] | None = None
    turning: Turning | None = None

    async def etrn(self, event: Etrn) -> Reply:
        """Starts the queue for one domain, for all at and below it (`@`), or for a queue by its name (`#`)."""
        shown = f"{event.option}{event.node}"
        wanted = _destinations(event)
        if wanted is None:
            words = f"a queue is named after the domain where its mail goes, or #{LOCAL_QUEUE}"
            return Reply.of(459, "4.5.4", f"Node {shown} not allowed: {words}")
        if self.flush is None:
            return Reply.of(458, "4.3.0", f"Unable to queue messages for node {shown}")
        waiting = await self.flush(wanted)
        if not waiting:
            return Reply.of(251, "2.0.0", f"OK, no messages waiting for node {shown}")
        return Reply.of(253, "2.0.0", f"OK, {waiting} pending messages for node {shown} started")

    async def turn(self, login: Account | None, event: Turn) -> tuple[Reply, Sequence[str]]:
        """The answer, and after a positive one the domains whose mail is to go out."""
        if self.turning is None or login is None:
            return NO_TURNING, ()
        try:
            domains = await self.turning.waiting(login.address, event.domains)
        except NotPermitted as error:
            return Reply.of(450, "4.7.1", error.public), ()
        return (TURNING, domains) if domains else (NO_MAIL, ())


def _destinations(event: Etrn) -> Destinations | None:
    """RFC 1985 §5.3. The machine has seen to it that `@` has a domain with a dot behind it (§8: not a whole `com`)."""
    if event.option != "#":
        return Destinations(event.node, below=event.option == "@")
    if fold(event.node) == LOCAL_QUEUE:
        return Destinations(LOCAL_HOP)
    domain = parse_domain(event.node)
    return Destinations(domain) if domain is not None else None
