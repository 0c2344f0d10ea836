"""The lab's DNS as the lab uses it: the zones of its houses, and a resolver that knows nothing else.

RFC 1035. Not here: the server (`lab.dns`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from postroom.lab.plan import House
from postroom.net.clock import Clock
from postroom.proto.dns.answer import Answer, Family, Kind, Mx, Rcode, Tlsa
from postroom.proto.dns.resolver import Resolver


class Names:
    """TEMPORARY in-process resolver until lab.dns lands."""

    def __init__(self, houses: Sequence[House], clock: Clock, directory: Path) -> None:
        self._houses = houses
        self.port = 0

    async def start(self, port: int) -> None:
        self.port = port

    async def stop(self) -> None:
        pass

    def resolver(self) -> Resolver:
        return _R(self._houses)


class _R:
    def __init__(self, houses):
        self.h = houses

    async def mx(self, name: str):
        for h in self.h:
            if h.domain == name:
                return Answer(name, Kind.MX, records=(Mx(10, h.host),))
        return Answer(name, Kind.MX, Rcode.NXDOMAIN)

    async def addresses(self, name: str, family: Family = Family.BOTH):
        for h in self.h:
            if name in (h.host, h.domain):
                return Answer(name, Kind.ADDRESS, records=(h.ip,))
        return Answer(name, Kind.ADDRESS, Rcode.NXDOMAIN)

    async def txt(self, name):
        return Answer(name, Kind.TXT, Rcode.NXDOMAIN)

    async def ptr(self, ip):
        return Answer(ip, Kind.PTR, Rcode.NXDOMAIN)

    async def cname(self, name):
        return Answer(name, Kind.CNAME, Rcode.NXDOMAIN)

    async def tlsa(self, name):
        return Answer(name, Kind.TLSA, Rcode.NXDOMAIN)
