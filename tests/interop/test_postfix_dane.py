"""Debian's Postfix and DANE: it holds our certificate against our TLSA records, and we hold its against its own; and REQUIRETLS, which it does not know."""

from __future__ import annotations

import asyncio
import os
import smtplib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authority import Issued
from guarded_hop import HOST, NAME, ROOT, World, secured
from letters import letter, stamp
from post import office, store, store_url
from postfix import Postfix
from postroom.lab.dns.policies import tlsa_lines
from postroom.lab.dns.server import Fault, LabDns
from postroom.lab.dns.zones import ZoneText
from postroom.message.journey.events import Hop, HopKind, Outcome
from postroom.net.clock import SystemClock
from postroom.net.tls.certificates import Pair
from postroom.proto.dns.answer import Mx
from running import until
from sorting_office import MESSAGE, SortingOffice, bounce_of

__all__ = ["office", "store", "store_url"]

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
RESOLVER = f"127.0.5.{53 + int(WORKER.removeprefix('gw'))}"  # of this process: port 53 cannot be shared


@pytest.fixture(scope="module")
def allowed(require_tool: Callable[[str], str]) -> None:
    """Whether a Postfix can be started here, with names of its own."""
    require_tool("postfix")
    require_tool("unshare")
    if os.geteuid() != 0:
        pytest.skip("needs root: Postfix's master does, and port 53")


class NameServer:
    """One that knows the lab's host and its TLSA records, in a thread."""

    def __init__(self, lab: Any) -> None:
        self.port = lab.port("smtp")
        files = [Path(lab.ca).with_name(f"mail.hamburger.test-{kind}.pem") for kind in ("ecdsa", "rsa")]
        self.right = [line.split(" ", 2)[2] for line in tlsa_lines(Pair(file, file) for file in files)]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.dns = LabDns([self.zone(self.right)], SystemClock(), lambda _: None)
        self.do(self.dns.start(RESOLVER, 53))

    def zone(self, records: list[str]) -> ZoneText:
        lines = [f"_{self.port}._tcp.mail TLSA {record}" for record in records]
        return ZoneText("hamburger.test", ("mail A 127.0.0.1", *lines))

    def publish(self, *records: str) -> None:
        self.loop.call_soon_threadsafe(self.dns.add, self.zone(list(records)))

    def do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def close(self) -> None:
        self.do(self.dns.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(scope="module")
def names(allowed: None, lab: Any) -> Iterator[NameServer]:
    made = NameServer(lab)
    yield made
    made.close()


@pytest.fixture(scope="module")
def sender_of_ours(names: NameServer) -> Iterator[Postfix]:
    """A Postfix that sends hamburger.test's mail to the lab, and demands DANE of whoever publishes TLSA records."""
    postfix = Postfix(
        "mail.crepes.test",
        {
            "relay_domains": "hamburger.test",
            "transport_maps": f"inline:{{hamburger.test=smtp:[mail.hamburger.test]:{names.port}}}",
            "disable_dns_lookups": "no",
            "smtp_dns_support_level": "dnssec",
            "smtp_tls_security_level": "dane",
            "smtp_tls_loglevel": "1",
            "smtp_host_lookup": "dns",
            "maximal_backoff_time": "2s",
            "max_use": "1",  # a process keeps TLSA records for their TTL
        },
        RESOLVER,
    )
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()


def send(postfix: Postfix, bob: Any) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.port) as smtp:
        smtp.sendmail("alice@crepes.test", bob.address, letter("alice@crepes.test", bob.address, stamp()))


def test_postfix_proves_us_by_our_records(sender_of_ours: Postfix, names: NameServer, bob: Any) -> None:
    before = len(sender_of_ours.words())
    send(sender_of_ours, bob)
    assert len(bob.arrived(1)) == 1
    said = sender_of_ours.words()[before:]
    assert "Verified TLS connection established to mail.hamburger.test" in said


