"""Which TLSA records are asked for and believed: what is secure, what is not, and what nobody can tell."""

from __future__ import annotations

import pytest

from postroom.deliver.mx import Target
from postroom.deliver.tls.dane import Dane, Found, look_up
from postroom.message.journey.events import Asked, JourneyEvent
from postroom.proto.dns.answer import Rcode, Tlsa
from sorting_office import Zone

RECORD = Tlsa(3, 1, 1, bytes(32))
HOST, NAME = "mail.r.test", "_25._tcp.mail.r.test"
SECURE = Target(HOST, "192.0.2.1", mx_secure=True, secure=True)
INSECURE = Target(HOST, "192.0.2.1", mx_secure=True)
ALIAS = Target(HOST, "192.0.2.1", mx_secure=True, secure=True, canonical="real.test")


def zone(*secure: str) -> Zone:
    made = Zone()
    made.hosts[HOST] = ["192.0.2.1"]
    made.tlsas[NAME] = [RECORD]
    made.secure.update(secure or "*")
    return made


async def ask(resolver: Zone, target: Target, events: list[JourneyEvent] | None = None) -> Dane:
    record = [].append if events is None else events.append
    return await look_up(resolver, target, 25, record, lambda: 0)


async def test_records_that_everything_secure_leads_to() -> None:
    events: list[JourneyEvent] = []
    dane = await ask(zone(), SECURE, events)
    assert (dane.found, dane.base, dane.records) == (Found.RECORDS, HOST, (RECORD,))
    assert dane.lines == ("3 1 1 " + "00" * 32,)
    assert [event.name for event in events if isinstance(event, Asked)] == [NAME]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (Target("", "192.0.2.1"), "address literal"),
        (Target(HOST, "192.0.2.1", secure=True), "does not cover the MX records"),
        (INSECURE, "does not cover the addresses"),
    ],
)
async def test_what_is_not_secure_has_no_records(target: Target, why: str) -> None:
    resolver = zone()
    resolver.secure.clear()
    dane = await ask(resolver, target)
    assert dane.found is Found.NONE
    assert why in dane.because
    assert resolver.asked == []


async def test_records_that_are_not_secure_do_not_count() -> None:
    assert (await ask(zone(HOST), SECURE)).found is Found.NONE


async def test_no_records() -> None:
    resolver = zone()
    del resolver.tlsas[NAME]
    assert (await ask(resolver, SECURE)).found is Found.NONE


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.TIMEOUT, Rcode.REFUSED, Rcode.UNREACHABLE])
async def test_a_failure_is_no_absence(rcode: Rcode) -> None:
    """RFC 7672 §2.1.1: what a forger can cause must not switch DANE off."""
    resolver = zone()
    resolver.tlsas[NAME] = rcode
    dane = await ask(resolver, SECURE)
    assert dane.found is Found.FAILED
    assert rcode.value in dane.because


@pytest.mark.parametrize("family", ["A", "AAAA"])
async def test_addresses_that_fail_for_one_family_do_not_switch_it_off(family: str) -> None:
    resolver = zone()
    resolver.hosts[f"{HOST} {family}"] = Rcode.SERVFAIL
    assert (await ask(resolver, INSECURE)).found is Found.FAILED


async def test_records_that_cannot_be_used() -> None:
    resolver = zone()
    resolver.tlsas[NAME] = [Tlsa(1, 1, 1, bytes(32))]
    dane = await ask(resolver, SECURE)
    assert (dane.found, dane.records) == (Found.UNUSABLE, ())
    assert "usage 1" in dane.because


async def test_the_end_of_an_alias_comes_first() -> None:
    resolver = zone()
    resolver.tlsas["_25._tcp.real.test"] = [RECORD]
    assert (await ask(resolver, ALIAS)).base == "real.test"


async def test_then_the_alias_itself() -> None:
    resolver = zone()
    assert (await ask(resolver, ALIAS)).base == HOST
    assert resolver.asked == ["_25._tcp.real.test", NAME]


async def test_an_alias_that_leads_out_of_what_is_secure() -> None:
    """RFC 7672 §2.1.3: the name itself can have records, where its own zone is signed."""
    resolver = zone(HOST, NAME)
    resolver.aliases[HOST] = "real.test"
    resolver.hosts["real.test"] = ["192.0.2.1"]
    target = Target(HOST, "192.0.2.1", mx_secure=True, canonical="real.test")
    assert (await ask(resolver, target)).base == HOST
    assert resolver.asked == [NAME]
    resolver.secure.discard(HOST)
    assert (await ask(resolver, target)).found is Found.NONE
