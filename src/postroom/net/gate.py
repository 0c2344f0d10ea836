"""How many connections one neighbour may have, and how fast they may come.

RFC 5321 §7.8 (a server may protect itself), RFC 6177 §2 (a site has at least a /64, so IPv6 counts by /64). Not here: what a refused client
is told, and penalties for what is said over a connection.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

import msgspec

_MINUTE = 60.0


class GateLimits(msgspec.Struct, frozen=True):
    """For one IPv4 address or IPv6 /64; 0 is no limit. Loopback counts only if asked for."""

    at_once: int = 30
    per_minute: int = 300
    count_loopback: bool = False


class _Neighbour(msgspec.Struct):
    """`tokens`: connections that may still come at once; they grow back over a minute."""

    connected: int
    tokens: float
    seen: float


class Gate:
    """Counts neighbours; those who are gone for a minute are forgotten. `now` gives monotonic seconds."""

    def __init__(self, limits: GateLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._known: OrderedDict[str, _Neighbour] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def admit(self, ip: str) -> bool:
        """Whether a connection of this address may begin; then `leave` must be called at its end."""
        limits = self._limits
        if not (limits.at_once or limits.per_minute) or (not limits.count_loopback and _is_local(ip)):
            return True
        now = self._now()
        self._forget(now)
        key = neighbour(ip)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _Neighbour(0, float(limits.per_minute), now)
        self._known.move_to_end(key)
        found.tokens = min(limits.per_minute, found.tokens + (now - found.seen) / _MINUTE * limits.per_minute)
        found.seen = now
        if (limits.at_once and found.connected >= limits.at_once) or (limits.per_minute and found.tokens < 1):
            return False
        found.tokens -= 1
        found.connected += 1
        return True

    def leave(self, ip: str) -> None:
        """A connection that was admitted has ended."""
        found = self._known.get(neighbour(ip))
        if found is not None and found.connected:
            found.connected -= 1

    def _forget(self, now: float) -> None:
        # The front is who was seen longest ago; a neighbour who stays connected goes to the back, so each call does bounded work.
        for _ in range(2):
            if not self._known:
                return
            key, oldest = next(iter(self._known.items()))
            if now - oldest.seen < _MINUTE:
                return
            if oldest.connected:
                self._known.move_to_end(key)
            else:
                del self._known[key]


def neighbour(ip: str) -> str:
    """What counts as one: an IPv4 address, an IPv6 /64; anything else as it is."""
    if ":" not in ip:
        return ip
    try:
        return str(ipaddress.IPv6Network((ip, 64), strict=False).network_address)
    except ValueError:
        return ip


def _is_local(ip: str) -> bool:
    return ip in {"", "::1"} or ip.startswith("127.")
