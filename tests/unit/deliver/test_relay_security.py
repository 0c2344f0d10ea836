"""Mail over real connections to servers that are, and are not, as well protected as they must be: every no, and what is delivered all the same."""

from __future__ import annotations

import pytest

from authority import Issued
from guarded_hop import (
    BOB,
    ELSEWHERE,
    EXPIRED,
    GOOD,
    HOST,
    NAME,
    ROOT,
    UNKNOWN,
    World,
    decisions,
    secured,
)
from next_hop import NextHop
from policy_server import response
from postroom.deliver.routes import Route
from postroom.deliver.tls_outcome import PolicyKind
from postroom.message.journey.events import Outcome
from postroom.proto.dns.answer import Rcode
from postroom.proto.smtp.client_events import TlsUse
from postroom.proto.smtp.commands import StartTls
from postroom.proto.smtp.reply import Reply
from smtp_stage import config
from sorting_office import MESSAGE

BY_ADDRESS = Issued(["127.0.0.1"], ROOT)

# ------------------------------------------------------------------------------------------------------------------ DANE


@pytest.mark.parametrize("usage", [2, 3])
async def test_dane_agrees(world: World, usage: int) -> None:
    world.dane((GOOD if usage == 3 else ROOT).tlsa(usage))
    hop = await world.send()
    assert world.hop.letters == [MESSAGE]
    assert decisions(hop) == [
        ("security of mx0.r.test", "TLS with a certificate of the TLSA records required"),
        ("certificate of mx0.r.test", "proven"),
    ]
    shown = secured(hop)
    assert shown is not None
    assert (shown.server_name, shown.subject, shown.verified) == (HOST, HOST, True)
    [noted] = world.noted
    assert (noted.domain, noted.kind, noted.failed) == ("r.test", PolicyKind.TLSA, False)
    assert (noted.receiving_host, noted.receiving_ip, noted.sending_ip) == (HOST, "127.0.0.1", "127.0.0.1")


async def test_dane_ee_takes_a_certificate_that_has_expired(world: World) -> None:
    world.show(EXPIRED)
    world.dane(EXPIRED.tlsa())
    await world.send()
    assert world.hop.letters == [MESSAGE]


@pytest.mark.parametrize(
    ("shown", "record", "result"),
    [
        (UNKNOWN, GOOD.tlsa(), "validation-failure"),
        (UNKNOWN, ROOT.tlsa(2), "certificate-not-trusted"),
        (EXPIRED, ROOT.tlsa(2), "certificate-expired"),
        (ELSEWHERE, ROOT.tlsa(2), "certificate-host-mismatch"),
    ],
)
async def test_dane_does_not_agree(world: World, shown: Issued, record: object, result: str) -> None:
    world.show(shown)
    world.dane(record)
    hop = await world.delayed("4.7.5", "TLS with mx0.r.test")
    assert ("TLS", "failed") in decisions(hop)
    assert world.results == [result]
    assert len(world.hop.stages) == 1  # not once more in the clear


async def test_dane_and_starttls_stripped(world: World) -> None:
    world.strip()
    world.dane()
    await world.delayed("4.7.10", "TLS is required here, and the server does not offer it")
    assert world.results == ["starttls-not-supported"]


async def test_dane_and_starttls_refused(world: World) -> None:
    world.hop.prepare = lambda stage: stage.answers.update({StartTls: Reply.of(454, "4.7.0", "Not now")})
    world.dane()
    await world.delayed("4.7.10", "454 4.7.0 Not now")
    assert world.results == ["starttls-not-supported"]


async def test_dane_and_a_handshake_that_fails(world: World) -> None:
    world.show(None)
    world.dane()
    await world.delayed("4.7.5", "TLS with")
    assert world.results == ["validation-failure"]


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.TIMEOUT])
async def test_bogus_tlsa_records(world: World, rcode: Rcode) -> None:
    world.dane()
    world.office.zone.tlsas[NAME] = rcode
    await world.delayed("4.7.5", f"the DNS does not tell the TLSA records of mx0.r.test ({rcode})")
    assert world.hop.stages == []
    assert world.results == ["dnssec-invalid"]


async def test_bogus_mx_records(world: World) -> None:
    world.office.zone.exchangers["r.test"] = Rcode.SERVFAIL
    hop = await world.send()
    assert not [event for event in hop.events if isinstance(event, Outcome)]
    assert world.hop.stages == []
    assert await world.office.waiting() == [("r.test", ["eve@r.test"])]


