"""REQUIRETLS and TLS-Required: No, to servers that can and that cannot do what the message asks for."""

from __future__ import annotations

import msgspec
import pytest

from authority import Issued
from guarded_hop import (
    ELSEWHERE,
    EXPIRED,
    GOOD,
    NAME,
    UNKNOWN,
    UNPROTECTED_MESSAGE,
    World,
    secured,
)
from postroom.message.envelope import Ret
from postroom.proto.dns.answer import Rcode
from sorting_office import MESSAGE, bounce_of


async def test_requiretls_over_dane(world: World) -> None:
    world.dane()
    await world.send(require_tls=True)
    [(envelope, _)] = world.hop.stages[0].letters
    assert envelope.require_tls


async def test_requiretls_over_mta_sts(world: World) -> None:
    world.mta_sts()
    await world.send(require_tls=True)
    [(envelope, _)] = world.hop.stages[0].letters
    assert envelope.require_tls


async def test_requiretls_over_secure_mx_and_a_good_certificate(world: World) -> None:
    world.office.zone.secure.add("*")
    await world.send(require_tls=True)
    assert len(world.hop.letters) == 1


async def test_requiretls_to_a_server_that_does_not_know_it(world: World) -> None:
    world.hop.settings = msgspec.structs.replace(world.hop.settings, withheld=frozenset({"REQUIRETLS"}))
    world.dane()
    report = await world.bounced("5.7.30", require_tls=True, ret=Ret.FULL)
    assert "REQUIRETLS support required" in report
    assert "Hello" not in report  # RFC 8689 §5: as if RET=HDRS had been said


@pytest.mark.parametrize("shown", [EXPIRED, ELSEWHERE, UNKNOWN, None])
async def test_requiretls_to_a_server_that_does_not_prove_who_it_is(
    world: World, shown: Issued | None
) -> None:
    world.show(shown)
    world.office.zone.secure.add("*")
    await world.bounced("5.7.10", require_tls=True)


async def test_requiretls_and_starttls_stripped(world: World) -> None:
    world.strip()
    world.office.zone.secure.add("*")
    await world.bounced("5.7.10", require_tls=True)


async def test_requiretls_and_a_host_that_anybody_can_have_named(world: World) -> None:
    report = await world.bounced("5.7.10", require_tls=True)
    assert "nothing proves that mx0.r.test is a server of r.test" in report
    assert world.hop.stages == []


async def test_requiretls_and_nobody_there(world: World) -> None:
    """What can pass is no reason to return a message."""
    world.dane()
    await world.hop.close()
    await world.send(require_tls=True)
    assert await world.office.waiting() == [("r.test", ["eve@r.test"])]


async def test_a_connection_without_proof_does_not_carry_requiretls(world: World) -> None:
    world.show(UNKNOWN)
    await world.send()
    await world.send(require_tls=True)
    [report] = await world.office.inbox(world.office.bob)
    assert "Status: 5.7.10" in bounce_of(report)
    assert world.hop.letters == [MESSAGE]


async def test_a_proven_connection_carries_both(world: World) -> None:
    world.dane()
    for require_tls in (False, True, False):
        await world.send(require_tls=require_tls)
        await world.office.idle()
    assert len(world.hop.stages) == 1
    assert [envelope.require_tls for envelope, _ in world.hop.stages[0].letters] == [False, True, False]


# ------------------------------------------------------------------------------------------------------ TLS-Required: No


@pytest.mark.parametrize("how", ["unknown", "broken", "stripped", "bogus", "not named"])
async def test_tls_required_no_goes_all_the_same(world: World, how: str) -> None:
    if how == "not named":
        world.mta_sts(mx="other.r.test")
    else:
        world.dane()
    if how == "stripped":
        world.strip()
    elif how == "bogus":
        world.office.zone.tlsas[NAME] = Rcode.SERVFAIL
    else:
        world.show({"unknown": UNKNOWN, "broken": None, "not named": GOOD}[how])
    await world.send(content=UNPROTECTED_MESSAGE)
    assert world.hop.letters == [UNPROTECTED_MESSAGE]


async def test_it_goes_also_while_other_mail_waits(world: World) -> None:
    world.show(UNKNOWN)
    world.dane()
    await world.delayed("4.7.5", "in none of the TLSA records")
    await world.send(content=UNPROTECTED_MESSAGE)
    assert world.hop.letters == [UNPROTECTED_MESSAGE]


@pytest.mark.parametrize("how", ["unknown", "bogus", "not named"])
async def test_its_connection_carries_nothing_else(world: World, how: str) -> None:
    """What nobody else may be sent to is no better for being connected already."""
    if how == "not named":
        world.mta_sts(mx="other.r.test")
    else:
        world.show(UNKNOWN)
        world.dane()
    if how == "bogus":
        world.office.zone.tlsas[NAME] = Rcode.SERVFAIL
    await world.send(content=UNPROTECTED_MESSAGE)
    await world.send()
    assert world.hop.letters == [UNPROTECTED_MESSAGE]
    assert await world.office.waiting() == [("r.test", ["eve@r.test"])]


async def test_beside_requiretls_the_field_means_nothing(world: World) -> None:
    world.show(UNKNOWN)
    world.dane()
    await world.bounced("5.7.10", require_tls=True, content=UNPROTECTED_MESSAGE)


async def test_where_the_policy_is_met_it_changes_nothing(world: World) -> None:
    world.dane()
    hop = await world.send(content=UNPROTECTED_MESSAGE)
    shown = secured(hop)
    assert shown is not None
    assert shown.verified


@pytest.mark.parametrize("met", [True, False])
async def test_its_session_is_in_no_report(world: World, met: bool) -> None:
    """Reports on failed TLS say TLS-Required: No themselves (RFC 8460 §3), and would be reported on for ever."""
    if not met:
        world.show(UNKNOWN)
    world.dane()
    await world.send(content=UNPROTECTED_MESSAGE)
    assert world.hop.letters == [UNPROTECTED_MESSAGE]
    assert world.noted == []
