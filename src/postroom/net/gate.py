"""How many connections one neighbour, and its whole network, may have, and how fast they may come.

RFC 5321 §7.8 (a server may protect itself), RFC 6177 §2 (a site has at least a /64, so IPv6 counts by /64). Not here: what a refused client
is told, and penalties for what is said over a connection (`intake.guard`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from postroom.net.networks import CLIENT, NEIGHBOURHOOD, Networks, is_local, network_of

MOST_KNOWN = 100_000  # neighbours, and likewise networks, that are remembered
_MINUTE = 60.0


class GateLimits(msgspec.Struct, frozen=True):
    """For one client (an IPv4 address, an IPv6 /64) and for its network (a /24, a /48); 0 is no limit. `exempt` has none.

    Loopback counts only if asked for.
    """

    at_once: int = 30
    per_minute: int = 300
    count_loopback: bool = False
    network_at_once: int = 0
    network_per_minute: int = 0
    exempt: Networks = Networks()


class _Neighbour(msgspec.Struct):
    """`tokens`: connections that may still come at once; they grow back over a minute. `told`: when a refusal was last told of."""

    connected: int
    tokens: float
    seen: float
    told: float = -_MINUTE


class _Ring(msgspec.Struct):
    """Neighbours of one size."""

    lengths: tuple[int, int]
    at_once: int
    per_minute: int
    known: OrderedDict[str, _Neighbour]

    def find(self, ip: str, now: float) -> _Neighbour:
        """The neighbour with what has grown back."""
        key = network_of(ip, self.lengths)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = _Neighbour(0, float(self.per_minute), now)
        self.known.move_to_end(key)
        found.tokens = min(self.per_minute, found.tokens + (now - found.seen) / _MINUTE * self.per_minute)
        found.seen = now
        return found

    def full(self, found: _Neighbour) -> bool:
        """Whether it has what it may have."""
        return bool(
            (self.at_once and found.connected >= self.at_once) or (self.per_minute and found.tokens < 1)
        )

    def words(self, ip: str, found: _Neighbour) -> str:
        """Why it is full."""
        if self.at_once and found.connected >= self.at_once:
            return f"{found.connected} connections from {network_of(ip, self.lengths)} are open, at most {self.at_once} may be"
        return f"more than {self.per_minute} connections in a minute from {network_of(ip, self.lengths)}"

    def forget(self, now: float) -> None:
        """The front is who was seen longest ago; a neighbour who stays connected goes to the back, so each call does bounded work."""
        known = self.known
        for _ in range(2):
            if not known:
                return
            key, oldest = next(iter(known.items()))
            if now - oldest.seen < _MINUTE and len(known) <= MOST_KNOWN:
                return
            if oldest.connected:
                known.move_to_end(key)
            else:
                del known[key]


class Gate:
    """Counts neighbours; those who are gone for a minute are forgotten. `now` gives monotonic seconds."""

    def __init__(self, limits: GateLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        rings = (
            (CLIENT, limits.at_once, limits.per_minute),
            (NEIGHBOURHOOD, limits.network_at_once, limits.network_per_minute),
        )
        self._rings = [
            _Ring(lengths, most, rate, OrderedDict()) for lengths, most, rate in rings if most or rate
        ]

    def __len__(self) -> int:
        return len(self._rings[0].known) if self._rings else 0

    def admit(self, ip: str) -> bool:
        """Whether a connection of this address may begin; then `leave` must be called at its end."""
        if self._is_free(ip):
            return True
        now = self._now()
        found = []
        for ring in self._rings:
            ring.forget(now)
            neighbour = ring.find(ip, now)
            if ring.full(neighbour):
                return False
            found.append(neighbour)
        for neighbour in found:
            neighbour.tokens -= 1
            neighbour.connected += 1
        return True

    def leave(self, ip: str) -> None:
        """A connection that was admitted has ended."""
        if self._is_free(ip):
            return
        for ring in self._rings:
            found = ring.known.get(network_of(ip, ring.lengths))
            if found is not None and found.connected:
                found.connected -= 1

    def why(self, ip: str) -> str:
        """After a refusal: its reason, once a minute for each neighbour, so that the log does not fill; else ""."""
        now = self._now()
        for ring in self._rings:
            found = ring.find(ip, now)
            if ring.full(found):
                if now - found.told < _MINUTE:
                    return ""
                found.told = now
                return ring.words(ip, found)
        return ""

    def _is_free(self, ip: str) -> bool:
        limits = self._limits
        return not self._rings or (not limits.count_loopback and is_local(ip)) or ip in limits.exempt