async def test_records_that_cannot_be_used_demand_tls_and_no_proof(world: World) -> None:
    world.show(UNKNOWN)
    world.dane(GOOD.tlsa(1))
    hop = await world.send()
    assert world.hop.letters == [MESSAGE]
    assert ("security of mx0.r.test", "TLS required") in decisions(hop)
    assert world.results == ["tlsa-invalid"]


async def test_records_that_cannot_be_used_and_starttls_stripped(world: World) -> None:
    world.strip()
    world.dane(GOOD.tlsa(1))
    await world.delayed("4.7.10", "TLS is required")


async def test_records_that_are_not_secure_demand_nothing(world: World) -> None:
    world.strip()
    world.office.zone.tlsas[NAME] = [UNKNOWN.tlsa()]
    await world.send()
    assert world.hop.letters == [MESSAGE]


async def test_the_next_exchanger_when_the_first_is_not_what_it_should_be(world: World) -> None:
    second = await NextHop(config(tls=True), tls=GOOD.server(world.directory)).listen("127.0.0.2")
    world.serve(world.hop, second)
    world.dane(UNKNOWN.tlsa())
    world.office.zone.tlsas["_25._tcp.mx1.r.test"] = [GOOD.tlsa()]
    await world.send()
    assert (world.hop.letters, second.letters) == ([], [MESSAGE])
    assert world.results == ["validation-failure", ""]
    await second.close()


# --------------------------------------------------------------------------------------------------------------- MTA-STS


async def test_mta_sts_is_met(world: World) -> None:
    world.mta_sts()
    hop = await world.send()
    assert world.hop.letters == [MESSAGE]
    shown = secured(hop)
    assert shown is not None
    assert shown.verified
    [noted] = world.noted
    assert (noted.kind, noted.failed, noted.mx) == (PolicyKind.STS, False, (HOST,))
    assert "mode: enforce" in noted.policy


@pytest.mark.parametrize(
    ("shown", "result", "words"),
    [
        (EXPIRED, "certificate-expired", "certificate has expired"),
        (ELSEWHERE, "certificate-host-mismatch", "hostname mismatch"),
        (UNKNOWN, "certificate-not-trusted", "self-signed certificate"),
        (None, "validation-failure", "TLS with"),
    ],
)
async def test_mta_sts_is_not_met(world: World, shown: Issued | None, result: str, words: str) -> None:
    world.show(shown)
    world.mta_sts()
    await world.delayed("4.7.5", words)
    assert world.results == [result]


async def test_mta_sts_and_starttls_stripped(world: World) -> None:
    world.strip()
    world.mta_sts()
    await world.delayed("4.7.10", "TLS is required")
    assert world.results == ["starttls-not-supported"]


async def test_a_host_that_the_policy_does_not_name(world: World) -> None:
    world.mta_sts(mx="other.r.test")
    await world.delayed("4.7.5", "none of its mx (other.r.test) is mx0.r.test")
    assert world.hop.stages == []
    assert world.results == ["validation-failure"]


@pytest.mark.parametrize("shown", [EXPIRED, UNKNOWN, None])
async def test_testing_reports_and_delivers(world: World, shown: Issued | None) -> None:
    world.show(shown)
    world.mta_sts("testing")
    await world.send()
    assert world.hop.letters == [MESSAGE]
    [noted] = world.noted
    assert (noted.kind, noted.failed) == (PolicyKind.STS, True)


async def test_testing_and_starttls_stripped(world: World) -> None:
    world.strip()
    world.mta_sts("testing")
    await world.send()
    assert world.hop.letters == [MESSAGE]
    assert world.results == ["starttls-not-supported"]


async def test_testing_and_a_host_that_is_not_named(world: World) -> None:
    world.mta_sts("testing", mx="other.r.test")
    await world.send()
    assert world.hop.letters == [MESSAGE]
    assert world.results == ["validation-failure"]


async def test_an_expired_policy_demands_nothing(world: World) -> None:
    world.strip()
    world.mta_sts()
    await world.delayed("4.7.10", "TLS is required")
    world.web.says = response(b"", "404 Gone")
    world.office.clock.advance(8 * 86_400)
    await world.office.until(lambda: world.office.inbox(world.office.bob))  # the first message's life is over
    world.noted.clear()
    await world.send()
    assert world.hop.letters == [MESSAGE]


async def test_dane_comes_before_mta_sts(world: World) -> None:
    world.show(EXPIRED)
    world.mta_sts(mx="other.r.test")
    world.dane(EXPIRED.tlsa())
    await world.send()
    assert world.hop.letters == [MESSAGE]
    assert world.web.requests == []


