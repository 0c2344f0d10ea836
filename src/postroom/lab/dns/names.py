"""The lab's DNS as the lab uses it: the zones of its houses, served on loopback, and resolvers that ask only there.

RFC 1035, RFC 4033 §2 (the zones are signed; the lab's server validates them itself, so its AD bit is believed). Not here: the server
(`lab.dns.server`), records (`lab.dns.zones`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from postroom.lab.dns.notes import zones_of
from postroom.lab.dns.server import LabDns, Question, Wrong
from postroom.lab.dns.zones import ZoneText, mail_zone, reverse_zone
from postroom.lab.plan import House
from postroom.net.clock import Clock
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver
from postroom.net.sockets import CannotListen

LOOPBACK = "127.0.0.1"


class Names:
    """The name server of one lab. `port` is 0 until it was started; `heard` is told of every question, `edited` changes each zone,
    `wrong` tells what is wrong with an answer."""

    def __init__(
        self,
        houses: Sequence[House],
        clock: Clock,
        heard: Callable[[Question], None],
        edited: Callable[[ZoneText], ZoneText],
        wrong: Callable[[str, str], Wrong],
    ) -> None:
        zones = [mail_zone(house.domain, "mail", [house.ip]) for house in houses]
        zones.append(reverse_zone("127.in-addr.arpa", {house.ip: house.host for house in houses}))
        zones += [zone for house in houses for zone in zones_of(house)]
        self._clock = clock
        self.server = LabDns(zones, clock, heard, edited, wrong)
        self.port = 0
        self._resolvers: list[StubResolver] = []

    async def start(self, port: int) -> None:
        """Answers on UDP and TCP at a port of 127.0.0.1, 0 for any free one. Raises `CannotListen`."""
        try:
            self.port = await self.server.start(LOOPBACK, port)
        except OSError as error:
            raise CannotListen(f"{LOOPBACK} port {port} for the lab's DNS: {error.strerror}") from error

    async def stop(self) -> None:
        """Closes resolvers and server."""
        for resolver in self._resolvers:
            await resolver.close()
        await self.server.stop()

    def publish(self, house: House, lines: Sequence[str]) -> None:
        """Replaces the records of a house's zone by lines of a zone file."""
        self.server.add(ZoneText(house.domain, tuple(lines)))

    def has(self, domain: str) -> bool:
        """Whether a domain is one of this lab."""
        return self.server.has(domain)

    def forget(self) -> None:
        """The lab's servers ask anew for all that they knew."""
        for resolver in self._resolvers:
            resolver.forget()

    def resolver(self) -> StubResolver:
        """A resolver for one of the lab's servers."""
        options = ResolverOptions((Server(LOOPBACK, self.port),), trust_ad=True)
        resolver = StubResolver(options, self._clock.monotonic)
        self._resolvers.append(resolver)
        return resolver
