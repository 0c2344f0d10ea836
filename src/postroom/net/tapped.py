"""Connections that somebody listens in on: a lab shows and keeps what is said over them, in the clear, also where it went under TLS.

What is overheard are the octets that the machine reads and writes. Not here: what becomes of them (`lab.heard.overheard`); where nobody listens, nothing of this
is in the way (`listener` makes plain guests then).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from postroom.net.link import ends
from postroom.net.session import Peer, TlsFacts


class Overheard(Protocol):
    """Who listens in on one connection. Nothing may be raised."""

    def came(self, data: bytes) -> None:
        """Octets from the peer, in the clear."""

    def went(self, data: bytes) -> None:
        """Octets to the peer, before TLS."""

    def secured(self, facts: TlsFacts) -> None:
        """From here on it goes under TLS."""

    def ended(self, reason: str) -> None:
        """The connection is gone; the last call."""


# Given the far and the near end of a connection that begins.
Tap = Callable[[Peer, Peer], Overheard]


def known_ends(transport: asyncio.BaseTransport, told: tuple[Peer, Peer] | None) -> tuple[Peer, Peer]:
    """The far and the near end, as a proxy told them or as they are."""
    return told or ends(cast("asyncio.Transport", transport))
