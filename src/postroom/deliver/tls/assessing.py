"""What holds for the hosts of one next hop: the lookups, once for each attempt to open a connection.

RFC 7672 §2.2, RFC 8461 §4 and §5, RFC 8689 §4.2. Cached answers and policies are used without waiting. Not here: the decision (`choosing`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from postroom.deliver.mx import Target
from postroom.deliver.routes import Route
from postroom.deliver.tls.choosing import Findings, choose
from postroom.deliver.tls.dane import Dane, Found, look_up
from postroom.deliver.tls.demand import TlsPolicy, Wish
from postroom.deliver.tls.sts import Sts
from postroom.deliver.tls_outcome import TlsOutcome
from postroom.message.journey.events import Record
from postroom.proto.dns.resolver import Resolver

SMTP_PORT = 25  # whose TLSA records count for what an MX record names
_UNKNOWN = Dane(Found.NONE, "")


class PolicySource(Protocol):
    """Whoever knows the MTA-STS policies of domains."""

    async def of(self, name: str, record: Record, at: Callable[[], int]) -> Sts:
        """The policy for mail to a domain."""


class Security(msgspec.Struct, frozen=True):
    """What a server does for the safety of what it sends. `sts` None and `dane` false switch these off; `note` hears how each session went."""

    resolver: Resolver
    sts: PolicySource | None
    dane: bool
    note: Callable[[TlsOutcome], None]


class Assessment:
    """One next hop's. `record` and `at` are the journey's."""

    def __init__(self, security: Security | None, hop: str, record: Record, at: Callable[[], int]) -> None:
        self._security = security
        self._hop = hop
        self._record = record
        self._at = at
        self._sts: Sts | None = None

    async def of(self, target: Target, route: Route | None, wish: Wish) -> TlsPolicy:
        """What holds for one host."""
        security = self._security
        if security is None or target.named:
            return choose(Findings(self._hop, target, _UNKNOWN, route=route), wish)
        dane = _UNKNOWN
        if security.dane:
            dane = await look_up(security.resolver, target, SMTP_PORT, self._record, self._at)
        return choose(Findings(self._hop, target, dane, await self._policy(security, dane), route), wish)

    async def _policy(self, security: Security, dane: Dane) -> Sts:
        """The domain's MTA-STS policy, unless TLSA records make it needless (RFC 8461 §2)."""
        if security.sts is None or dane.found in (Found.RECORDS, Found.FAILED) or self._hop.startswith("["):
            return Sts(None, "")
        if self._sts is None:
            self._sts = await security.sts.of(self._hop, self._record, self._at)
        return self._sts