def test_postfix_refuses_us_for_other_records(sender_of_ours: Postfix, names: NameServer, bob: Any) -> None:
    before = len(sender_of_ours.words())
    names.publish("3 1 1 " + "00" * 32)
    send(sender_of_ours, bob)
    until("a refusal", lambda: "status=deferred" in sender_of_ours.words()[before:])
    assert "Verified TLS" not in sender_of_ours.words()[before:]
    names.publish(*names.right)
    with sender_of_ours.telling(before):
        assert len(bob.arrived(1)) == 1


def test_postfix_refuses_us_for_bogus_records(sender_of_ours: Postfix, names: NameServer, bob: Any) -> None:
    before = len(sender_of_ours.words())
    names.dns.set_fault("_tcp.mail.hamburger.test", Fault.BOGUS)
    send(sender_of_ours, bob)
    until("a refusal", lambda: "status=deferred" in sender_of_ours.words()[before:])
    assert "TLSA lookup error" in sender_of_ours.words()[before:]
    names.dns.set_fault("_tcp.mail.hamburger.test", None)
    with sender_of_ours.telling(before):
        assert len(bob.arrived(1)) == 1


# ------------------------------------------------------------------------------------------------------- Postfix as the next hop


@pytest.fixture(scope="module")
def certificate() -> Issued:
    return Issued([HOST], ROOT)


@pytest.fixture(scope="module")
def next_hop(
    allowed: None, certificate: Issued, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postfix]:
    """A Postfix that takes r.test's mail into a maildir, and shows a certificate."""
    chain, key = certificate.write(tmp_path_factory.mktemp("certificate"))
    settings = {
        "virtual_mailbox_domains": "r.test",
        "virtual_mailbox_maps": "inline:{eve@r.test=eve/}",
        "smtpd_tls_security_level": "may",
        "smtpd_tls_chain_files": f"{key}, {chain}",
    }
    postfix = Postfix(HOST, settings)
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()


@pytest.fixture
async def world(office: SortingOffice, next_hop: Postfix, tmp_path: Path) -> AsyncIterator[World]:
    """Whose r.test is that Postfix, in signed zones."""
    made = World(office, tmp_path, ROOT.trusting(tmp_path))
    zone = office.zone
    zone.secure.add("*")
    zone.exchangers["r.test"], zone.hosts[HOST] = [Mx(0, HOST)], ["127.0.0.1"]
    office.ports["127.0.0.1"] = next_hop.port
    yield made
    await made.sts.close()


async def sent(world: World, **more: object) -> Hop:
    office = world.office
    office.start(world.relay)
    receipt = await office.accept("eve@r.test", sender="bob@hamburger.test", **more)

    async def tried() -> list[Hop]:
        return [hop for hop in await office.hops(receipt.accept_id) if hop.kind is HopKind.RELAY]

    await office.until(tried)
    return (await tried())[0]


def outcome(hop: Hop) -> str:
    return next(event.result for event in hop.events if isinstance(event, Outcome))


@pytest.mark.parametrize("usage", [2, 3])
async def test_we_prove_postfix_by_its_records(
    world: World, next_hop: Postfix, certificate: Issued, usage: int
) -> None:
    world.office.zone.tlsas[NAME] = [(certificate if usage == 3 else ROOT).tlsa(usage)]
    hop = await sent(world)
    assert outcome(hop) == "relayed"
    shown = secured(hop)
    assert shown is not None
    assert shown.verified
    assert await asyncio.to_thread(until, "the letter", lambda: next_hop.letters("eve"))


async def test_we_refuse_postfix_for_other_records(world: World) -> None:
    world.office.zone.tlsas[NAME] = [Issued([HOST]).tlsa()]
    assert outcome(await sent(world)) == "delayed"


async def test_postfix_does_not_know_requiretls(world: World, certificate: Issued) -> None:
    world.office.zone.tlsas[NAME] = [certificate.tlsa()]
    assert outcome(await sent(world, require_tls=True, content=MESSAGE)) == "failed"
    [report] = await world.office.inbox(world.office.bob)
    assert "Status: 5.7.30" in bounce_of(report)
