"""The names under which a server is asked by HTTP, and which domain each of them speaks for.

RFC 8461 §3.3 (`mta-sts.`), draft-ietf-mailmaint-autoconfig §4.1 (`autoconfig.`), `autodiscover.` of Microsoft's, draft-ietf-mailmaint-pacc §4
(`ua-auto-config.`). Not here: certificates for them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

LABELS = ("mta-sts", "autoconfig", "autodiscover", "ua-auto-config")
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class Hosts(msgspec.Struct, frozen=True):
    """The names of one server: its own (`names`), its domains, and those with the labels above. `is_ours` knows domains."""

    names: frozenset[str]
    is_ours: Callable[[str], Awaitable[bool]]

    async def hears(self, host: str) -> bool:
        """Whether this name is one of them."""
        return host in self.names or host in LOOPBACK or bool(await self.domain(host))

    async def domain(self, host: str) -> str:
        """The domain of ours that the host speaks for; "" for none."""
        label, _, parent = host.partition(".")
        if label in LABELS and parent and await self.is_ours(parent):
            return parent
        return host if await self.is_ours(host) else ""


def names_of(domain: str) -> tuple[str, ...]:
    """The hosts that speak for a domain, beside itself."""
    return tuple(f"{label}.{domain}" for label in LABELS)
