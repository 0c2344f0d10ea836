"""A next hop with certificates, TLSA records and policies to order, for tests of what is demanded of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from authority import Issued
from next_hop import NextHop
from policy_server import PolicyServer, policy, response
from postroom.deliver.tls.assessing import Security
from postroom.deliver.tls.sts import Fetching, StsPolicies
from postroom.deliver.tls_outcome import TlsOutcome
from postroom.message.journey.events import Decided, Hop, HopKind, Outcome, Secured
from postroom.net.https import Web
from postroom.net.tls.certificates import opportunistic
from postroom.net.tls.layer import TlsContext
from postroom.proto.dns.answer import Mx
from smtp_stage import config
from sorting_office import MESSAGE, SortingOffice, bounce_of

BOB = "bob@hamburger.test"
HOST, NAME = "mx0.r.test", "_25._tcp.mx0.r.test"
ROOT = Issued(["Root"], ca=True)
GOOD = Issued([HOST], ROOT)
EXPIRED = Issued([HOST], ROOT, days=(-9, -2))
ELSEWHERE = Issued(["elsewhere.test"], ROOT)
UNKNOWN = Issued([HOST])
UNPROTECTED_MESSAGE = MESSAGE.replace(b"Subject", b"TLS-Required: No\r\nSubject")


class World:
    """An office, the next hop of r.test that shows `GOOD`, and what was noted of TLS."""

    def __init__(self, office: SortingOffice, directory: Path, trusting: TlsContext) -> None:
        self.office, self.directory = office, directory
        self.noted: list[TlsOutcome] = []
        web = Web(office.zone, lambda: trusting, lambda _: self.web.port)
        self.sts = StsPolicies(Fetching(office.engine, office.zone, web, office.clock, self.noted.append))
        self.relay = office.remote(
            opportunistic, lambda: trusting, Security(office.zone, self.sts, True, self.noted.append)
        )
        self.web: PolicyServer

    async def open(self, shown: Issued = GOOD) -> NextHop:
        self.hop = await NextHop(config(tls=True), tls=shown.server(self.directory)).listen()
        self.serve(self.hop)
        self.web = await PolicyServer(Issued(["mta-sts.r.test"], ROOT).server(self.directory)).listen()
        return self.hop

    def serve(self, *hops: NextHop) -> None:
        """r.test's exchangers, in this order."""
        zone = self.office.zone
        zone.exchangers["r.test"] = [Mx(number, f"mx{number}.r.test") for number in range(len(hops))]
        for number, hop in enumerate(hops):
            zone.hosts[f"mx{number}.r.test"] = [hop.ip]
            self.office.ports[hop.ip] = hop.port

    def dane(self, *records: object) -> None:
        zone = self.office.zone
        zone.secure.add("*")
        zone.tlsas[NAME] = list(records) or [GOOD.tlsa()]  # type: ignore[arg-type]

    def mta_sts(self, mode: str = "enforce", mx: str = HOST) -> None:
        zone = self.office.zone
        zone.texts["_mta-sts.r.test"] = [b"v=STSv1; id=1"]
        zone.hosts["mta-sts.r.test"] = ["127.0.0.1"]
        self.web.says = response(policy(mode, mx))

    def show(self, shown: Issued | None) -> None:
        self.hop.tls = shown.server(self.directory) if shown else None

    def strip(self) -> None:
        self.hop.settings = msgspec.structs.replace(self.hop.settings, starttls=False)

    async def send(self, **more: object) -> Hop:
        """Sends, and gives the journey of the first attempt."""
        office = self.office
        if not office.running:
            office.start(self.relay)
        receipt = await office.accept("eve@r.test", sender=BOB, **more)

        async def tried() -> list[Hop]:
            return [hop for hop in await office.hops(receipt.accept_id) if hop.kind is HopKind.RELAY]

        await office.until(tried)
        return (await tried())[0]

    async def delayed(self, status: str, words: str, **more: object) -> Hop:
        """Nothing has left, the message waits, and says why."""
        hop = await self.send(**more)
        [outcome] = [event for event in hop.events if isinstance(event, Outcome)]
        assert (outcome.result, outcome.status) == ("delayed", status)
        assert words in outcome.text
        assert self.hop.letters == []
        assert await self.office.waiting() == [("r.test", ["eve@r.test"])]
        assert await self.office.inbox(self.office.bob) == []
        return hop

    async def bounced(self, status: str, **more: object) -> str:
        """The message came back at once."""
        await self.send(**more)
        [report] = await self.office.inbox(self.office.bob)
        assert f"Status: {status}" in bounce_of(report)
        assert self.hop.letters == []
        return report.decode()

    @property
    def results(self) -> list[str]:
        return [outcome.result.value for outcome in self.noted]


def decisions(hop: Hop) -> list[tuple[str, str]]:
    return [(event.what, event.result) for event in hop.events if isinstance(event, Decided)]


def secured(hop: Hop) -> Secured | None:
    return next((event for event in hop.events if isinstance(event, Secured)), None)
