"""What the lab's domains publish of themselves: the records that `postroom dns records` asks for, keys included.

The lab does what an administrator does elsewhere: it puts the records into its zones, and does it again when the keys have changed. RFC 6376 §3.1,
RFC 9989 §4.7 (p=none: the lab shows verdicts; p=quarantine where it is asked to act on them). Not here: the records (`app.dns.records`), zones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from postroom.app.dns.forms import zone_line
from postroom.app.dns.records import Site, records_of
from postroom.app.dns.site import site_of
from postroom.app.operations.dkim import key_record
from postroom.app.server import Server
from postroom.deliver.signing_keys import NewKey, sealed
from postroom.lab.dns.names import Names
from postroom.lab.plan import House
from postroom.mailauth.dkim.private_key import Algorithm, PrivateKey
from postroom.mailauth.dkim.rotation import Phase
from postroom.store.directory import dkim_keys
from postroom.store.directory.dkim_keys import DkimKey
from postroom.store.engine.transaction import Transaction

LOOK_SECONDS = 1.0  # after which new keys are in the lab's DNS
SELECTORS = (("rsa", Algorithm.RSA), ("ed25519", Algorithm.ED25519))


async def new_keys() -> list[PrivateKey]:
    """The first keys of a house, made in a thread while it is set up."""
    return [await asyncio.to_thread(PrivateKey.create, algorithm) for _, algorithm in SELECTORS]


async def settle(server: Server, house: House, keys: Sequence[PrivateKey]) -> None:
    """The house signs with these keys, unless it has some already."""
    now = server.clock.now()
    rows = [
        sealed(NewKey(house.domain, name, key, now, Phase.SIGNING), server.vault)
        for (name, _), key in zip(SELECTORS, keys, strict=True)
    ]

    async def work(tx: Transaction) -> None:
        if not await dkim_keys.of(tx, house.domain):
            for row in rows:
                await dkim_keys.put(tx, row)

    await server.engine.write(work)


Published = tuple[House, Server, dict[str, int]]  # `ports` by service


class Publisher:
    """Keeps the zones of houses as their servers' keys want them."""

    def __init__(self, names: Names, policy: str) -> None:
        self._names = names
        self._policy = policy  # of DMARC
        self._known: dict[str, list[DkimKey]] = {}
        self._task: asyncio.Task[None] | None = None
        self._houses: Sequence[Published] = ()

    def start(self, houses: Sequence[Published]) -> None:
        """Looks at them from now on."""
        self._houses = houses
        self._task = asyncio.get_running_loop().create_task(self._watch(houses))

    async def stop(self) -> None:
        """Looks no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def publish(self, house: House, server: Server, ports: dict[str, int]) -> None:
        """Puts the records of a house into its zone, if they are other ones than before."""
        rows = await dkim_keys.of(server.engine.reading(), house.domain)
        if rows != self._known.get(house.domain):
            self._known[house.domain] = rows
            site = msgspec.structs.replace(site_of_house(house, server, rows, ports), policy=self._policy)
            self._names.publish(house, lines_of(site))

    async def again(self, domain: str) -> None:
        """Publishes a domain's records once more: they are edited in another way now."""
        self._known.pop(domain, None)
        for house, server, ports in self._houses:
            if house.domain == domain:
                await self.publish(house, server, ports)

    async def _watch(self, houses: Sequence[Published]) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for house, server, ports in houses:
                await self.publish(house, server, ports)


def site_of_house(house: House, server: Server, rows: Sequence[DkimKey], ports: dict[str, int]) -> Site:
    """What a house is, for its records."""
    site = site_of(server.settings, house.domain, [key_record(row) for row in rows], [house.ip])
    return msgspec.structs.replace(site, every=True, ports=ports)


def lines_of(site: Site) -> list[str]:
    """The zone of a house; the way back from addresses is in another."""
    return [zone_line(record) for record in records_of(site) if record.value and record.type != "PTR"]