async def test_mta_sts_does_not_make_up_for_dane(world: World) -> None:
    world.mta_sts()
    world.dane(UNKNOWN.tlsa())
    await world.delayed("4.7.5", "in none of the TLSA records")


# ------------------------------------------------------------------------------------------- what nothing demands, and who does


async def test_without_a_policy_tls_is_opportunistic(world: World) -> None:
    world.show(UNKNOWN)
    hop = await world.send()
    assert world.hop.letters == [MESSAGE]
    assert ("security of mx0.r.test", "TLS if offered") in decisions(hop)
    [noted] = world.noted
    assert (noted.kind, noted.failed) == (PolicyKind.NONE, False)


@pytest.mark.parametrize("how", ["stripped", "refused", "broken", "hung up"])
async def test_without_a_policy_mail_goes_in_the_clear_when_tls_does_not_work(world: World, how: str) -> None:
    if how == "stripped":
        world.strip()
    elif how == "refused":
        world.hop.prepare = lambda stage: stage.answers.update({StartTls: Reply.of(454, "4.7.0", "Not now")})
    elif how == "broken":
        world.show(None)
    else:
        world.hop.cut_before = lambda data: data.startswith(b"STARTTLS")
    hop = await world.send()
    assert world.hop.letters == [MESSAGE]
    assert secured(hop) is None
    assert world.results == ["validation-failure" if how == "broken" else "starttls-not-supported"]


@pytest.mark.parametrize(("shown", "goes"), [(GOOD, True), (UNKNOWN, False), (None, False)])
async def test_the_administrator_requires_proof_of_a_domain(
    world: World, shown: Issued | None, goes: bool
) -> None:
    world.show(shown)
    world.office.routes["r.test"] = Route("", tls=TlsUse.REQUIRED, verify=True)
    await world.send()
    assert (world.hop.letters == [MESSAGE]) is goes


@pytest.mark.filterwarnings("default:check_hostname")  # as it is outside of tests: then nothing is checked
@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize(("shown", "goes"), [(GOOD, False), (BY_ADDRESS, True)])
async def test_a_next_server_named_by_its_address_proves_that_address(
    world: World, shown: Issued, goes: bool, implicit: bool
) -> None:
    """Somebody else's certificate, good as it may be, is not his."""
    world.show(shown)
    hop = await NextHop(tls=shown.server(world.directory)).listen(wrapped=True) if implicit else world.hop
    tls = TlsUse.NEVER if implicit else TlsUse.REQUIRED
    world.office.routes["r.test"] = Route(hop.ip, hop.port, tls, implicit, verify=True)
    await world.send()
    assert (hop.letters == [MESSAGE]) is goes
    if implicit:
        await hop.close()


async def test_the_administrator_requires_tls_of_a_domain(world: World) -> None:
    world.show(UNKNOWN)
    world.office.routes["r.test"] = Route("", tls=TlsUse.REQUIRED)
    hop = await world.send()
    assert world.hop.letters == [MESSAGE]
    assert ("security of mx0.r.test", "TLS required") in decisions(hop)


async def test_many_messages_need_not_each_find_out(world: World) -> None:
    world.show(UNKNOWN)
    world.dane()
    await world.send()
    for _ in range(5):
        await world.send()
    assert len(world.hop.stages) == 1
    world.show(GOOD)
    world.office.clock.advance(3600)
    await world.office.idle()
    assert len(world.hop.letters) == 6


async def test_who_has_mended_it_need_not_wait(world: World) -> None:
    world.show(UNKNOWN)
    world.dane()
    await world.send()
    world.show(GOOD)
    await world.send()
    assert world.hop.letters == []
    world.relay.forget()
    await world.send()
    assert len(world.hop.letters) == 1


@pytest.mark.parametrize(
    ("recipient", "noted"), [("eve@b\u00fccher.test", ["xn--bcher-kva.test"]), ("eve@[127.0.0.1]", [])]
)
async def test_the_domain_that_reports_are_about(world: World, recipient: str, noted: list[str]) -> None:
    """RFC 8460 §4.4: in A-labels. An address has no domain."""
    zone = world.office.zone
    zone.exchangers["xn--bcher-kva.test"] = zone.exchangers["r.test"]
    world.office.start(world.relay)
    await world.office.accept(recipient, sender=BOB)

    async def come() -> bool:
        return bool(world.hop.letters)

    await world.office.until(come)
    assert [one.domain for one in world.noted] == noted
