"""What the houses of a lab show of themselves to others: certificates, and what their zones say of the safety of their mail.

RFC 8461 §3 (a policy on a web server of its own), RFC 7672 §3.1.1 (TLSA). Certificates are renewed when the lab's clock has come so far. Not here: the zones' other lines (`lab.dns.zones`), certificates that are wrong on purpose
(`lab.wrong_certificates`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from postroom.lab.ca import LabCa
from postroom.lab.dns.policies import PolicySite, completed, policy_of, sts_lines, tlsa_lines
from postroom.lab.dns.zones import ZoneText
from postroom.lab.faults.mishaps import Troubles
from postroom.lab.house_settings import LabSettings
from postroom.lab.plan import House
from postroom.net.tls.certificates import Pair
from postroom.web.hosts import names_of
from postroom.web.mta_sts import Policy

LOOK_SECONDS = 60.0  # after which it is looked whether a certificate is due


class Showing:
    """Of all houses. `now` gives unix microseconds by the lab's clock; `troubles` what is wrong with a domain."""

    def __init__(
        self, lab: LabSettings, ca: LabCa, now: Callable[[], int], troubles: Callable[[str], Troubles]
    ) -> None:
        self._houses = lab.houses
        self._bind = lab.bind
        self._ca = ca
        self._now = now
        self._troubles = troubles
        self._log = lab.log
        self._pairs = self._certified()
        self._sites = {house.domain: self._site(house) for house in lab.houses}
        self._watching: asyncio.Task[None] | None = None
        self.on_renewal: Callable[[], None] = lambda: None  # called when files of certificates have changed
        self._next = 0  # unix microseconds: when something is to be renewed, as far as is known
        self.web_servers: dict[str, int] = {}  # ports of others' web servers in this lab, by their addresses

    async def start(self) -> None:
        """Opens the web servers of policies, and renews certificates from now on. Raises `CannotListen`."""
        await asyncio.gather(*(self._sites[house.domain].start(house.ip) for house in self._houses))
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Closes them."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(*(site.stop() for site in self._sites.values()))

    def pairs(self, domain: str) -> Sequence[Pair]:
        """What a house's servers show."""
        return self._pairs[domain]

    def renew(self) -> None:
        """Renews what is due by the lab's clock, save where a fault has it that nobody does."""
        now = self._now()
        if now < self._next:
            return
        dues = [self._ca.keep(now)]
        for house in self._houses:
            shown = self._pairs[house.domain]
            if self._troubles(house.domain).renewed:
                dues += map(self._ca.due, self._ca.issue(self._names(house), now))
            else:
                dues += [due for due in map(self._ca.due, shown) if due > now]
            dues += map(self._ca.due, self._policy_pairs(house))
            self._sites[house.domain].reload()
        self._next = min(dues)
        self.on_renewal()

    def look_again(self) -> None:
        """The same, whatever is known: something is wrong, or well again."""
        self._next = 0
        self.renew()

    async def _watch(self) -> None:
        """Time passes, too, where nobody moves it."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.renew()

    def https_port(self, ip: str) -> int:
        """Where the web server at an address of the lab is."""
        if ip in self.web_servers:
            return self.web_servers[ip]
        return next((self._sites[house.domain].port for house in self._houses if house.ip == ip), 443)

    def edited(self, zone: ZoneText) -> ZoneText:
        """A zone with what its domain says of the safety of its mail server, unless it does already, and with what is wrong with it."""
        house = next((house for house in self._houses if house.domain == zone.origin), None)
        if house is None:
            return zone
        said = [*tlsa_lines(self._pairs[house.domain]), *sts_lines(house, self._policy(house))]
        troubles = self._troubles(house.domain)
        return ZoneText(zone.origin, troubles.edited(completed(troubles.unsaid(zone), said)))

    def _certified(self) -> dict[str, list[Pair]]:
        """The certificates of all houses, in threads: a key of RSA takes long to be made."""
        with ThreadPoolExecutor() as threads:
            made = threads.map(lambda house: self._ca.issue(self._names(house), self._now()), self._houses)
            return {house.domain: pairs for house, pairs in zip(self._houses, made, strict=True)}

    def _names(self, house: House) -> list[str]:
        own = [house.host, house.domain, *names_of(house.domain), *house.further]
        return [*own, "localhost", house.ip, "127.0.0.1", *filter(None, (self._bind,))]

    def _site(self, house: House) -> PolicySite:
        return PolicySite(partial(self._policy, house), self._policy_pairs(house), self._tell)

    def _tell(self, error: BaseException) -> None:
        self._log.error("lab.fault", exc_info=error, error=str(error))

    def _policy_pairs(self, house: House) -> Sequence[Pair]:
        return self._ca.issue([f"mta-sts.{house.domain}"], self._now(), kinds=("ecdsa",))

    def _policy(self, house: House) -> Policy:
        return policy_of(self._troubles(house.domain).sts_mx or house.host)
