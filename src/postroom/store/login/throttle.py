"""How often someone may fail to log in: counted for each client address and for each name that it tries.

A client address that failed too often in a minute or a day waits; a name that failed from there waits longer each time, while the same
name from elsewhere, and a name that was good from there before, are not held up by others. Pure bookkeeping: time is an argument.
Not here: what a login is (`login`).
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from typing import Final, Generic, TypeVar

import msgspec

V = TypeVar("V")

MINUTE: Final = 60.0
DAY: Final = 86_400.0
FORGET_AFTER: Final = 3600.0  # seconds without a failure, and a name begins anew


class Limits(msgspec.Struct, frozen=True):
    """Failures for one client (an IPv4 address or an IPv6 /64) in a minute and a day, 0 for any number; seconds to wait after a name's
    first, second ... failure, the last one repeating, () for none; how many clients and names are remembered."""

    per_minute: int = 10
    per_day: int = 50
    delays: tuple[int, ...] = (2, 4, 8, 15)
    remembered: int = 100_000


class _Bounded(OrderedDict[str, V], Generic[V]):
    """Forgets what was set longest ago when it is full."""

    def keep(self, key: str, value: V, most: int) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > most:
            self.popitem(last=False)


class Throttle:
    """The failures of one process. Times are seconds of a clock that never steps back."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._clients: _Bounded[deque[float]] = _Bounded()
        self._names: _Bounded[tuple[int, float]] = _Bounded()
        self._good: _Bounded[float] = _Bounded()

    def wait(self, client: str, name: str, now: float) -> float:
        """Seconds until this client may try this name; 0.0 when it may."""
        pair = f"{client} {name}"
        wait = self._pair_wait(pair, now)
        if now - self._good.get(pair, -DAY) < DAY:
            return wait
        return max(wait, self._client_wait(client, now))

    def failed(self, client: str, name: str, now: float) -> None:
        """Counts a failure."""
        limits, pair = self._limits, f"{client} {name}"
        failures = self._clients.get(client) or deque(maxlen=max(limits.per_day, limits.per_minute, 1))
        failures.append(now)
        self._clients.keep(client, failures, limits.remembered)
        count, last = self._names.get(pair, (0, now))
        count = 1 if now - last > FORGET_AFTER else count + 1
        self._names.keep(pair, (count, now), limits.remembered)

    def succeeded(self, client: str, name: str, now: float) -> bool:
        """Forgets the name's failures from there, not the client's: else one good account would be the key to trying all others.

        Whether there were any.
        """
        pair = f"{client} {name}"
        self._good.keep(pair, now, self._limits.remembered)
        return self._names.pop(pair, None) is not None

    def _pair_wait(self, pair: str, now: float) -> float:
        found, delays = self._names.get(pair), self._limits.delays
        if found is None or not delays:
            return 0.0
        count, last = found
        return max(0.0, last + delays[min(count, len(delays)) - 1] - now)

    def _client_wait(self, client: str, now: float) -> float:
        failures = self._clients.get(client, ())
        wait = 0.0
        for most, span in ((self._limits.per_minute, MINUTE), (self._limits.per_day, DAY)):
            if 0 < most <= len(failures):
                wait = max(wait, failures[-most] + span - now)
        return wait


def client_of(ip: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is one subscriber's."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
